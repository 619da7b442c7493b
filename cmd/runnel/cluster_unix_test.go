//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/infra/nats"
	"github.com/runnel-dev/runnel/internal/testneed"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/node/client"
)

// clusterPipeline has every kind of effect: artifacts, versions of a model, and
// an alias that moves.
const clusterPipeline = `
name: many
steps:
  - {name: ingest, params: {target: species}}
  - {name: clean}
  - {name: explore, on: dataset.ingested}
  - {name: featurize}
  - {name: train, params: {model: logistic}}
  - {name: evaluate, params: {folds: 2}}
  - {name: register, params: {name: many}}
  - {name: deploy}
`

const clusterRuns = 200

// patient is how long is waited for what has to come, also on a machine that has
// much else to do.
const patient = 3 * time.Minute

// TestCluster has three workers carry 200 runs over three NATS servers, of which
// one is killed on the way, and one of the workers too. Then every run is
// complete, and has had each of its effects once.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three servers, a node and three workers")
	}
	if _, err := exec.LookPath("go"); err != nil {
		testneed.Skip(t, "go: the command builds nats-server from the module")
	}
	dir := t.TempDir()
	c, err := nats.Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop() })
	definition := filepath.Join(dir, "many.yaml")
	if err := os.WriteFile(definition, []byte(clusterPipeline), 0o600); err != nil {
		t.Fatal(err)
	}
	folder, store := filepath.Join(dir, "node"), filepath.Join(dir, "store")
	up := launch(t, c.Env(nats.Node), "--data", folder, "up", "--store", store, "--functions", "none", "-p", definition, "--listen", "127.0.0.1:0", "--s3", "")
	api := waitForNode(t, folder)
	workers := make([]*process, 3)
	for i := range workers {
		workers[i] = launch(t, c.Env(nats.Worker), "worker", "--store", store, "--listen", "")
		workers[i].says(t, "  Steps      8 so far")
	}

	begin := time.Now()
	u := &uploaded{run: map[string]string{}}
	var feeding sync.WaitGroup
	keys := make(chan int, clusterRuns)
	for i := range clusterRuns / 2 {
		keys <- i
	}
	for range 4 {
		feeding.Go(func() { u.feed(t, api, keys) })
	}
	records := filepath.Join(store, "records", "results")
	waitForRecords(t, records, clusterRuns*8/4)
	leader, err := c.Leader(t.Context(), "RUNNEL")
	if err != nil {
		t.Fatal(err)
	}
	for i := clusterRuns / 2; i < clusterRuns; i++ { // so that half is still to come, however long finding the leader took
		keys <- i
	}
	close(keys)
	leader.Kill()
	workers[0].kill()
	before := countRecords(records)
	t.Logf("after %v, with %d of %d records: %s, which led the stream, and a worker are killed", time.Since(begin).Round(time.Millisecond), before, clusterRuns*8, leader.Name)
	time.Sleep(3 * time.Second)
	if err := leader.Start(); err != nil {
		t.Fatal(err)
	}
	feeding.Wait()
	waitForRecords(t, records, clusterRuns*8)
	u.waitForRuns(t, api)
	t.Logf("%d runs in %v", clusterRuns, time.Since(begin).Round(time.Millisecond))
	for _, w := range workers[1:] {
		w.stop(t, "stopped: nothing was left")
	}
	up.stop(t, "stopping")
	u.check(t, c, store)
}

// A process is a runnel command.
type process struct {
	*exec.Cmd
	out   *output
	ended chan struct{}
}

// output keeps what a process prints.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// launch starts a runnel command, which ends with the test.
func launch(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command("runnel", args...), out: &output{}, ended: make(chan struct{})}
	p.Env = append(os.Environ(), env...)
	p.Stdout, p.Stderr = p.out, p.out
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Wait() // ProcessState says how
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("runnel %s:\n%s", strings.Join(args, " "), p.out)
		}
	})
	return p
}

func (p *process) kill() {
	_ = p.Process.Kill() // it may have ended
	<-p.ended
}

