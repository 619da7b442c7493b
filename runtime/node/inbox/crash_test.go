package inbox

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node"
)

// accepted counts the events that a node accepts, by key.
type accepted struct {
	engine.Observer
	mu sync.Mutex
	n  map[string][]events.Object
}

// RunAccepted implements engine.Observer.
func (a *accepted) RunAccepted(r engine.Run) {
	d, err := events.Data[events.ObjectCreatedData](r.Event)
	if err != nil {
		panic(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n[d.Key] = append(a.n[d.Key], d.Object)
}

func openNode(t *testing.T, dir string) (*node.Node, *accepted) {
	t.Helper()
	a := &accepted{n: map[string][]events.Object{}}
	n, err := node.Open(t.Context(), dir, &node.Options{Observers: []engine.Observer{a}})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return n, a
}

// A process that dies at any point between reading a file and having it put away
// is followed by one that uploads it with its metadata and makes no second event.
func TestKill(t *testing.T) {
	if at := os.Getenv("INBOX_DIES"); at != "" {
		dieAt(t, os.Getenv("INBOX_DATA"), at)
		t.Fatal("it should have died at ", at)
	}
	for _, at := range []string{"uploaded", "linked", "moved"} {
		data := t.TempDir()
		n, _ := openNode(t, data)
		if err := n.Store.CreateBucket(t.Context(), "inbox"); err != nil {
			t.Fatal(err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(data, "inbox")
		write(t, dir+"/a.csv", "1")
		write(t, dir+"/a.csv"+sidecar, `{"target": "y"}`)
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKill$")
		c.Env = append(os.Environ(), "INBOX_DIES="+at, "INBOX_DATA="+data)
		out, err := c.CombinedOutput()
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != -1 {
			t.Fatalf("%s: it was not killed: %v\n%s", at, err, out)
		}
		n, a := openNode(t, data)
		i, err := Open(dir, n.Upload, options())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan bool)
		go func() { i.Run(ctx); close(ended) }()
		becomes(t, dir, `.done/a.csv=1 .done/a.csv.meta.json={"target": "y"}`)
		versions := 0
		for o, err := range n.Store.Versions(t.Context(), "inbox", "a.csv") {
			if err != nil || o.Metadata["target"] != "y" {
				t.Errorf("%s: %+v %v", at, o, err)
			}
			versions++
		}
		if versions != 1 || len(a.n) > 0 {
			t.Errorf("%s: %d versions, and %v accepted after the crash", at, versions, a.n)
		}
		// What comes next under the name does not get the metadata of before.
		write(t, dir+"/a.csv", "2")
		eventually(t, "the next file is taken", func() bool { a.mu.Lock(); defer a.mu.Unlock(); return len(a.n["a.csv"]) == 1 })
		if o := a.n["a.csv"][0]; o.Version != 2 || len(o.Metadata) > 0 {
			t.Errorf("%s: %+v", at, o)
		}
		cancel()
		<-ended
		if err := i.Close(); err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}
}

func dieAt(t *testing.T, data, at string) {
	n, _ := openNode(t, data)
	i, err := Open(filepath.Join(data, "inbox"), n.Upload, options())
	if err != nil {
		t.Fatal(err)
	}
	i.crash = func(here string) {
		if here == at {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill()
			}
			if err != nil {
				panic(err)
			}
			select {}
		}
	}
	i.Run(t.Context())
}
