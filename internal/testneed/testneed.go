// Package testneed skips tests for what a machine lacks, so that it is counted
// and not overlooked: scripts/test ends with the list of what was skipped and
// how to put it right.
package testneed

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// FileEnv names the file that Skip appends a line to. scripts/test gives it
// another name each time: a test that skips has read it, so go test does not
// take its result from the cache, and one that does not skip is none the wiser.
const FileEnv = "RUNNEL_TEST_SKIPS"

// Skip ends the test for something that the machine lacks. The text says what,
// and how to get it: "strace: apt-get install strace".
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	why := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")
	if name := os.Getenv(FileEnv); name != "" {
		if err := note(name, why+" ("+t.Name()+")\n"); err != nil {
			t.Fatalf("a skip that cannot be counted: %v", err)
		}
	}
	t.Skip("SKIP-COUNTED: " + why)
}

// note appends a line in one write, so that the lines of tests that run at once
// do not mix.
func note(name, line string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return cmp.Or(err, f.Close())
}

// Program gives the path of a program, and skips where there is none; get says
// how to get it.
func Program(t testing.TB, name, get string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Skip(t, "%s: %s", name, get)
	}
	return path
}

// Python gives a Python that has the modules, and skips where there is none:
// that of RUNNEL_TEST_PYTHON, else that of scripts/venv, else python3.
func Python(t testing.TB, modules ...string) string {
	t.Helper()
	python := cmp.Or(os.Getenv("RUNNEL_TEST_PYTHON"), venv(), "python3")
	for _, m := range modules {
		if out, err := exec.Command(python, "-c", "import "+m).CombinedOutput(); err != nil {
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			Skip(t, "Python's %s: scripts/venv (%s: %v: %s)", m, python, err, lines[len(lines)-1])
		}
	}
	return python
}

// venv is the interpreter that scripts/venv makes at the top of the module; ""
// where it has not.
func venv() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			python := filepath.Join(dir, ".venv", "bin", "python")
			if _, err := os.Stat(python); err == nil {
				return python
			}
			return ""
		}
		dir = filepath.Dir(dir)
	}
	return ""
}
