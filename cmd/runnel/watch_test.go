package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestWatch: a folder is another when what is in its sources is, and not when a
// build has made something or a file was saved as it was.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	save := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	save("main.go", "package main")
	save("src/a.rs", "fn a() {}")
	var w watch
	before := w.content(dir, filepath.Join(dir, "pipeline.yaml"))
	for _, c := range []struct {
		name    string
		do      func()
		another bool
	}{
		{"nothing", func() {}, false},
		{"saved as it was", func() { save("main.go", "package main") }, false},
		{"a module was built", func() { save("mine.wasm", "\x00asm") }, false},
		{"what compilers leave", func() { save("target/release/x", "1"); save("node_modules/x.js", "1"); save(".git/HEAD", "1") }, false},
		{"the pipeline", func() { save("pipeline.yaml", "name: mine") }, false},
		{"changed, of equal length", func() { save("main.go", "package mail") }, true},
		{"a new file below", func() { save("src/b.rs", "") }, true},
		{"gone", func() { os.Remove(filepath.Join(dir, "src/a.rs")) }, true},
		{"the folder is gone", func() { os.RemoveAll(dir) }, true},
	} {
		later := time.Now().Add(time.Second) // where a file system's clock is coarse
		c.do()
		_ = os.Chtimes(filepath.Join(dir, "main.go"), later, later)
		now := w.content(dir, filepath.Join(dir, "pipeline.yaml"))
		if (now != before) != c.another {
			t.Errorf("%s: another is %v, want %v", c.name, now != before, c.another)
		}
		before = now
	}
}

func TestNewer(t *testing.T) {
	dir := t.TempDir()
	module, source := filepath.Join(dir, "m.wasm"), filepath.Join(dir, "m.c")
	for _, path := range []string{module, source} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		after time.Duration
		want  bool
	}{{"built after it was saved", -time.Minute, false}, {"saved since it was built", time.Minute, true}} {
		at := time.Now().Add(c.after)
		if err := os.Chtimes(source, at, at); err != nil {
			t.Fatal(err)
		}
		if got := newer(dir, module); got != c.want {
			t.Errorf("%s: newer is %v", c.name, got)
		}
	}
	if !newer(dir, filepath.Join(dir, "none.wasm")) {
		t.Error("a module that is not there is to be built")
	}
}
