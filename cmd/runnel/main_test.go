package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the commands print into the scripts")

// TestMain makes this test's program the command runnel of the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"runnel": main})
}

// TestScripts runs the shell sessions in testdata.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("DOCS", root)
			env.Setenv("EXAMPLES", filepath.Join(root, "examples"))
			env.Setenv("NO_COLOR", "1")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"json":    jsonCommand,
			"exits":   exitsCommand,
			"until":   untilCommand,
			"console": consoleCommand,
			"nats":    natsCommand,
			"built":   builtCommand,
			"program": programCommand,
		},
	})
}

// exitsCommand runs a command that has to end with a code: exits CODE COMMAND...
func exitsCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("%s exits %d, want %s", strings.Join(args[1:], " "), code, args[0])
	}
}

// untilCommand runs a command again and again until what it prints matches:
// until REGEXP COMMAND...
func untilCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP COMMAND...")
	}
	want, err := regexp.Compile(args[0])
	ts.Check(err)
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ts.Exec(args[1], args[2:]...) == nil && want.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("%s did not print %s within three minutes", strings.Join(args[1:], " "), args[0])
}

// consoleCommand makes a shell script of the commands in a document, the lines
// of its console blocks that begin with a $: console DOCUMENT SCRIPT
func consoleCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: console DOCUMENT SCRIPT")
	}
	var b strings.Builder
	b.WriteString("trap 'code=$?; kill $(jobs -p) 2>/dev/null || true; wait; exit $code' EXIT\naddress() { sed -n 's/.*\"http\": \"\\(.*\\)\".*/\\1/p' .runnel/node.json; }\n")
	commands := 0
	for i, block := range strings.Split(ts.ReadFile(args[0]), "```") {
		text, console := strings.CutPrefix(block, "console\n")
		if i%2 == 0 || !console {
			continue
		}
		for line := range strings.Lines(text) {
			command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ ")
			if !ok {
				continue
			}
			commands++
			b.WriteString(strings.ReplaceAll(command, "127.0.0.1:7070", "$(address)") + "\n")
			if strings.HasSuffix(command, "&") {
				b.WriteString("until [ -e .runnel/node.json ]; do sleep 0.05; done\n")
			}
		}
	}
	if commands == 0 {
		ts.Fatalf("%s has no commands in console blocks", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o600))
}

// jsonCommand checks the JSON that the last command printed, which has to be
// one value:
//
//	json a.b.0           there is such a value
//	! json a.b           there is none
//	json a.length 3      of three elements
//	json a.b text        the value, as JSON or as text
//	json a.b >0.9        a number above
//	json -set NAME a.b   the value becomes the variable NAME
//	json -write FILE a   the value becomes a file
func jsonCommand(ts *testscript.TestScript, neg bool, args []string) {
	d := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	d.UseNumber()
	var v any
	ts.Check(d.Decode(&v))
	if _, err := d.Token(); err != io.EOF {
		ts.Fatalf("there is more than one JSON value")
	}
	variable, file := "", ""
	if len(args) == 3 && args[0] == "-set" {
		variable, args = args[1], args[2:]
	}
	if len(args) == 3 && args[0] == "-write" {
		file, args = ts.MkAbs(args[1]), args[2:]
	}
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: json [-set NAME] PATH [VALUE]")
	}
	v, there := at(v, args[0])
	switch {
	case neg && len(args) == 1:
		if there {
			ts.Fatalf("there is a %s: %v", args[0], v)
		}
		return
	case !there:
		ts.Fatalf("there is no %s", args[0])
	case variable != "":
		ts.Setenv(variable, fmt.Sprint(v))
	case file != "":
		b, err := json.Marshal(v)
		ts.Check(err)
		ts.Check(os.WriteFile(file, b, 0o600))
	case len(args) == 2 && neg == holds(ts, v, args[1]):
		ts.Fatalf("%s is %v", args[0], v)
	}
}

// at walks a path into a JSON value; length is the number of a list's elements.
func at(v any, path string) (any, bool) {
	for _, name := range strings.Split(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			var ok bool
			if v, ok = in[name]; !ok {
				return nil, false
			}
		case []any:
			if name == "length" {
				v = json.Number(strconv.Itoa(len(in)))
				continue
			}
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(in) {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, true
}

func holds(ts *testscript.TestScript, v any, want string) bool {
	if limit, ok := strings.CutPrefix(want, ">"); ok {
		least, err := strconv.ParseFloat(limit, 64)
		ts.Check(err)
		x, err := strconv.ParseFloat(fmt.Sprint(v), 64)
		ts.Check(err)
		return x > least
	}
	return fmt.Sprint(v) == want
}
