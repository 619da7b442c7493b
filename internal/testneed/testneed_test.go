package testneed_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/runnel-dev/runnel/internal/testneed"
)

func TestSkipIsCounted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "skips")
	t.Setenv(testneed.FileEnv, file)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			t.Run("lacks", func(t *testing.T) {
				testneed.Skip(t, "%s:\n  apt-get install %s", "a thing", "thing")
				t.Error("it went on")
			})
		})
	}
	all.Wait()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if len(lines) != 20 || !slices.Contains(lines, "a thing: apt-get install thing (TestSkipIsCounted/lacks)") {
		t.Errorf("%d lines:\n%s", len(lines), b)
	}
}

func TestLacking(t *testing.T) {
	file := filepath.Join(t.TempDir(), "skips")
	t.Setenv(testneed.FileEnv, file)
	t.Setenv("RUNNEL_TEST_PYTHON", filepath.Join(t.TempDir(), "python"))
	t.Run("program", func(t *testing.T) {
		testneed.Program(t, "no-such-program", "nowhere to be had")
		t.Error("it went on")
	})
	t.Run("python", func(t *testing.T) {
		testneed.Python(t, "boto3")
		t.Error("it went on")
	})
	b, err := os.ReadFile(file)
	if s := string(b); err != nil || !strings.Contains(s, "no-such-program: nowhere to be had (") || !strings.Contains(s, "Python's boto3: scripts/venv (") {
		t.Error(err, s)
	}
}

func TestThere(t *testing.T) {
	if testneed.Program(t, "go", "https://go.dev/doc/install") == "" {
		t.Error("no path")
	}
}
