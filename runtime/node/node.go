// Package node is one process of Runnel: a store, a bus, an engine and the
// pipelines that it works on, in one folder.
package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/jetstream"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/native"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/store"
	"github.com/runnel-dev/runnel/runtime/store/registry"
)

// Options say what a node is made of. Nil means the defaults.
type Options struct {
	Functions pipeline.Functions
	Hosts     []host.Host // what runs functions; nil: native alone. Those with a Close are closed with the node
	Fetch     engine.FetchFunc
	Build     string // identifies the functions' code in the step cache
	Observers []engine.Observer
	Log       *slog.Logger
	Ends      bool          // the process ends once the node is closed, which is then faster
	AckWait   time.Duration // as in engine.Config, like MaxCrash
	MaxCrash  int
	Store     string                     // URL or path of the store; "": the folder store in the node's folder
	NATS      *NATS                      // nil: the embedded bus, in the node's folder
	Serves    func(function string) bool // the functions whose steps are worked on here; nil: all
}

// NATS is an outside server or cluster that nodes and workers share. They share
// the store too.
type NATS struct {
	URLs string // separated by commas
	jetstream.Options
}

// A Node holds a folder: at most one process has it open at a time.
type Node struct {
	Dir      string
	Store    *store.Store
	Registry *registry.Registry
	Engine   *engine.Engine
	Live     *Live

	bus   bus.Bus
	hosts []host.Host
	lock  io.Closer
	log   *slog.Logger

	ends      bool // the process, once this is closed
	shared    bool // the bus and the store, with other processes
	published bool // where it listens is written down
	started   bool // it works on events

	working    context.Context // ends when the node closes
	stop       context.CancelFunc
	background sync.WaitGroup
}

// Open opens the folder, which it creates where there is none. It works on no
// event before Start.
func Open(ctx context.Context, dir string, o *Options) (*Node, error) {
	if o == nil {
		o = &Options{}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the node's folder: %w", err)
	}
	n := &Node{Dir: dir, log: o.Log, hosts: o.Hosts, ends: o.Ends}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	if n.lock, err = lockSoon(ctx, filepath.Join(dir, "node.lock")); err != nil {
		return nil, err
	}
	n.working, n.stop = context.WithCancel(context.WithoutCancel(ctx))
	fail := func(err error) (*Node, error) { return nil, errors.Join(err, n.Close()) }
	if err = os.Remove(runningPath(dir)); err != nil && !errors.Is(err, os.ErrNotExist) { // a killed node left it: nobody listens there
		return fail(err)
	}
	location, alone := o.Store, false
	if location == "" {
		location, alone = filepath.Join(dir, "store"), o.NATS == nil
	}
	if n.Store, err = store.Open(ctx, location, &store.Options{Alone: alone}); err != nil {
		return fail(err)
	}
	n.Registry = registry.New(n.Store, nil)
	if n.bus, err = o.openBus(ctx, dir, n.Store, n.log); err != nil {
		return fail(err)
	}
	n.shared = o.NATS != nil
	n.Live = newLive(o.Observers...)
	n.Engine = o.engine(n.bus, n.Store, n.Registry, n.Live)
	return n, nil
}

// openBus connects to the bus outside, or opens the embedded one.
func (o *Options) openBus(ctx context.Context, dir string, s *store.Store, log *slog.Logger) (bus.Bus, error) {
	if o.NATS != nil {
		opts := o.NATS.Options
		opts.Logger = log
		js, err := o.connect(ctx, opts, s)
		if err != nil {
			return nil, err
		}
		return js, nil
	}
	js, err := jetstream.Open(ctx, filepath.Join(dir, "bus"), &jetstream.Options{Logger: log, Ends: o.Ends})
	if err != nil {
		return nil, fmt.Errorf("the embedded bus: %w", err)
	}
	return js, nil
}

// connect connects to the bus outside, which has to be that of the store:
// jetstream.ErrOtherStore is the reason where it is another's.
func (o *Options) connect(ctx context.Context, opts jetstream.Options, s *store.Store) (_ *jetstream.Bus, err error) {
	if opts.Store, err = s.ID(ctx); err != nil {
		return nil, err
	}
	return jetstream.Connect(ctx, o.NATS.URLs, &opts)
}

func (o *Options) hosts() []host.Host {
	if o.Hosts == nil {
		return []host.Host{native.Host{}}
	}
	return o.Hosts
}

func (o *Options) engine(b bus.Bus, s *store.Store, r *registry.Registry, live *Live) *engine.Engine {
	return engine.New(engine.Config{
		Bus: b, Store: s, Functions: o.Functions, Hosts: o.hosts(), Models: r,
		Fetch: o.Fetch, Build: o.Build, Observer: live, Log: o.Log, AckWait: o.AckWait, MaxCrash: o.MaxCrash,
		Serves: o.Serves, Shared: o.NATS != nil,
	})
}

