package jetstream_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events/bus/jetstream"
)

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, nil)
	if second, err := jetstream.Open(t.Context(), dir, nil); err == nil {
		second.Close()
		t.Error("opened twice")
	} else if !strings.Contains(err.Error(), "another process") || !strings.Contains(err.Error(), dir) {
		t.Error(err)
	}
	publishAll(t, b, "still works")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir, nil).Close(); err != nil {
		t.Error(err)
	}
}

func TestDirectoryIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "bus")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	defer open(t, dir, nil).Close()
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o700 {
		t.Errorf("mode %o", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dir  string
		opts jetstream.Options
	}{
		"a file":           {dir: file},
		"a bad name":       {dir: t.TempDir(), opts: jetstream.Options{Stream: "a.b"}},
		"a negative limit": {dir: t.TempDir(), opts: jetstream.Options{MaxBytes: -1}},
	} {
		if b, err := jetstream.Open(t.Context(), c.dir, &c.opts); err == nil {
			b.Close()
			t.Errorf("%s: opened", name)
		}
	}
}

// Opening takes no time that a user would notice, with events in it too.
func TestOpenIsFast(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, nil)
	receive(t, b, "all")
	var ids []string
	for i := range 200 {
		ids = append(ids, fmt.Sprint(i))
	}
	publishAll(t, b, ids...)
	b.Close()
	best := time.Hour
	for range 5 { // other work on the machine slows some
		start := time.Now()
		b := open(t, dir, nil)
		best = min(best, time.Since(start))
		b.Close()
	}
	if best > time.Second { // it takes a tenth of that; the machine may be busy
		t.Errorf("it took %v", best)
	}
}
