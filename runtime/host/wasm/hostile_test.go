package wasm

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
)

func sessionOf(t *testing.T, h *Host) *session {
	fn := probe("probe")
	return h.newSession(t.Context(), fn, invocationOf(t, fn, events.DatasetIngestedData{}, nil), steptest.New(t))
}

// TestHandsOver: what a call hands over has an end, though a guest takes the
// files away and makes others.
func TestHandsOver(t *testing.T) {
	s := sessionOf(t, &Host{out: 1000})
	for i, want := range []bool{true, true, true, false, true} {
		size := []int64{400, 400, 100, 101, 100}[i]
		res := s.Put(abi.Put{File: "/out/a"}, size, bytes.NewReader(make([]byte, size)))
		if got := res.Error == nil; got != want {
			t.Errorf("put %d: %+v", i, res)
		}
	}
	s = sessionOf(t, &Host{out: 1 << 30})
	for range abi.MaxFiles {
		if res := s.Put(abi.Put{File: "/out/a"}, 0, strings.NewReader("")); res.Error != nil {
			t.Fatal(res.Error)
		}
	}
	if res := s.Put(abi.Put{File: "/out/a"}, 0, strings.NewReader("")); res.Error == nil || !strings.Contains(res.Error.Message, "at most 10000 artifacts") {
		t.Errorf("one more: %+v", res)
	}
}

// zeros is a file without end that takes no room in the guest.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestTableMemory: this process takes no memory for what a guest says is a table
// of gigabytes and does not begin as one.
func TestTableMemory(t *testing.T) {
	s := sessionOf(t, &Host{out: abi.MaxOut, large: make(chan struct{}, 1)})
	short := binary.LittleEndian.AppendUint64([]byte("runnel\x00\x01"), 1000)
	for _, begin := range []string{"", string(short)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		res := s.Put(abi.Put{File: "/out/a", Table: true}, 2<<30, io.MultiReader(strings.NewReader(begin), zeros{}))
		runtime.ReadMemStats(&after)
		if res.Error == nil || res.Error.Class != step.ClassPermanent {
			t.Errorf("%q: %+v", begin, res)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
			t.Errorf("%q: %d MiB were taken", begin, took>>20)
		}
	}
}

// TestOneLargeTable: of large tables one is in memory, and who waits for it does
// not wait beyond its time.
func TestOneLargeTable(t *testing.T) {
	h := &Host{out: abi.MaxOut, large: make(chan struct{}, 1)}
	h.large <- struct{}{}
	s := sessionOf(t, h)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	s.ctx = ctx
	if res := s.Put(abi.Put{File: "/out/a", Table: true}, largeTable+1, zeros{}); res.Error == nil || res.Error.Class != step.ClassTimeout {
		t.Errorf("%+v", res)
	}
}

// TestBrokenCache: compiled code that is broken, or has no room, is done without.
func TestBrokenCache(t *testing.T) {
	modes(t, Options{Modules: made{"probe": reactor(i32Const, 0).bytes()}}, func(t *testing.T, h *Host) {
		in := h.inProcess
		dir := filepath.Join(t.TempDir(), "cache")
		again := func() *Host { return open(t, &Options{Modules: h.modules, InProcess: in, CacheDir: dir}) }
		if _, err := do(t, again(), "probe", steptest.New(t), probeParams{}); err != nil {
			t.Fatal(err)
		}
		broken := 0
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				b, rerr := os.ReadFile(path)
				broken++
				err = errors.Join(rerr, os.WriteFile(path, b[:len(b)/2], 0o600))
			}
			return err
		})
		if err != nil || broken == 0 {
			t.Fatalf("%d files were broken, %v", broken, err)
		}
		if _, err := do(t, again(), "probe", steptest.New(t), probeParams{}); err != nil {
			t.Errorf("broken code: %v", err)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := do(t, again(), "probe", steptest.New(t), probeParams{}); step.ClassOf(err) != step.ClassRetryable {
			t.Errorf("a folder that others can read, which is no fault of the module: %v", err)
		}
	})
}

// TestClosed: a call after the end of the host does not wait for a worker.
func TestClosed(t *testing.T) {
	h := open(t, nil)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := do(t, h, "probe", steptest.New(t), probeParams{})
		ended <- err
	}()
	select {
	case err := <-ended:
		if step.ClassOf(err) != step.ClassRetryable {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the call waits")
	}
}

// TestOpenTables: this process does not hold all the tables that a guest cares to open.
func TestOpenTables(t *testing.T) {
	s := sessionOf(t, &Host{})
	tbl := &table.Table{Columns: []*table.Column{table.IntColumn("n", []int64{1, 2})}}
	first, err := s.keep("first", tbl)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.open(s.tables["first"]); err != nil {
		t.Fatal(err)
	}
	s.held = maxTable // as if it were that large
	s.tables["first"].size = maxTable
	if _, err := s.keep("second", tbl); step.ClassOf(err) != step.ClassPermanent || !strings.Contains(err.Error(), "close those that were read") {
		t.Errorf("%v", err)
	}
	first.Close()
	first.Close()
	if _, err := s.keep("second", tbl); err != nil || s.held != tbl.Bytes() {
		t.Errorf("%v, %d bytes are held", err, s.held)
	}
}

// TestManifest: a manifest that says less than there is does not fill the memory.
func TestManifest(t *testing.T) {
	env := steptest.New(t)
	d := small(t, env)
	var m step.Manifest
	b, err := step.ReadAll(t.Context(), env, d.Manifest, 1<<20)
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	parts := m.Parts
	for _, change := range []func(){
		func() { m.Parts = append(parts, parts...) },
		func() { m.Parts, m.Rows = parts, -1 },
		func() { m.Rows = 1 << 60 },
	} {
		change()
		d.Manifest = env.PutJSON(t, events.MediaDataset, m)
		fn := probe("probe")
		s := (&Host{}).newSession(t.Context(), fn, invocationOf(t, fn, events.DatasetIngestedData{Dataset: d}, nil), env)
		if _, err := s.Open(abi.DatasetFile); step.ClassOf(err) != step.ClassPermanent {
			t.Errorf("%d parts, %d rows: %v", len(m.Parts), m.Rows, err)
		}
	}
}

// TestShare: guests of one module that do not end leave workers to the others.
func TestShare(t *testing.T) {
	h := open(t, &Options{Workers: 4})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended, env := make(chan error), steptest.New(t)
	for range 4 {
		go func() {
			fn := probe("probe")
			_, err := h.Run(ctx, fn, invocationOf(t, fn, events.DatasetIngestedData{}, probeParams{Do: "spin"}), env)
			ended <- err
		}()
	}
	for len(env.Reported()) < 2 { // they have their share of the workers
		time.Sleep(time.Millisecond)
	}
	soon, done := context.WithTimeout(t.Context(), 30*time.Second)
	defer done()
	fn := probe("command")
	if _, err := h.Run(soon, fn, invocationOf(t, fn, events.DatasetIngestedData{}, probeParams{Do: "nothing"}), steptest.New(t)); err != nil {
		t.Errorf("another module: %v", err)
	}
	cancel()
	for range 4 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}
