package inbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/store"
)

// A sink is a store that uploads go to, with what it was asked for.
type sink struct {
	*store.Store
	mu       sync.Mutex
	uploads  []events.Object
	contents map[string]string // by key
	fail     func(key string) error
}

func newSink(t testing.TB) *sink {
	t.Helper()
	s, err := store.Open(t.Context(), "mem://", nil)
	if err == nil {
		err = s.CreateBucket(t.Context(), "inbox")
	}
	if err != nil {
		t.Fatal(err)
	}
	return &sink{Store: s, contents: map[string]string{}, fail: func(string) error { return nil }}
}

func (s *sink) upload(ctx context.Context, in store.ObjectInput, r io.Reader) (events.Object, error) {
	s.mu.Lock()
	fail := s.fail
	s.mu.Unlock()
	if err := fail(in.Key); err != nil {
		return events.Object{}, err
	}
	var b bytes.Buffer
	o, err := s.PutObject(ctx, in, io.TeeReader(r, &b))
	if err == nil {
		s.mu.Lock()
		s.uploads, s.contents[in.Key] = append(s.uploads, o), b.String()
		s.mu.Unlock()
	}
	return o, err
}

func (s *sink) keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.contents))
}

// list is what was uploaded so far; content what a key holds.
func (s *sink) list() []events.Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.uploads)
}

func (s *sink) content(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.contents[key]
}

const settle = 60 * time.Millisecond

func options() *Options {
	return &Options{Settle: settle, Scan: 200 * time.Millisecond, Log: slog.New(slog.DiscardHandler)}
}

// start runs an inbox over a new folder.
func start(t *testing.T, s *sink, before func(dir string)) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "inbox")
	if before != nil {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		before(dir)
	}
	run(t, dir, s)
	return dir
}

func run(t *testing.T, dir string, s *sink) *Inbox {
	t.Helper()
	i, err := Open(dir, s.upload, options())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan bool)
	go func() { i.Run(ctx); close(ended) }()
	t.Cleanup(func() {
		cancel()
		<-ended
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	return i
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tree is the files below a folder, with what they hold.
func tree(t testing.TB, dir string) string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if d.Type() == os.ModeSymlink {
			out = append(out, rel+"@")
			return nil
		}
		b, err := os.ReadFile(path)
		out = append(out, filepath.ToSlash(rel)+"="+string(b))
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) { // it moved meanwhile
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come about: ", what)
		}
	}
}

func becomes(t *testing.T, dir, want string) {
	t.Helper()
	got := ""
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if got = tree(t, dir); got == want {
			return
		}
	}
	t.Fatalf("the folder has\n%s, want\n%s", got, want)
}

// Files are taken where they lie, those of before too, with their metadata.
func TestTake(t *testing.T) {
	s := newSink(t)
	dir := start(t, s, func(dir string) { write(t, dir+"/before.csv", "0") })
	write(t, dir+"/a.csv"+sidecar, `{"Target": "species"}`)
	write(t, dir+"/a.csv", "1")
	write(t, dir+"/x/y/b c.csv", "2")
	becomes(t, dir, `.done/a.csv=1 .done/a.csv.meta.json={"Target": "species"} .done/before.csv=0 .done/x/y/b c.csv=2`)
	if got := s.keys(); !slices.Equal(got, []string{"a.csv", "before.csv", "x/y/b c.csv"}) {
		t.Error(got)
	}
	for _, o := range s.list() {
		if want := map[string]string{"a.csv": "species"}[o.Key]; o.Metadata["target"] != want || o.Version != 1 {
			t.Errorf("%+v", o)
		}
	}
	// The same again is the same version, something else another; nothing put away is lost.
	write(t, dir+"/before.csv", "0")
	becomes(t, dir, `.done/a.csv=1 .done/a.csv.meta.json={"Target": "species"} .done/before.csv=0 .done/before.csv.v1=0 .done/x/y/b c.csv=2`)
	write(t, dir+"/before.csv", "3")
	becomes(t, dir, `.done/a.csv=1 .done/a.csv.meta.json={"Target": "species"} .done/before.csv=0 .done/before.csv.v1=0 .done/before.csv.v2=3 .done/x/y/b c.csv=2`)
	if n := len(s.list()); n != 5 || s.list()[3].Version != 1 || s.list()[4].Version != 2 {
		t.Errorf("%+v", s.list())
	}
}

