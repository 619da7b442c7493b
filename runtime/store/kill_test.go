package store

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
)

const (
	killedDir   = "RUNNEL_TEST_KILLED_DIR"
	killedAlone = "RUNNEL_TEST_KILLED_ALONE"
)

// TestUploadUntilKilled is the child of TestKilled: it uploads until it is killed.
func TestUploadUntilKilled(t *testing.T) {
	dir := os.Getenv(killedDir)
	if dir == "" {
		t.Skip("a child of TestKilled")
	}
	s := openStore(t, filepath.Join(dir, "store"), &Options{Alone: os.Getenv(killedAlone) == "true"})
	publish := publishTo(t, dir)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				content := strings.Repeat(fmt.Sprint(rand.Int64()), 1+rand.IntN(2000))
				o, err := s.PutObject(t.Context(), ObjectInput{Bucket: "lab", Key: fmt.Sprint("k", rand.IntN(10))}, strings.NewReader(content))
				if err != nil {
					t.Error(err)
					return
				}
				line, _ := json.Marshal(o)
				os.Stdout.Write(append(line, '\n'))
				if err := s.Announce(t.Context(), o, publish); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// publishTo is a bus that is a file, an event a line.
func publishTo(t *testing.T, dir string) Publish {
	f, err := os.OpenFile(filepath.Join(dir, "bus"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return func(_ context.Context, e events.Event) error {
		data, err := json.Marshal(e)
		if err == nil {
			_, err = f.Write(append(data, '\n'))
		}
		return err
	}
}

// Uploading is killed again and again. After Recover each accepted object is
// there, whole, and announced, and no event speaks of an object that is not there.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	dir := t.TempDir()
	bucketed(t, openStore(t, filepath.Join(dir, "store"), nil)).Close()
	accepted := map[string]events.Object{}
	recovered := 0
	for round := range 20 {
		uploadAndKill(t, dir, round%2 == 0, accepted)
		s := openStore(t, filepath.Join(dir, "store"), &Options{Grace: time.Nanosecond, Alone: round%4 < 2})
		n, err := s.Recover(t.Context(), publishTo(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		recovered += n
		checkAnnounced(t, s, dir, accepted)
		s.Close()
	}
	t.Logf("%d objects were accepted and %d events recovered", len(accepted), recovered)
	if len(accepted) < 20 || recovered == 0 {
		t.Errorf("too few to tell")
	}
}

func uploadAndKill(t *testing.T, dir string, alone bool, accepted map[string]events.Object) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestUploadUntilKilled$")
	cmd.Env = append(os.Environ(), killedDir+"="+dir, killedAlone+"="+fmt.Sprint(alone))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for killed := false; lines.Scan(); {
		var o events.Object
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			t.Errorf("the child says %s", lines.Text())
			continue
		}
		accepted[name(o)] = o
		if !killed {
			killed = true
			time.AfterFunc(rand.N(60*time.Millisecond), func() { cmd.Process.Kill() })
		}
	}
	cmd.Wait()
}

func name(o events.Object) string { return fmt.Sprintf("%s/%s@%d", o.Bucket, o.Key, o.Version) }

// checkAnnounced compares what is accepted, what is visible and what is announced.
func checkAnnounced(t *testing.T, s *Store, dir string, accepted map[string]events.Object) {
	t.Helper()
	visible := map[string]events.Object{}
	for key, err := range s.objectKeys(t.Context(), "lab", "", "", listPage) {
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range collect(t, s.Versions(t.Context(), "lab", key)) {
			visible[name(v.Object)] = v.Object
			if err := s.Verify(t.Context(), v.Content); err != nil {
				t.Error(err)
			}
		}
	}
	for n, o := range accepted {
		if visible[n].Content != o.Content {
			t.Errorf("%s was accepted and is lost", n)
		}
	}
	announced := map[string]bool{}
	data, err := os.ReadFile(filepath.Join(dir, "bus"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var e events.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		o, err := events.Data[events.ObjectCreatedData](e)
		if err != nil {
			t.Fatal(err)
		}
		announced[name(o.Object)] = true
		if visible[name(o.Object)].Content != o.Content {
			t.Errorf("%s was announced and is not there", name(o.Object))
		}
	}
	for n := range visible {
		if !announced[n] {
			t.Errorf("%s is visible and was not announced", n)
		}
	}
	if left := collect(t, s.list(t.Context(), outbox, "", "", "")); len(left) > 0 {
		t.Errorf("the outbox holds %q", left)
	}
}

// Recover runs beside uploads and neither forgets nor invents any.
func TestRecoverBesideUploads(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		s.opts.Grace = time.Nanosecond // so that only what this process does protects it
		bucketed(t, s)
		dir := t.TempDir()
		publish := publishTo(t, dir)
		stop := make(chan struct{})
		var recovering, uploads sync.WaitGroup
		recovering.Go(func() {
			for {
				if _, err := s.Recover(t.Context(), publish); err != nil {
					t.Error(err)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
		var mu sync.Mutex
		accepted := map[string]events.Object{}
		for range 4 {
			uploads.Go(func() {
				for range 30 {
					o, err := s.PutObject(t.Context(), ObjectInput{Bucket: "lab", Key: fmt.Sprint("k", rand.IntN(3))}, strings.NewReader(fmt.Sprint(rand.Int64())))
					if err != nil {
						t.Error(err)
						continue
					}
					mu.Lock()
					accepted[name(o)] = o
					mu.Unlock()
					if rand.IntN(2) == 0 { // the others are left to Recover
						if err := s.Announce(t.Context(), o, publish); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		uploads.Wait()
		close(stop)
		recovering.Wait()
		if _, err := s.Recover(t.Context(), publish); err != nil {
			t.Fatal(err)
		}
		checkAnnounced(t, s, dir, accepted)
	})
}

// An object that was announced is not announced again, one whose announcement
// failed is, and one that never became visible is forgotten when it is old.
func TestOutbox(t *testing.T) {
	now := time.Now()
	s := bucketed(t, openStore(t, location(t), &Options{Now: func() time.Time { return now }}))
	ctx := t.Context()
	n := 0
	var fail error
	publish := func(context.Context, events.Event) error { n++; return fail }
	o := put(t, s, ObjectInput{Bucket: "lab", Key: "k"}, "a")
	fail = fmt.Errorf("no bus")
	if err := s.Announce(ctx, o, publish); err == nil || n != 1 {
		t.Fatalf("%v after %d", err, n)
	}
	fail = nil
	for range 2 {
		if err := s.Announce(ctx, put(t, s, ObjectInput{Bucket: "lab", Key: "k"}, "a"), publish); err != nil || n != 2 {
			t.Fatalf("%v after %d", err, n)
		}
	}
	lost := events.Object{Bucket: "lab", Key: "lost", Version: 1, CreatedAt: now.UTC().Round(0)}
	raced := o
	raced.CreatedAt = raced.CreatedAt.Add(time.Second)
	for _, o := range []events.Object{lost, raced} {
		key, err := outboxKey(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.create(ctx, key, o); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{1, 0} { // the raced one goes at once
		if _, err := s.Recover(ctx, publish); err != nil || n != 2 {
			t.Fatalf("%v after %d", err, n)
		}
		if left := collect(t, s.list(ctx, outbox, "", "", "")); len(left) != want {
			t.Fatalf("%d are left, not %d", len(left), want)
		}
		now = now.Add(11 * time.Minute)
	}
}
