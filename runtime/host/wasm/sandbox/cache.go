package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/runnel-dev/runnel/runtime/host/wasm/module"
	"github.com/runnel-dev/runnel/runtime/host/wasm/scratch"
)

// A cache is the folder of compiled code. What lies there is run as machine
// code, unchecked: it must be writable by nobody else.
//
// It has an entry for each module: a folder with the module as module.Bare makes
// it, and the code as wazero writes it, under the name that wazero looks for when
// it is given the bare module. So a module that is there is neither read nor
// checked again, which takes most of the time that loading it would. Should
// wazero take the code for stale, it would compile the functions of the bare
// module, which have no code; hence each use of an entry is by a folder of its
// own, in which it shows.
type cache struct {
	dir   string
	limit int64         // bytes of all entries
	age   time.Duration // after which an entry that is not used goes
}

// bareFile is the module in an entry; every other file there is code.
const bareFile = "module.wasm"

// layout is the version of what an entry is.
const layout = "1"

func openCache(cfg Config) (*cache, error) {
	dir := cfg.CacheDir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of compiled guests: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, fmt.Errorf("folder of compiled guests: %w", err)
	}
	if err := private(info); err != nil {
		return nil, fmt.Errorf("folder of compiled guests %s: %w", dir, err)
	}
	return &cache{dir: dir, limit: cfg.CacheBytes, age: cfg.CacheAge}, nil
}

// A shelf is a folder of this process that wazero reads compiled code from, and
// writes it to.
type shelf struct {
	*scratch.Dir
	cache wazero.CompilationCache
	files string // the folder within it that wazero uses, named by version and machine
}

func (c *cache) shelf() (*shelf, error) {
	d, err := scratch.New(c.dir)
	if err != nil {
		return nil, err
	}
	s := &shelf{Dir: d}
	if s.cache, err = wazero.NewCompilationCacheWithDir(d.Path()); err == nil {
		var made []os.DirEntry
		if made, err = os.ReadDir(d.Path()); err == nil && len(made) != 1 {
			err = fmt.Errorf("the WASM runtime made %d folders for compiled code", len(made))
		}
		if err == nil {
			s.files = filepath.Join(d.Path(), made[0].Name())
			return s, nil
		}
	}
	return nil, errors.Join(err, d.Close())
}

// code lists what is on the shelf, by name.
func (s *shelf) code() (map[string]os.FileInfo, error) {
	names, err := os.ReadDir(s.files)
	if err != nil {
		return nil, err
	}
	out := map[string]os.FileInfo{}
	for _, n := range names {
		if out[n.Name()], err = n.Info(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// entry is the folder of a module's entry.
func (c *cache) entry(s *shelf, sum string) string {
	return filepath.Join(c.dir, sum+"-"+filepath.Base(s.files)+"-"+layout)
}

// errNoEntry is the reason where a module is not in the cache.
var errNoEntry = errors.New("not in the cache")

// load gives a bare module to compile with what is on the shelf, which is to be
// checked by used afterwards.
func (c *cache) load(sum string, s *shelf) (bare []byte, used func() error, err error) {
	dir := c.entry(s, sum)
	if bare, err = os.ReadFile(filepath.Join(dir, bareFile)); err != nil {
		return nil, nil, errors.Join(errNoEntry, err)
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range names {
		if n.Name() == bareFile {
			continue
		}
		if err := link(filepath.Join(dir, n.Name()), filepath.Join(s.files, n.Name())); err != nil {
			return nil, nil, err
		}
	}
	before, err := s.code()
	if err != nil {
		return nil, nil, err
	}
	return bare, func() error {
		after, err := s.code()
		if err != nil {
			return err
		}
		for name, is := range after {
			if was := before[name]; was == nil || !os.SameFile(was, is) {
				return errNoEntry // it compiled functions without code: other processor, stale or broken
			}
		}
		if len(after) != len(before) {
			return errNoEntry
		}
		now := time.Now()
		_ = os.Chtimes(dir, now, now) // else it is taken for older than it is
		return nil
	}, nil
}

// link gives a file another name, or copies it where files have one.
func link(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// store makes an entry of a module that was compiled onto the shelf. compile
// compiles the bare module onto another one, which shows by what name wazero
// looks for its code.
func (c *cache) store(sum string, s *shelf, bare []byte, compile func(*shelf) error) error {
	code, err := s.only()
	if err != nil {
		return err
	}
	t, err := c.shelf()
	if err != nil {
		return err
	}
	defer t.Close()
	if err := compile(t); err != nil {
		return err
	}
	named, err := t.only()
	if err != nil {
		return err
	}
	dir := c.entry(s, sum)
	fresh := filepath.Join(t.Path(), "entry")
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return err
	}
	name := filepath.Base(named)
	if err := os.Rename(code, filepath.Join(fresh, name)); err != nil {
		return err
	}
	if err := writeDurably(filepath.Join(fresh, bareFile), bare); err != nil {
		return err
	}
	if os.Rename(fresh, dir) != nil { // there is one, with nothing that can be used here
		for _, file := range []string{name, bareFile} {
			if err := os.Rename(filepath.Join(fresh, file), filepath.Join(dir, file)); err != nil {
				return err
			}
		}
	}
	return c.prune(filepath.Base(dir))
}

// writeDurably makes a file of which no part is lost where the machine stops.
func writeDurably(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// only is the one file of code on the shelf.
func (s *shelf) only() (string, error) {
	files, err := s.code()
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("the WASM runtime left %d files of compiled code", len(files))
	}
	for name := range files {
		return filepath.Join(s.files, name), nil
	}
	return "", nil
}

// sumOf names a module's bytes as entries are named.
func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// sumIn is the sum that a digest states; "": it states none.
func sumIn(digest string) string {
	sum, ok := strings.CutPrefix(digest, "sha256:")
	if b, err := hex.DecodeString(sum); !ok || err != nil || len(b) != sha256.Size || strings.ToLower(sum) != sum {
		return ""
	}
	return sum
}

// fromCache loads the module as it lies in the cache.
func (m *Module) fromCache(ctx context.Context, c *cache, sum string) error {
	s, err := c.shelf()
	if err != nil {
		return err
	}
	defer s.Close()
	bare, used, err := c.load(sum, s)
	if err != nil {
		return err
	}
	kind, err := module.Check(bare, m.sandbox.limits())
	if err != nil {
		return err
	}
	if err := m.compileWith(ctx, bare, s.cache); err != nil {
		return err
	}
	if err := used(); err != nil {
		return errors.Join(err, m.free())
	}
	m.kind = kind
	return nil
}

// intoCache compiles the module and keeps what comes of it. Where the folder is
// full or broken, it does without.
func (m *Module) intoCache(ctx context.Context, c *cache, sum string, b []byte) error {
	s, err := c.shelf()
	if err != nil {
		return m.compileWith(ctx, b, nil)
	}
	defer s.Close()
	if err := m.compileWith(ctx, b, s.cache); err != nil {
		return m.compileWith(ctx, b, nil)
	}
	bare := module.Bare(b)
	_ = c.store(sum, s, bare, func(t *shelf) error { // failing that, the next one compiles it again
		other := &Module{sandbox: m.sandbox}
		if err := other.compileWith(ctx, bare, t.cache); err != nil {
			return err
		}
		return other.close()
	})
	return nil
}
