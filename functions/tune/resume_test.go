package tune_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus/jetstream"
	"github.com/runnel-dev/runnel/functions/clean"
	"github.com/runnel-dev/runnel/functions/featurize"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/ingest"
	"github.com/runnel-dev/runnel/functions/tune"
	"github.com/runnel-dev/runnel/learn/search"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/native"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/runtime/store"
)

// childDir names the folder of TestChild, which is a process of its own.
const childDir = "RUNNEL_TUNE_DIR"

const (
	killedTrials = 60
	killedChain  = `
name: killed
steps:
  - name: ingest
    params: {target: species}
  - name: clean
  - name: featurize
  - name: tune
    params: `
	killedParams = `{"auto": true, "models": ["logistic", "random_forest"], "trials": 60, "folds": 3, "space": {"random_forest": {"n_estimators": [10, 20], "max_depth": {"int": [1, 12]}}}}`
)

// fits prints what a search says of its progress.
type fits struct{ engine.Observer }

func (fits) RunAccepted(engine.Run)      {}
func (fits) RunCancelled(string)         {}
func (fits) StepStarted(engine.Activity) {}
func (fits) AttemptFailed(_ engine.Activity, f engine.Failure, _ time.Duration) {
	fmt.Println("failed", f.Message)
}
func (fits) StepFinished(engine.Record) {}
func (fits) StepProgress(a engine.Activity, p step.Progress) {
	if a.Step == "tune" {
		fmt.Println("fits", p.Done)
	}
}