// What is no whole regular file under its last name stays where it is.
func TestLeftAlone(t *testing.T) {
	s := newSink(t)
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, secret, "secret")
	dir := start(t, s, func(dir string) {
		write(t, dir+"/.hidden", "1")
		write(t, dir+"/.git/x", "2")
		write(t, dir+"/a.tmp", "3")
		write(t, dir+"/B.PART", "4")
		write(t, dir+"/alone.csv"+sidecar, "{}")
		if err := errors.Join(os.Symlink(secret, dir+"/link.csv"), os.Symlink(filepath.Dir(secret), dir+"/linked")); err != nil {
			t.Fatal(err)
		}
	})
	write(t, dir+"/c.csv", "5")
	want := ".done/c.csv=5 .git/x=2 .hidden=1 B.PART=4 a.tmp=3 alone.csv.meta.json={} link.csv@ linked@"
	becomes(t, dir, want)
	time.Sleep(4 * settle)
	becomes(t, dir, want)
	if got := s.keys(); !slices.Equal(got, []string{"c.csv"}) {
		t.Errorf("took %q", got)
	}
	if err := os.Rename(dir+"/a.tmp", dir+"/a.csv"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the renamed file is taken", func() bool { return slices.Contains(s.keys(), "a.csv") })
}

// A file that is written over time is taken once, when its writer is done.
func TestSlowWriter(t *testing.T) {
	s := newSink(t)
	dir := start(t, s, nil)
	f, err := os.Create(dir + "/slow.csv")
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	pause := settle / 3
	if runtime.GOOS == "linux" { // knows that the file is open
		pause = 2 * settle
	}
	for n := range 8 {
		line := fmt.Sprintf("line %d\n", n)
		want += line
		if _, err := f.WriteString(line); err != nil {
			t.Fatal(err)
		}
		time.Sleep(pause)
		if got := s.keys(); len(got) > 0 {
			t.Fatalf("it was taken after line %d", n)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	becomes(t, dir, ".done/slow.csv="+want)
	if len(s.list()) != 1 || s.content("slow.csv") != want {
		t.Errorf("%+v", s.list())
	}
}

// However often it is looked at, a file is whole when it has stood still for the
// time that is asked for, and its metadata too.
func TestSettle(t *testing.T) {
	dir := t.TempDir()
	o := options()
	o.Settle = time.Hour
	i, err := Open(dir, newSink(t).upload, o)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	write(t, dir+"/a.csv", "1")
	check := func(want ...string) {
		t.Helper()
		if whole, more := i.look(); !slices.Equal(whole, want) || more != (len(want) == 0) {
			t.Errorf("whole are %q, want %q; more: %v", whole, want, more)
		}
	}
	pass := func() {
		s := i.seen["a.csv"]
		s.since = s.since.Add(-time.Hour)
		i.seen["a.csv"] = s
	}
	check()
	check()
	pass()
	check("a.csv")
	for _, path := range []string{"/a.csv", "/a.csv" + sidecar} {
		write(t, dir+path, `{"more": ""}`)
		check()
		check()
		pass()
		check("a.csv")
	}
}

// What is written to while it is uploaded is uploaded again as it ends up.
func TestWrittenMeanwhile(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"appended": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString(" and more")
			return errors.Join(err, f.Close())
		},
		"replaced": func(path string) error {
			return errors.Join(os.WriteFile(path+".tmp", []byte("first and more"), 0o600), os.Rename(path+".tmp", path))
		},
	} {
		s := newSink(t)
		dir := filepath.Join(t.TempDir(), "inbox")
		write(t, dir+"/a.csv", "first")
		i, err := Open(dir, s.upload, options())
		if err != nil {
			t.Fatal(err)
		}
		once := sync.OnceFunc(func() {
			if err := change(dir + "/a.csv"); err != nil {
				t.Error(err)
			}
		})
		i.crash = func(at string) {
			if at == "uploaded" {
				once()
			}
		}
		for range 100 {
			i.scan(t.Context())
			time.Sleep(settle / 4)
		}
		if got := tree(t, dir); got != ".done/a.csv=first and more" || len(s.list()) != 2 || s.content("a.csv") != "first and more" {
			t.Errorf("%s: %s, %+v", name, got, s.list())
		}
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What cannot be uploaded is put aside with the reason; what fails for a while is
// tried until it does not.
func TestFailures(t *testing.T) {
	s := newSink(t)
	left := 3
	s.fail = func(key string) error {
		if key == "later.csv" && left > 0 {
			left--
			return errors.New("the bus is away")
		}
		return nil
	}
	dir := start(t, s, func(dir string) {
		for range 2 { // a name that is in .failed already is not lost
			write(t, dir+"/.failed/bad.csv", "old")
		}
		write(t, dir+"/later.csv", "1")
		write(t, dir+"/bad.csv", "2")
		write(t, dir+"/bad.csv"+sidecar, `["target"]`)
		write(t, dir+"/reserved.csv", "3")
		write(t, dir+"/reserved.csv"+sidecar, `{"Runnel-Pipeline": "p@1"}`)
		long := strings.Repeat("long/", 250)
		write(t, filepath.Join(dir, long, "k.csv"), "4")
		write(t, filepath.Join(dir, strings.Repeat("n", 255)), "5")
	})
	eventually(t, "all are put away", func() bool {
		got := tree(t, dir)
		return strings.Count(got, ".done/") == 2 && strings.Contains(got, "k.csv.error=")
	})
	if got := s.keys(); !slices.Equal(got, []string{"later.csv", strings.Repeat("n", 255)}) || left != 0 {
		t.Errorf("%q, %d", got, left)
	}
	got := tree(t, dir)
	for _, want := range []string{
		`.failed/bad.csv=old`, `.failed/bad.csv.2=2`, `.failed/bad.csv.2.meta.json=["target"]`,
		`.failed/bad.csv.2.error=the file cannot be uploaded: bad.csv.meta.json: it is no JSON object of strings, such as {"target": "species"}`,
		`.failed/reserved.csv=3`, `the key Runnel-Pipeline is reserved`, `long/k.csv=4`, `of at most 1024: too large`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

// Many files in many folders are each uploaded once.
func TestMany(t *testing.T) {
	s := newSink(t)
	dir := start(t, s, nil)
	const n = 600
	for k := range n {
		write(t, fmt.Sprintf("%s/d%d/%d.csv", dir, k%20, k), fmt.Sprint(k))
	}
	eventually(t, "all are taken", func() bool { return strings.Count(tree(t, dir), ".done/") == n })
	if len(s.list()) != n || len(s.keys()) != n {
		t.Errorf("%d uploads of %d keys", len(s.list()), len(s.keys()))
	}
	for _, key := range s.keys() {
		content := s.content(key)
		if want := strings.TrimSuffix(filepath.Base(key), ".csv"); content != want {
			t.Errorf("%s has %s", key, content)
		}
	}
}

// A look through the folder finds what the system does not tell of.
func TestWithoutNotice(t *testing.T) {
	s := newSink(t)
	dir := t.TempDir()
	i, err := Open(dir, s.upload, options())
	if err != nil {
		t.Fatal(err)
	}
	if err := i.watch.Close(); err != nil {
		t.Fatal(err)
	}
	i.watch = nil
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan bool)
	go func() { i.Run(ctx); close(ended) }()
	write(t, dir+"/a.csv", "1")
	becomes(t, dir, ".done/a.csv=1")
	cancel()
	<-ended
	if err := i.Close(); err != nil {
		t.Error(err)
	}
}

func FuzzParseMetadata(f *testing.F) {
	for _, s := range []string{`{"target": "species"}`, `{}`, `null`, `[]`, `{"a": 1}`, `{"RUNNEL-pipeline": "x"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMetadata(b)
		for k := range m {
			if err == nil && strings.EqualFold(k, events.MetadataPipeline) {
				t.Errorf("%q lets the reserved key in", b)
			}
		}
	})
}
