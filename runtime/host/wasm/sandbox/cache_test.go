package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/runtime/host/wasm/scratch"
)

// returning is a reactor whose status is n, under 64.
func returning(n byte, large bool) []byte {
	b := []byte("\x00asm\x01\x00\x00\x00" +
		"\x01\x05\x01\x60\x00\x01\x7f" + "\x03\x02\x01\x00" + "\x05\x03\x01\x00\x01" +
		"\x07\x17\x02\x06memory\x02\x00\x0arunnel_run\x00\x00" + "\x0a\x06\x01\x04\x00\x41" + string(n) + "\x0b")
	if large { // a data segment, at 0
		b = append(b, "\x0b\xe8\xd4\x03\x01\x00\x41\x00\x0b\xe0\xd4\x03"+strings.Repeat("d", 60_000)...)
	}
	return b
}

// A tester calls modules in sandboxes that begin with nothing but a cache.
type tester struct {
	cfg  Config
	read atomic.Int64 // how often a module was read
}

func (c *tester) status(t *testing.T, b []byte) uint32 {
	t.Helper()
	s := New(c.cfg)
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	m, err := s.Load(t.Context(), "sha256:"+sumOf(b), func() ([]byte, error) { c.read.Add(1); return b, nil })
	if err != nil {
		t.Error(err)
		return 0
	}
	out, err := m.Run(t.Context(), Call{Function: "f", Time: time.Unix(0, 0)}, nil)
	if err != nil || out.Trap != "" {
		t.Errorf("%+v, %v", out, err)
	}
	return out.Status
}

// entries are those of the cache.
func (c *tester) entries(t *testing.T) (dirs []string) {
	t.Helper()
	names, err := os.ReadDir(c.cfg.CacheDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if strings.HasPrefix(n.Name(), scratch.Prefix) {
			t.Errorf("%s is left", n.Name())
			continue
		}
		dirs = append(dirs, filepath.Join(c.cfg.CacheDir, n.Name()))
	}
	return dirs
}

// TestCache: what was compiled once is not read again.
func TestCache(t *testing.T) {
	c := &tester{cfg: Config{CacheDir: filepath.Join(t.TempDir(), "cache")}}
	for range 3 {
		for n := range byte(3) {
			if got := c.status(t, returning(n, false)); got != uint32(n) {
				t.Errorf("module %d returns %d", n, got)
			}
		}
	}
	if n := c.read.Load(); n != 3 || len(c.entries(t)) != 3 {
		t.Errorf("3 modules were read %d times, and have %d entries", n, len(c.entries(t)))
	}
}

// TestBrokenCache: a module is never run without its own code, whatever became
// of the cache; and the next time it is in the cache again.
func TestBrokenCache(t *testing.T) {
	module := returning(42, false)
	damage := func(change func([]byte) []byte) func(string) error {
		return func(file string) error {
			b, err := os.ReadFile(file)
			if err == nil {
				err = os.Remove(file)
			}
			if err == nil {
				err = os.WriteFile(file, change(b), 0o600)
			}
			return err
		}
	}
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 0xff; return b }
	}
	for what, c := range map[string]struct {
		code, bare func(string) error
	}{
		"no code":           {code: os.Remove},
		"empty code":        {code: damage(func([]byte) []byte { return nil })},
		"half of the code":  {code: damage(func(b []byte) []byte { return b[:len(b)/2] })},
		"other magic":       {code: damage(flip(0))},
		"another version":   {code: damage(flip(8))},
		"changed code":      {code: damage(flip(-20))},
		"another processor": {code: func(file string) error { return os.Rename(file, file[:len(file)-1]+"g") }},
		"no module":         {bare: os.Remove},
		"empty module":      {bare: damage(func([]byte) []byte { return nil })},
		"half a module":     {bare: damage(func(b []byte) []byte { return b[:len(b)/2] })},
		"another module":    {bare: damage(func([]byte) []byte { return append(returning(1, false), "\x00\x05\x04name"...) })},
	} {
		t.Run(what, func(t *testing.T) {
			c2 := &tester{cfg: Config{CacheDir: filepath.Join(t.TempDir(), "cache")}}
			c2.status(t, module)
			dirs := c2.entries(t)
			if len(dirs) != 1 {
				t.Fatalf("entries %v", dirs)
			}
			files, err := os.ReadDir(dirs[0])
			if err != nil || len(files) != 2 {
				t.Fatalf("files %v, %v", files, err)
			}
			for _, f := range files {
				do := c.code
				if f.Name() == bareFile {
					do = c.bare
				}
				if do != nil {
					if err := do(filepath.Join(dirs[0], f.Name())); err != nil {
						t.Fatal(err)
					}
				}
			}
			for i, want := range []int64{2, 2} {
				if got := c2.status(t, module); got != 42 {
					t.Errorf("call %d returns %d", i, got)
				}
				if n := c2.read.Load(); n != want {
					t.Errorf("after call %d the module was read %d times, want %d", i, n, want)
				}
			}
		})
	}
}