// TestChild is a node that answers one upload, or goes on with it.
func TestChild(t *testing.T) {
	dir := os.Getenv(childDir)
	if dir == "" {
		return // it is not the child
	}
	ctx := t.Context()
	s, err := store.Open(ctx, filepath.Join(dir, "store"), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := jetstream.Open(ctx, filepath.Join(dir, "bus"), nil)
	if err != nil {
		t.Fatal(err)
	}
	functions := pipeline.Functions{"ingest": ingest.Function, "clean": clean.Function, "featurize": featurize.Function, "tune": tune.Function}
	p, err := pipeline.Parse("killed.yaml", strings.NewReader(killedChain+killedParams+"\n"), functions)
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(engine.Config{Bus: b, Store: s, Functions: functions, Hosts: []host.Host{native.Host{}}, AckWait: 300 * time.Millisecond, Observer: fits{}})
	if err := e.Start(ctx, p); err != nil {
		t.Fatal(err)
	}
	ref, err := s.Put(ctx, events.MediaBytes, bytes.NewReader(functest.Example(t, "penguins/penguins.csv")))
	if err != nil {
		t.Fatal(err)
	}
	o := events.Object{Bucket: "uploads", Key: "penguins.csv", Version: 1, Content: ref, CreatedAt: steptest.Time()}
	root, err := events.NewRoot("/test", "penguins.csv", steptest.Time(), events.ObjectCreatedData{Object: o}, "penguins")
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Accept(ctx, root); err != nil {
		t.Fatal(err)
	}
	for {
		st, err := e.Status(ctx, root.ID())
		if err != nil {
			t.Fatal(err)
		}
		if st.State == engine.Succeeded || st.State == engine.Failed {
			for until := time.Now().Add(5 * time.Second); kept(dir) > 0 && time.Now().Before(until); { // they go after the answer stands
				time.Sleep(10 * time.Millisecond)
			}
			last := st.Steps[len(st.Steps)-1]
			fmt.Println(st.State, last.Outputs["study"].Digest, last.Outputs["choice"].Digest, kept(dir))
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// kept counts the files that a search has kept for its next attempt.
func kept(dir string) int {
	n := 0
	_ = filepath.WalkDir(filepath.Join(dir, "store", "records", "kept"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return nil
	})
	return n
}

// child starts TestChild and gives its lines.
func child(ctx context.Context, t *testing.T, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// TestKill kills the process that searches, and finds that the next one goes on
// where something was kept, and comes to what a search without a crash comes to.
func TestKill(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	cmd, lines := child(ctx, t, dir)
	for kept(dir) == 0 && lines.Scan() {
		if strings.HasPrefix(lines.Text(), engine.Succeeded) {
			t.Fatal("it was done before it could be killed")
		}
	}
	_ = cmd.Process.Kill()
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) {
		t.Fatalf("the search was not killed: %v", err)
	}
	cmd, lines = child(ctx, t, dir)
	first, done, digest, choice, left := 0, 0, "", "", -1
	for lines.Scan() {
		n := 0
		if _, err := fmt.Sscanf(lines.Text(), "fits %d", &n); err == nil {
			if done = n; first == 0 {
				first = n
			}
		} else if _, err := fmt.Sscanf(lines.Text(), engine.Succeeded+" %s %s %d", &digest, &choice, &left); err != nil {
			t.Log(lines.Text())
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	r := penguins(t, "species")
	whole := r.Env.Invoke(t, tune.Function, r.Built, params(t, killedParams))
	if first <= 1 || done != 3*killedTrials || digest != whole.Outputs["study"].Digest || choice != whole.Outputs["choice"].Digest || left != 0 {
		t.Errorf("went on at fit %d, ended at %d of %d; study %s, without a crash %s; %d pages are left", first, done, 3*killedTrials, digest, whole.Outputs["study"].Digest, left)
	}
	t.Logf("went on at fit %d of %d", first, done)
}

// A keeper is an environment with what an earlier attempt has kept.
type keeper struct {
	*steptest.Env
	page []byte
}

func (k *keeper) Keep(context.Context, string, []byte) error { return nil }

func (k *keeper) Kept(_ context.Context, name string) ([]byte, error) {
	if name == "000000" {
		return k.page, nil
	}
	return nil, nil
}

// begun is what a search keeps of a trial that was measured on its first fold.
func begun(t search.Trial) map[string]any {
	return map[string]any{"Trial": t.Params, "Folds": 1, "Outcome": search.Outcome{Score: t.Scores[0], Scores: t.Scores[:1]}}
}

// again searches where an earlier attempt has kept entries.
func again(t *testing.T, r *functest.Run, p map[string]any, entries []map[string]any) step.Result {
	t.Helper()
	page, err := json.Marshal(map[string]any{"Entries": entries})
	if err != nil {
		t.Fatal(err)
	}
	root, err := events.NewRoot("/tests", "subject", steptest.Time(), r.Built, t.Name())
	if err != nil {
		t.Fatal(err)
	}
	res, err := tune.Function.Run(t.Context(), step.Invocation{Event: root, From: events.Emitter{Pipeline: "test", Version: "sha256:test", Step: "tune"},
		Params: p, Seed: steptest.Seed, Time: steptest.Time(), Attempt: 2}, &keeper{r.Env, page})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// TestResumePruned goes on after a crash between the rungs of a bracket, whose
// trials are to vote: what they predicted before it is lost. Within a budget the
// crash may be between trials of the first rung, too.
func TestResumePruned(t *testing.T) {
	const spec = `{"auto": true, "prune": "halving", "metric": "log_loss", "trials": 30, "budget": %q, `
	r := penguins(t, "sex")
	res := r.Env.Invoke(t, tune.Function, r.Built, params(t, fmt.Sprintf(spec, "")+fmt.Sprintf(small, "logistic", "c")+`}`))
	study := read(t, r, res).study
	whole := study.Trials()
	for budget, kept := range map[string]int{"": 9, "1h": 4} {
		var entries []map[string]any // no family has defaults in this space, and a bracket of 9 was on the first fold
		for _, trial := range whole[:kept] {
			entries = append(entries, begun(trial))
		}
		before := len(r.Env.Reported())
		resumed := again(t, r, params(t, fmt.Sprintf(spec, budget)+fmt.Sprintf(small, "logistic", "c")+`}`), entries)
		if first := r.Env.Reported()[before]; first.Done != int64(kept)+1 {
			t.Errorf("it went on at fit %d", first.Done)
		}
		if resumed.Outputs["choice"].Digest != res.Outputs["choice"].Digest || resumed.Outputs["study"].Digest != res.Outputs["study"].Digest {
			t.Errorf("budget %q: it comes to another choice than without a crash", budget)
		}
	}
}
