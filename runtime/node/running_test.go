package node_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/api"
)

func TestRunning(t *testing.T) {
	dir := t.TempDir()
	running := func() (*api.Info, string, error) { t.Helper(); return node.Running(dir) }
	if info, _, err := running(); info != nil || err != nil {
		t.Errorf("in an empty folder %v runs, %v", info, err)
	}
	// What a crash leaves: an address that nobody listens at.
	if err := os.WriteFile(filepath.Join(dir, "node.json"), []byte(`{"http": "127.0.0.1:1"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if info, _, err := running(); info != nil || err != nil {
		t.Errorf("after a crash %v runs, %v", info, err)
	}
	n, err := node.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if info, _, err := running(); info != nil || err != nil {
		t.Errorf("of a node that does not listen the address is %v, %v", info, err)
	}
	var busy *node.Busy
	if _, err := node.Open(t.Context(), dir, nil); !errors.As(err, &busy) {
		t.Errorf("opened twice: %v", err)
	}
	if err := n.Publish(api.Info{HTTP: "127.0.0.1:7"}, "secret"); err != nil {
		t.Fatal(err)
	}
	if info, token, err := running(); err != nil || info.HTTP != "127.0.0.1:7" || token != "secret" {
		t.Errorf("%v %q, %v", info, token, err)
	}
	if mode, err := os.Stat(filepath.Join(dir, "node.json")); err != nil || mode.Mode().Perm() != 0o600 {
		t.Errorf("the file with the token is %v, %v", mode.Mode(), err)
	}
	for range 2 {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}
	if info, _, err := running(); info != nil || err != nil {
		t.Errorf("after closing %v runs, %v", info, err)
	}
}

// Those who only look whether a node runs do not keep one from starting.
func TestLookingDoesNotLock(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "node.json"), []byte(`{"http": "127.0.0.1:1"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_, _, _ = node.Running(dir)
			}
		}
	})
	for range 5 {
		n, err := node.Open(t.Context(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	wg.Wait()
}
