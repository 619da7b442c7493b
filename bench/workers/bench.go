package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus/jetstream"
	"github.com/runnel-dev/runnel/infra/nats"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
)

// definition has a pipeline for each kind of step.
func definition(step string) string {
	return fmt.Sprintf("name: %[1]s\nsteps: [{name: %[1]s, concurrency: 4}]\n", step)
}

type nothing struct{}

func functions() pipeline.Functions {
	fs := pipeline.Functions{}
	for name, do := range map[string]func(){
		"wait":    func() { time.Sleep(50 * time.Millisecond) },
		"compute": compute,
		"nothing": func() {},
	} {
		fs[name] = step.New(name, func(context.Context, *step.Call, nothing) error { do(); return nil },
			step.Accepts(events.IngestRequested), step.Emits(events.DatasetIngested))
	}
	return fs
}

// compute takes about 10 ms of a processor, whatever else runs on it.
func compute() {
	x := uint64(1)
	for range 8_000_000 {
		x = x*6364136223846793005 + 1442695040888963407
	}
	if x == 0 {
		panic("never: it keeps the loop")
	}
}

// options are those of the node and the workers.
func options(urls, ca, user, password, store string) (*node.Options, error) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &node.Options{Functions: functions(), Store: store, NATS: &node.NATS{URLs: urls, Options: jetstream.Options{
		User: user, Password: password, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}}, nil
}

// A bench is the servers, and a node that works on nothing.
type bench struct {
	cluster   *nats.Cluster
	node      *node.Node
	pipelines map[string]*pipeline.Pipeline
	dir       string
	runs      int
}

func open(ctx context.Context, dir string) (*bench, error) {
	b := &bench{dir: dir, pipelines: map[string]*pipeline.Pipeline{}}
	var err error
	if b.cluster, err = nats.Start(ctx, dir); err != nil {
		return nil, err
	}
	fail := func(err error) (*bench, error) { return nil, errors.Join(err, b.close()) }
	o, err := options(b.cluster.URLs(), b.cluster.CA, nats.Node, b.cluster.Password(nats.Node), b.store())
	if err != nil {
		return fail(err)
	}
	o.Serves = func(string) bool { return false }
	if b.node, err = node.Open(ctx, filepath.Join(dir, "node"), o); err != nil {
		return fail(err)
	}
	var all []*pipeline.Pipeline
	for _, j := range jobs {
		p, err := pipeline.Parse(j.step+".yaml", strings.NewReader(definition(j.step)), o.Functions)
		if err != nil {
			return fail(err)
		}
		b.pipelines[j.step] = p
		all = append(all, p)
	}
	if err := b.node.Start(ctx, all...); err != nil {
		return fail(err)
	}
	return b, nil
}

func (b *bench) store() string { return filepath.Join(b.dir, "store") }

func (b *bench) close() error {
	var err error
	if b.node != nil {
		err = b.node.Close()
	}
	return errors.Join(err, b.cluster.Stop())
}

// A turn is what so many workers took.
type turn struct {
	rate float64 // steps a second
	cpu  float64 // seconds of the workers' processors for a step
}

func (b *bench) measure(ctx context.Context, j job, workers int) (t turn, err error) {
	warm, n := 8*workers, j.events*workers
	var procs []*process
	stop := func() {
		for _, p := range procs {
			err = errors.Join(err, p.stop())
			t.cpu += (p.ProcessState.UserTime() + p.ProcessState.SystemTime()).Seconds() / float64(warm+n)
		}
	}
	defer stop()
	said := make(chan error, 64)
	for range workers {
		p, err := b.launch(j.procs)
		if err != nil {
			return t, err
		}
		procs = append(procs, p)
		go p.listen(said)
	}
	if _, err := b.take(ctx, j, warm, said); err != nil {
		return t, err
	}
	took, err := b.take(ctx, j, n, said)
	t.rate = float64(n) / took.Seconds()
	return t, err
}

// take accepts so many events at once, and waits until all are answered.
func (b *bench) take(ctx context.Context, j job, n int, said <-chan error) (time.Duration, error) {
	start := time.Now()
	b.runs++
	var accepting sync.WaitGroup
	failed := make(chan error, n)
	atOnce := make(chan bool, 64)
	for i := range n {
		atOnce <- true
		accepting.Go(func() {
			defer func() { <-atOnce }()
			ev, err := events.NewRoot("/bench", j.step, time.Unix(0, 0), events.IngestRequestedData{URL: "bench:"}, fmt.Sprint(b.runs), fmt.Sprint(i))
			if err == nil {
				err = b.node.Engine.Accept(ctx, engine.Addressed(ev, b.pipelines[j.step]))
			}
			if err != nil {
				failed <- err
			}
		})
	}
	for left := n; left > 0; {
		select {
		case err := <-said:
			if err != nil {
				return 0, err
			}
			left--
		case err := <-failed:
			return 0, err
		case <-time.After(time.Minute):
			return 0, fmt.Errorf("%d of %d steps are not done after a minute without one", left, n)
		}
	}
	took := time.Since(start)
	accepting.Wait()
	return took, nil
}

// A process is a worker.
type process struct {
	*exec.Cmd
	lines *bufio.Scanner
}

// workerEnv tells a process of this program that it is a worker.
const workerEnv = "RUNNEL_BENCH_WORKER"

func (b *bench) launch(procs int) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{Cmd: exec.Command(program)}
	p.Env = append(os.Environ(), workerEnv+"="+strings.Join([]string{b.cluster.URLs(), b.cluster.CA, b.cluster.Password(nats.Worker), b.store()}, "|"))
	if procs > 0 {
		p.Env = append(p.Env, fmt.Sprint("GOMAXPROCS=", procs))
	}
	p.Stderr = os.Stderr
	out, err := p.StdoutPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		return nil, err
	}
	p.lines = bufio.NewScanner(out)
	if !p.lines.Scan() || p.lines.Text() != "ready" {
		return nil, errors.Join(fmt.Errorf("a worker says %q", p.lines.Text()), p.stop())
	}
	return p, nil
}

// listen passes on what the worker says of each step.
func (p *process) listen(said chan<- error) {
	for p.lines.Scan() {
		if text := p.lines.Text(); text != "done" {
			said <- errors.New(text)
		} else {
			said <- nil
		}
	}
}

func (p *process) stop() error {
	_ = p.Process.Signal(syscall.SIGTERM) // it may have ended
	return p.Wait()
}

var errNoWorker = errors.New("this process is no worker")

// work is a worker process, which says done for each step.
func work() error {
	at := strings.Split(os.Getenv(workerEnv), "|")
	if len(at) != 4 {
		return errNoWorker
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	o, err := options(at[0], at[1], nats.Worker, at[2], at[3])
	if err != nil {
		return err
	}
	o.Observers = []engine.Observer{teller{}}
	w, err := node.OpenWorker(ctx, o)
	if err != nil {
		return err
	}
	if _, err := w.Start(ctx); err != nil {
		return errors.Join(err, w.Close())
	}
	fmt.Println("ready")
	<-ctx.Done()
	return w.Close()
}

// teller is an engine.Observer that tells of each step that is done.
type teller struct{}

func (teller) RunAccepted(engine.Run)                      {}
func (teller) RunCancelled(string)                         {}
func (teller) StepStarted(engine.Activity)                 {}
func (teller) StepProgress(engine.Activity, step.Progress) {}
func (teller) StepFinished(engine.Record)                  { fmt.Println("done") }

func (teller) AttemptFailed(_ engine.Activity, f engine.Failure, _ time.Duration) {
	fmt.Println("failed:", f.Message)
}
