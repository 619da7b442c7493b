package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/native"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/metrics"
)

// workerFlags are the flags of `runnel worker`.
type workerFlags struct {
	sharedFlags
	hosts  []string
	listen string
	drain  time.Duration
	set    func(flag string) bool // by the user
}

func newWorker(a *app) *cobra.Command {
	var f workerFlags
	c := &cobra.Command{
		Use:   "worker --nats URL --store URL",
		Short: "Work on the events of nodes elsewhere: many workers share a NATS cluster and a store",
		Long: `Work on the events of nodes that were started with the same --nats and --store,
until it is stopped. Any number of workers may run, on any machine: each event
goes to one of them, and what one leaves behind when it dies another takes up.
A worker takes no uploads; on loopback it answers /healthz and /metrics.

Stopped by SIGTERM or an interrupt it takes no more events, finishes those it
has, for as long as --drain, and gives back the rest. A second signal ends it at
once; its events come again elsewhere.`,
		Example: "  runnel worker --nats nats://a:4222,nats://b:4222,nats://c:4222 --store s3://tables\n  runnel worker --nats nats://127.0.0.1:4222 --store /srv/runnel/store --functions train,evaluate",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.set = cmd.Flags().Changed
			return a.worker(cmd.Context(), &f)
		},
	}
	f.add(c)
	c.Flags().StringSliceVar(&f.hosts, "host", nil, "run only steps of these hosts, separated by commas; events for others go to other workers (default: every host that this program has)")
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:7072", "address of /healthz and /metrics, or a free one where another program has the default; empty for none")
	c.Flags().DurationVar(&f.drain, "drain", 30*time.Second, "how long events at work may go on when the worker is stopped")
	a.guestsFlag(c)
	c.Flags().BoolVar(&a.private, "allow-private-urls", false, "fetch from loopback and private addresses too")
	return c
}

// workerInfo is what a worker says of itself.
type workerInfo struct {
	Version   string   `json:"version"`
	PID       int      `json:"pid"`
	NATS      string   `json:"nats"`
	Store     string   `json:"store"`
	Functions []string `json:"functions,omitempty"` // none: all
	Steps     int      `json:"steps"`               // that it serves so far
	HTTP      string   `json:"http,omitempty"`
}

func (a *app) worker(ctx context.Context, f *workerFlags) error {
	if f.nats == "" || f.store == "" {
		return usage(errors.New("a worker shares a bus and a store with nodes: name both with --nats and --store"))
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	opts := a.options(metrics.New(registry), narrator{a})
	if err := f.options(opts); err != nil {
		return err
	}
	if err := f.chooseHosts(opts); err != nil {
		return err
	}
	if err := checkDirectory(f.store); err != nil {
		return err
	}
	w, err := node.OpenWorker(ctx, opts)
	if err != nil {
		return f.explain(a, err)
	}
	info := workerInfo{Version: version(), PID: os.Getpid(), NATS: redactURLs(f.nats), Store: f.store, Functions: f.functions}
	if err := a.work(ctx, f, w, registry, &info); err != nil {
		return errors.Join(f.explain(a, err), w.Close())
	}
	a.stopWorker(f, w)
	return w.Close()
}

// chooseHosts leaves the hosts that were asked for.
func (f *workerFlags) chooseHosts(o *node.Options) error {
	if len(f.hosts) == 0 {
		return nil
	}
	if o.Hosts == nil {
		o.Hosts = []host.Host{native.Host{}}
	}
	var names []string
	for _, h := range o.Hosts {
		names = append(names, h.Name())
	}
	for _, name := range f.hosts {
		if !slices.Contains(names, name) {
			return usage(fmt.Errorf("--host: this program has no host %q: it has %s", name, strings.Join(names, ", ")))
		}
	}
	o.Hosts = slices.DeleteFunc(slices.Clone(o.Hosts), func(h host.Host) bool { return !slices.Contains(f.hosts, h.Name()) })
	return nil
}

// checkDirectory refuses a directory that is no store: opening it would make it one.
func checkDirectory(location string) error {
	path, isURL := strings.CutPrefix(location, "file://")
	if !isURL && strings.Contains(location, "://") {
		return nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the store %s is not there: name the store of the nodes; that of a node without --store is the directory store in its folder", location)
	}
	return nil
}

// work serves steps until ctx ends.
func (a *app) work(ctx context.Context, f *workerFlags, w *node.Worker, registry *prometheus.Registry, info *workerInfo) (err error) {
	if info.Steps, err = w.Start(ctx); err != nil {
		return err
	}
	failed := make(chan error, 1)
	if f.listen != "" {
		l, err := net.Listen("tcp", f.listen)
		if errors.Is(err, syscall.EADDRINUSE) && !f.set("listen") {
			l, err = net.Listen("tcp", "127.0.0.1:0")
		}
		if err != nil {
			return fmt.Errorf("%w: choose another address with --listen", err)
		}
		info.HTTP = l.Addr().String()
		// It answers while the worker drains too, and ends with the process.
		serveHTTP(l, workerHandler(w, registry), failed)
	}
	a.announceWorker(info)
	if !seenByAll(f.store) {
		a.say("note: the store %s is a directory: nodes and workers on other machines do not see it, unless they mount it; s3:// serves all", f.store)
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// workerHandler answers who looks after the worker.
func workerHandler(w *node.Worker, registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(rw http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if err := w.Check(ctx); err != nil {
			http.Error(rw, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(rw, `{"status":"ok"}`)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

func (a *app) announceWorker(info *workerInfo) {
	_ = a.print(info, func() {
		functions := "all"
		if len(info.Functions) > 0 {
			functions = strings.Join(info.Functions, ", ")
		}
		fmt.Fprintf(a.out, "%s\n\n", a.style(a.out, bold, "Runnel works on the events of others"))
		fmt.Fprintf(a.out, "  NATS       %s\n  Store      %s\n  Functions  %s\n", info.NATS, info.Store, functions)
		fmt.Fprintf(a.out, "  Steps      %d so far; those of new pipelines are looked for every 2 s\n", info.Steps)
		if info.HTTP != "" {
			fmt.Fprintf(a.out, "  HTTP       http://%s/healthz and /metrics\n", info.HTTP)
		}
		fmt.Fprint(a.out, "\n  Next       SIGTERM finishes what is at work, and stops\n")
	})
}

// stopWorker lets events at work be finished, and says what comes of them.
func (a *app) stopWorker(f *workerFlags, w *node.Worker) {
	a.say("stopping: no more events are taken; those at work may go on for %s, a second signal ends them", f.drain)
	ctx, cancel := context.WithTimeout(context.Background(), f.drain)
	defer cancel()
	if left := w.Drain(ctx); left > 0 {
		a.say("stopped: %d events were not finished and are given back", left)
		return
	}
	a.say("stopped: nothing was left")
}