// says waits until the process has printed the text.
func (p *process) says(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(patient); !strings.Contains(p.out.String(), text); time.Sleep(10 * time.Millisecond) {
		select {
		case <-p.ended:
			t.Fatalf("it ended: %v\n%s", p.ProcessState, p.out)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not say %q:\n%s", text, p.out)
		}
	}
}

// stop ends the process in good order.
func (p *process) stop(t *testing.T, last string) {
	t.Helper()
	_ = p.Process.Signal(os.Interrupt)
	select {
	case <-p.ended:
	case <-time.After(patient):
		p.kill()
		t.Errorf("it does not stop:\n%s", p.out)
	}
	if !p.ProcessState.Success() || !strings.Contains(p.out.String(), last) {
		t.Errorf("it ended with %v and did not say %q:\n%s", p.ProcessState, last, p.out)
	}
}

func waitForNode(t *testing.T, folder string) *client.Client {
	t.Helper()
	for deadline := time.Now().Add(patient); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if info, token, err := node.Running(folder); err == nil && info != nil {
			return client.New("http://"+info.HTTP, token)
		}
	}
	t.Fatal("the node does not listen")
	return nil
}

// countRecords counts the records below a directory of a store.
func countRecords(dir string) (n int) {
	_ = filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(e.Name(), ".blob") {
			n++
		}
		return nil // a file that goes meanwhile
	})
	return n
}

func waitForRecords(t *testing.T, dir string, n int) {
	t.Helper()
	for deadline := time.Now().Add(patient); countRecords(dir) < n; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there are %d records of %d", countRecords(dir), n)
		}
	}
}

// uploaded is what was given to the node.
type uploaded struct {
	mu  sync.Mutex
	run map[string]string // by key
}

// feed uploads tables, each until it is accepted, some of them twice.
func (u *uploaded) feed(t *testing.T, c *client.Client, keys <-chan int) {
	for i := range keys {
		key, table := fmt.Sprintf("t%03d.csv", i), smallTable(i)
		for range 1 + rand.IntN(2) {
			up, err := u.put(t.Context(), c, key, table)
			if err != nil {
				t.Errorf("upload %s: %v", key, err)
				return
			}
			u.mu.Lock()
			if before, ok := u.run[key]; ok && before != up.Run {
				t.Errorf("upload %s started the runs %s and %s", key, before, up.Run)
			}
			u.run[key] = up.Run
			u.mu.Unlock()
		}
	}
}

func (u *uploaded) put(ctx context.Context, c *client.Client, key, table string) (up api.Uploaded, err error) {
	for deadline := time.Now().Add(patient); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if up, err = c.Put(ctx, "uploads", key, "text/csv", nil, strings.NewReader(table)); err == nil {
			return up, nil
		}
	}
	return up, err
}

// waitForRuns waits until the node says of every run that it succeeded.
func (u *uploaded) waitForRuns(t *testing.T, c *client.Client) {
	t.Helper()
	for deadline := time.Now().Add(patient); ; time.Sleep(200 * time.Millisecond) {
		runs, err := c.Runs(t.Context(), 0)
		left := len(u.run)
		for _, r := range runs {
			if r.State == engine.Succeeded {
				left--
			}
		}
		if err == nil && left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d runs have not succeeded, %v", left, err)
		}
	}
}

// smallTable makes a table like no other, with a class that its columns tell.
func smallTable(i int) string {
	rng := rand.New(rand.NewPCG(uint64(i), 1))
	var b strings.Builder
	b.WriteString("length,depth,island,species\n")
	for row := range 40 {
		class := row % 2
		fmt.Fprintf(&b, "%.3f,%.3f,%s,%s\n", 30+10*float64(class)+rng.NormFloat64(), 20-3*float64(class)+rng.NormFloat64(),
			[]string{"Biscoe", "Dream"}[rng.IntN(2)], []string{"Adelie", "Gentoo"}[class])
	}
	return b.String()
}