// TestCacheBounds: entries go by age, and the one used longest ago goes first.
func TestCacheBounds(t *testing.T) {
	c := &tester{cfg: Config{CacheDir: filepath.Join(t.TempDir(), "cache")}}
	c.status(t, returning(1, true))
	one := size(c.entries(t)[0])
	use := func(n byte, ago time.Duration) {
		c.status(t, returning(n, true))
		for _, dir := range c.entries(t) {
			if strings.Contains(dir, sumOf(returning(n, true))) {
				at := time.Now().Add(-ago)
				if err := os.Chtimes(dir, at, at); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	has := func(want ...byte) {
		t.Helper()
		all := strings.Join(c.entries(t), " ")
		for _, n := range want {
			if !strings.Contains(all, sumOf(returning(n, true))) {
				t.Errorf("the entry of module %d is gone", n)
			}
		}
		if n := len(c.entries(t)); n != len(want) {
			t.Errorf("%d entries, want %d", n, len(want))
		}
	}
	if err := os.MkdirAll(filepath.Join(c.cfg.CacheDir, "wazero-of-before", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-31 * 24 * time.Hour)
	if err := os.Chtimes(filepath.Join(c.cfg.CacheDir, "wazero-of-before"), old, old); err != nil {
		t.Fatal(err)
	}
	use(1, 3*time.Hour)
	use(2, 2*time.Hour)
	use(3, 4*time.Hour)
	has(1, 2, 3)
	c.cfg.CacheBytes = 3*one + one/2
	use(4, time.Hour) // room for three: the fourth takes the place of the third
	has(1, 2, 4)
	before := c.read.Load()
	c.status(t, returning(1, true)) // it is used now
	if c.read.Load() != before {
		t.Error("what is in the cache was read")
	}
	use(5, 0)
	has(1, 4, 5)
	c.cfg.CacheAge = 30 * time.Minute
	use(6, 0)
	has(1, 5, 6)
	c.cfg.CacheBytes = 1 // what was compiled last stays
	use(7, 0)
	has(7)
}

// TestCacheAtOnce: many that share a cache too small for their modules have the
// right code, each.
func TestCacheAtOnce(t *testing.T) {
	c := &tester{cfg: Config{CacheDir: filepath.Join(t.TempDir(), "cache"), CacheBytes: 6 << 10}}
	var wg sync.WaitGroup
	for g := range byte(6) {
		wg.Go(func() {
			for i := range byte(12) {
				n := (g + i) % 4
				if got := c.status(t, returning(n, false)); got != uint32(n) {
					t.Errorf("module %d returns %d", n, got)
				}
			}
		})
	}
	wg.Wait()
	c.entries(t)
}

// TestCompiledOnce: who comes while a module is compiled waits for it.
func TestCompiledOnce(t *testing.T) {
	c := &tester{cfg: Config{CacheDir: filepath.Join(t.TempDir(), "cache")}}
	b := returning(9, true)
	if err := os.MkdirAll(c.cfg.CacheDir, 0o700); err != nil {
		t.Fatal(err)
	}
	unlock, err := scratch.Lock(t.Context(), filepath.Join(c.cfg.CacheDir, scratch.Prefix+sumOf(b)+".lock"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan uint32)
	go func() { done <- c.status(t, b) }()
	select {
	case <-done:
		t.Error("it was not waited for who compiles it")
	case <-time.After(50 * time.Millisecond):
	}
	unlock()
	if got := <-done; got != 9 {
		t.Errorf("it returns %d", got)
	}
}

// TestSharedFolder: compiled code is not run from where others may write.
func TestSharedFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o770); err != nil {
		t.Fatal(err)
	}
	s := New(Config{CacheDir: dir})
	_, err := s.Load(t.Context(), "sha256:"+sumOf(nil), func() ([]byte, error) { return nil, errors.New("it was read") })
	if err == nil || !strings.Contains(err.Error(), "0770") {
		t.Errorf("got %v", err)
	}
}