func closeHosts(hosts []host.Host) error {
	var errs []error
	for _, h := range hosts {
		if c, ok := h.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// Start works on the pipelines' events until the node is closed, and announces
// what was uploaded but not announced before a crash.
func (n *Node) Start(ctx context.Context, pipelines ...*pipeline.Pipeline) error {
	if err := n.Engine.Start(n.working, pipelines...); err != nil {
		return err
	}
	n.started = true
	if err := n.recover(ctx); err != nil {
		return err
	}
	if n.shared {
		n.background.Go(n.keepRecovering)
	}
	return nil
}

func (n *Node) recover(ctx context.Context) error {
	recovered, err := n.Store.Recover(ctx, n.Engine.Accept)
	if err != nil {
		return fmt.Errorf("announcing uploads that were not announced: %w", err)
	}
	if recovered > 0 {
		n.log.Info("announced uploads that had not been announced", "objects", recovered)
	}
	return nil
}

// recoverEvery is how soon an upload is announced that could not be when it was
// made, because the bus outside was away.
const recoverEvery = 15 * time.Second

func (n *Node) keepRecovering() {
	tick := time.NewTicker(recoverEvery)
	defer tick.Stop()
	for {
		select {
		case <-n.working.Done():
			return
		case <-tick.C:
		}
		if err := n.recover(n.working); err != nil && n.working.Err() == nil {
			n.log.Warn("the bus or the store does not answer", "error", err)
		}
	}
}

// Elsewhere counts the events of a step that processes on the bus have, this one
// among them, and those that wait for one. Of a node that shares its bus with
// nobody both are 0.
func (n *Node) Elsewhere(ctx context.Context, pipeline, step string) (taken, waiting int, err error) {
	b, ok := n.bus.(interface {
		Taken(ctx context.Context, name string) (taken, waiting int, err error)
	})
	if !n.shared || !ok {
		return 0, 0, nil
	}
	return b.Taken(ctx, engine.SubscriptionName(pipeline, step))
}

// Works tells whether the node works on events: whether Start was called.
func (n *Node) Works() bool { return n.started }

// Upload stores an object and accepts its event. When it returns nil, both are
// durable: the pipelines that the object triggers will run to their end.
func (n *Node) Upload(ctx context.Context, in store.ObjectInput, r io.Reader) (events.Object, error) {
	for key := range in.Metadata {
		if strings.EqualFold(key, events.MetadataPipeline) {
			return events.Object{}, fmt.Errorf("the metadata key %s is reserved", key)
		}
	}
	o, err := n.Store.PutObject(ctx, in, r)
	if err != nil {
		return o, err
	}
	return o, n.announce(ctx, o)
}

// announce accepts the event of an object that is stored.
func (n *Node) announce(ctx context.Context, o events.Object) error {
	err := n.Store.Announce(ctx, o, n.Engine.Accept)
	if err == nil {
		return nil
	}
	when := "when the node is started next"
	if n.shared && n.started {
		when = fmt.Sprintf("once the bus answers: that is tried every %v", recoverEvery)
	}
	return fmt.Errorf("%w\n%s/%s is kept (version %d), and its run starts %s", err, o.Bucket, o.Key, o.Version, when)
}

// Run uploads an object for one version of a pipeline only, and gives the id
// of the run. Each call is a run of its own, also for the same content.
func (n *Node) Run(ctx context.Context, p *pipeline.Pipeline, in store.ObjectInput, r io.Reader) (run string, err error) {
	work := doing(func() error { return n.Engine.Work(n.working, p) })
	in.ForceVersion = true
	in.Metadata = maps.Clone(in.Metadata)
	if in.Metadata == nil {
		in.Metadata = map[string]string{}
	}
	in.Metadata[events.MetadataPipeline] = p.Name + "@" + p.Version
	o, err := n.Store.PutObject(ctx, in, &endsAfter{r, work})
	if failed := work.wait(); failed != nil {
		return "", failed
	}
	if err != nil {
		return "", err
	}
	ev, err := events.FromObject(o)
	if err != nil {
		return "", err
	}
	return ev.ID(), n.announce(ctx, o)
}

// An endsAfter is a reader that ends, or fails, after something else is done:
// an upload becomes no object before its pipeline is worked on.
type endsAfter struct {
	io.Reader
	other *deed
}

func (e *endsAfter) Read(b []byte) (int, error) {
	n, err := e.Reader.Read(b)
	if errors.Is(err, io.EOF) {
		if failed := e.other.wait(); failed != nil {
			return n, failed
		}
	}
	return n, err
}

// A deed is done by a goroutine of its own.
type deed struct {
	done chan struct{}
	err  error
}

func doing(what func() error) *deed {
	d := &deed{done: make(chan struct{})}
	go func() {
		defer close(d.done)
		d.err = what()
	}()
	return d
}

func (d *deed) wait() error {
	<-d.done
	return d.err
}

// RunURL asks for a URL to be ingested by one version of a pipeline.
func (n *Node) RunURL(ctx context.Context, p *pipeline.Pipeline, url string, metadata map[string]string) (run string, err error) {
	if err := n.Engine.Work(n.working, p); err != nil {
		return "", err
	}
	ev, err := events.NewRoot("/requests", url, time.Now(), events.IngestRequestedData{URL: url, Metadata: metadata}, uuid.NewString())
	if err != nil {
		return "", err
	}
	return ev.ID(), n.Engine.Accept(ctx, engine.Addressed(ev, p))
}

// Close ends the work and gives the folder back. Steps that are at work end
// early; their events come again when the folder is opened next. Closing again
// does nothing.
func (n *Node) Close() error {
	if n.working.Err() != nil {
		return nil
	}
	n.stop()
	n.background.Wait()
	errs := []error{n.unpublish()}
	if n.bus != nil {
		errs = append(errs, n.bus.Close())
	}
	errs = append(errs, closeHosts(n.hosts))
	if n.Store != nil {
		errs = append(errs, n.Store.Close())
	}
	if n.lock != nil {
		errs = append(errs, unlock(n.lock, n.ends))
	}
	return errors.Join(errs...)
}
