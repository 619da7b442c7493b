// Command probe is a guest that does as its invocation says: one thing of those
// below, by the param "do". It is built as a reactor and as a command.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"
)

type invocation struct {
	Event struct {
		Data json.RawMessage `json:"data"`
	} `json:"event"`
	Params struct {
		Do  string `json:"do"`
		Arg string `json:"arg"`
		N   int    `json:"n"` // 64 bits, on every machine
	} `json:"params"`
}

var calls int

func main() { os.Exit(do()) }

func do() int {
	b, err := io.ReadAll(os.Stdin)
	if err != nil {
		return fail(err)
	}
	var in invocation
	if err := json.Unmarshal(b, &in); err != nil {
		return fail(err)
	}
	things := map[string]func(invocation) (any, error){
		"nothing":  func(invocation) (any, error) { return nil, nil },
		"say":      func(in invocation) (any, error) { return json.RawMessage(in.Params.Arg), nil },
		"notes":    notes,
		"read":     read,
		"write":    write,
		"ask":      ask,
		"copy":     copyDataset,
		"flood":    flood,
		"files":    files,
		"deep":     deep,
		"open":     open,
		"grow":     grow,
		"sealed":   sealed,
		"names":    names,
		"forge":    forge,
		"seek":     seek,
		"renumber": renumber,
		"spin":     spin,
		"sleep":    sleep,
		"stderr":   stderr,
		"exit":     func(in invocation) (any, error) { os.Exit(in.Params.N); return nil, nil },
		"panic":    func(in invocation) (any, error) { panic(in.Params.Arg) },
		"long":     func(in invocation) (any, error) { return answer(strings.Repeat("x", in.Params.N)), nil },
	}
	do := things[in.Params.Do]
	if do == nil {
		return fail(fmt.Errorf("the probe cannot %q", in.Params.Do))
	}
	out, err := do(in)
	if err != nil {
		return fail(err)
	}
	if out == nil {
		return 0
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		return fail(err)
	}
	return 0
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func answer(notes ...string) any { return map[string]any{"notes": notes} }

// notes tells what a guest sees of the world.
func notes(invocation) (any, error) {
	var list []string
	names, err := os.ReadDir("/")
	for _, n := range names {
		list = append(list, n.Name())
	}
	random := make([]byte, 8)
	if _, rerr := io.ReadFull(source{}, random); rerr != nil {
		return nil, rerr
	}
	return answer(
		fmt.Sprint("args ", os.Args), fmt.Sprint("environment ", os.Environ()), fmt.Sprint("time ", time.Now().UTC().Format(time.RFC3339Nano)),
		fmt.Sprint("root ", list, err), fmt.Sprintf("random %x", random), fmt.Sprint("call ", calls),
	), nil
}

// read reads a file, or says why not.
func read(in invocation) (any, error) {
	var list []string
	for name := range strings.SplitSeq(in.Params.Arg, " ") {
		b, err := os.ReadFile(name)
		list = append(list, fmt.Sprintf("%s: %.200q %v", name, b, err))
	}
	return answer(list...), nil
}

// write writes N bytes to a file in pieces of a mebibyte.
func write(in invocation) (any, error) {
	f, err := os.Create(in.Params.Arg)
	if err != nil {
		return answer(err.Error()), nil
	}
	defer f.Close()
	piece := make([]byte, 1<<20)
	for left := in.Params.N; left > 0; left -= len(piece) {
		if n, err := f.Write(piece[:min(left, len(piece))]); err != nil {
			return answer(fmt.Sprint(in.Params.N-left+n, " bytes: ", err)), nil
		}
	}
	return answer("all was written"), nil
}

// ask writes lines to /host and notes the answers.
func ask(in invocation) (any, error) {
	f, err := os.OpenFile("/host", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []string
	r := bufio.NewReader(f)
	for line := range strings.SplitSeq(in.Params.Arg, "\n") {
		if n := in.Params.N; n > 0 {
			line = strings.ReplaceAll(line, "LONG", strings.Repeat("x", n))
		}
		if _, err := io.WriteString(f, line+"\n"); err != nil {
			return nil, err
		}
		reply, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		list = append(list, strings.TrimSpace(reply))
	}
	return answer(list...), nil
}

// copyDataset is the smallest useful step.
func copyDataset(in invocation) (any, error) {
	b, err := os.ReadFile("/in/dataset.columns")
	if err != nil {
		return nil, err
	}
	if split, err := os.ReadFile("/in/dataset.split"); err == nil && in.Params.Arg == "split" {
		if err := os.WriteFile("/out/dataset.split", split[:len(split)-in.Params.N], 0o600); err != nil {
			return nil, err
		}
	}
	return nil, os.WriteFile("/out/dataset.columns", b, 0o600)
}

// flood answers with N events.
func flood(in invocation) (any, error) {
	event := map[string]any{"type": "dataset.explored", "data": map[string]any{}}
	list := make([]any, in.Params.N)
	for i := range list {
		list[i] = event
	}
	return map[string]any{"events": list}, nil
}

// files makes N files.
func files(in invocation) (any, error) {
	for i := range in.Params.N {
		if err := os.WriteFile(fmt.Sprintf("/out/%d", i), nil, 0o600); err != nil {
			return answer(fmt.Sprint(i, " files: ", err)), nil
		}
	}
	return answer("all were made"), nil
}

// deep makes a folder in a folder in a folder.
func deep(in invocation) (any, error) {
	path := "/out"
	for i := range in.Params.N {
		path += "/d"
		if err := os.Mkdir(path, 0o700); err != nil {
			return answer(fmt.Sprint(i, " folders: ", err)), nil
		}
	}
	return answer("all were made"), nil
}

// open opens a file N times.
func open(in invocation) (any, error) {
	for i := range in.Params.N {
		if _, err := os.OpenFile(in.Params.Arg, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
			return answer(fmt.Sprint(i, " times: ", err)), nil
		}
	}
	return answer("all were opened"), nil
}

var kept [][]byte

// grow takes N mebibytes of memory.
func grow(in invocation) (any, error) {
	for range in.Params.N {
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		kept = append(kept, b)
	}
	return answer("all was taken"), nil
}

// sealed writes to a file that was handed over, by a descriptor from before and
// by its name; then it replaces it.
func sealed(invocation) (any, error) {
	f, err := os.Create("/out/a")
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteString("first"); err != nil {
		return nil, err
	}
	host, err := os.OpenFile("/host", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(host, `{"put": {"file": "/out/a"}}`+"\n"); err != nil {
		return nil, err
	}
	_, err1 := f.WriteString("second")
	err2 := f.Truncate(0)
	_, err3 := os.OpenFile("/out/a", os.O_WRONLY, 0)
	_, err4 := os.OpenFile("/out/a", os.O_RDWR|os.O_TRUNC, 0)
	b, err5 := os.ReadFile("/out/a")
	return answer(fmt.Sprint(err1), fmt.Sprint(err2), fmt.Sprint(err3), fmt.Sprint(err4), fmt.Sprintf("%q %v", b, err5)), nil
}

// names does what can be done to names.
func names(invocation) (any, error) {
	if err := os.WriteFile("/out/a", []byte("a"), 0o600); err != nil {
		return nil, err
	}
	if err := os.MkdirAll("/out/d/e", 0o700); err != nil {
		return nil, err
	}
	var list []string
	why := func(err error) string {
		var errno syscall.Errno
		if errors.As(err, &errno) {
			return errno.Error()
		}
		return fmt.Sprint(err)
	}
	two := func(what string, f func(string, string) error, a, b string) {
		list = append(list, fmt.Sprintf("%s %s %s: %s", what, a, b, why(f(a, b))))
	}
	one := func(what string, f func(string) error, a string) {
		list = append(list, fmt.Sprintf("%s %s: %s", what, a, why(f(a))))
	}
	mkdir := func(name string) error { return os.Mkdir(name, 0o700) }
	two("symlink", os.Symlink, "/etc/passwd", "/out/link")
	two("symlink", os.Symlink, "../../etc", "/out/folder")
	two("link", os.Link, "/out/a", "/out/b")
	two("rename", os.Rename, "/out/a", "/b")
	two("rename", os.Rename, "/out/a", "/in/a")
	two("rename", syscall.Rename, "/out/a", "/out/../../a")
	two("rename", os.Rename, "/out/d", "/out/d/e/f")
	two("rename", os.Rename, "/out/a", "/out/moved")
	one("remove", syscall.Rmdir, "/out/d")
	one("remove", syscall.Rmdir, "/in")
	one("remove", syscall.Unlink, "/host")
	one("mkdir", mkdir, "/new")
	one("mkdir", mkdir, "/in/new")
	one("create", func(name string) error { _, err := os.Create(name); return err }, "/in/new")
	one("list", func(name string) error { _, err := os.ReadDir(name); return err }, "/in")
	entries, err := os.ReadDir("/out")
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	return answer(append(list, fmt.Sprintf("list /out: %v %v", left, err))...), nil
}

// forge stores a file of the first line's content, by the request that follows,
// and reads it, and the digest that stands in it.
func forge(in invocation) (any, error) {
	content, request, _ := strings.Cut(in.Params.Arg, "\n")
	if err := os.WriteFile("/out/list", []byte(content), 0o600); err != nil {
		return nil, err
	}
	in.Params.Arg, in.Params.N = request, 0
	asked, err := ask(in)
	if err != nil {
		return nil, err
	}
	reply := asked.(map[string]any)["notes"].([]string)[0]
	digest := func(s string) string { return s[strings.Index(s, "sha256:"):][:71] }
	list := []string{reply}
	for _, d := range []string{digest(reply), digest(content)} {
		b, err := os.ReadFile("/in/" + d)
		list = append(list, fmt.Sprintf("%s: %.20q %v", d, b, err))
	}
	return answer(list...), nil
}

// seek writes a byte far behind the beginning of a file.
func seek(in invocation) (any, error) {
	f, err := os.Create("/out/far")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_, err = f.WriteAt([]byte{1}, int64(in.Params.N))
	return answer(fmt.Sprint(err)), nil
}

// spin says that it begins, and does not end.
func spin(in invocation) (any, error) {
	in.Params.Arg = `{"progress": {"done": 1, "unit": "turns"}}`
	if _, err := ask(in); err != nil {
		return nil, err
	}
	n := 0
	for {
		n++
		if n < 0 {
			return n, nil
		}
	}
}

func sleep(in invocation) (any, error) {
	time.Sleep(time.Duration(in.Params.N) * time.Millisecond)
	return answer("slept"), nil
}

// stderr says N lines.
func stderr(in invocation) (any, error) {
	for i := range in.Params.N {
		fmt.Fprintln(os.Stderr, "line", i)
	}
	return nil, fs.ErrInvalid
}
