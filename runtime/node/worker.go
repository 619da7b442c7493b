package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/runnel-dev/runnel/events/bus/jetstream"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/store"
	"github.com/runnel-dev/runnel/runtime/store/registry"
)

// lookEvery is how long the steps of a pipeline whose shape is new may wait for
// a worker to find them. Versions that differ in params only wait for nothing.
const lookEvery = 2 * time.Second

// A Worker works on the events of nodes elsewhere, with which it shares a bus
// and a store. It has no folder and nothing is uploaded to it, so any number may
// run, on this machine and on others.
type Worker struct {
	Store  *store.Store
	Engine *engine.Engine
	Live   *Live

	bus     *jetstream.Bus
	hosts   []host.Host
	working context.Context // ends when the worker closes
	stop    context.CancelFunc
}

// OpenWorker opens the bus and the store of the options, which name both. It
// works on no event before Start. jetstream.ErrNoStream is the reason where no
// node has used the bus yet, and jetstream.ErrOtherStore where one with another
// store has.
func OpenWorker(ctx context.Context, o *Options) (*Worker, error) {
	if o == nil || o.NATS == nil || o.Store == "" {
		return nil, errors.New("a worker shares a bus and a store with nodes: name both")
	}
	w := &Worker{Live: newLive(o.Observers...), hosts: o.Hosts}
	w.working, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	fail := func(err error) (*Worker, error) { return nil, errors.Join(err, w.Close()) }
	opts := o.NATS.Options
	opts.Attach, opts.Logger = true, o.Log
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if w.Store, err = store.Open(ctx, o.Store, nil); err != nil {
		return fail(err)
	}
	if w.bus, err = o.connect(ctx, opts, w.Store); err != nil {
		return fail(err)
	}
	w.Engine = o.engine(w.bus, w.Store, registry.New(w.Store, nil), w.Live)
	return w, nil
}

// Start works on events until the worker is closed, and gives the number of
// steps that it serves so far. It refuses a store that no node uses, which is
// another one than that of the nodes on its bus.
func (w *Worker) Start(ctx context.Context) (steps int, err error) {
	for _, err := range w.Store.List(ctx, store.Key("working")+"/") {
		if err != nil {
			return 0, err
		}
		return w.Engine.Follow(w.working, lookEvery)
	}
	return 0, ErrNoPipelines
}

// ErrNoPipelines is the reason why a worker does not start.
var ErrNoPipelines = errors.New("no node has worked with this store")

// Check is nil while the worker can work: it has a connection to the bus, and
// the store answers.
func (w *Worker) Check(ctx context.Context) error {
	if err := w.bus.Connected(); err != nil {
		return err
	}
	var nothing any
	err := w.Store.Get(ctx, store.Key("health"), &nothing)
	if errors.Is(err, store.ErrNotFound) {
		return nil // it answers
	}
	return err
}

// Drain takes no more events, and waits until those at work are answered or ctx
// ends. It returns how many are not: closing gives them back, for others to take.
func (w *Worker) Drain(ctx context.Context) (left int) { return w.Engine.Drain(ctx) }

// Close ends the work. What is not answered is given back.
func (w *Worker) Close() error {
	w.stop()
	var errs []error
	if w.bus != nil {
		errs = append(errs, w.bus.Close())
	}
	errs = append(errs, closeHosts(w.hosts))
	if w.Store != nil {
		errs = append(errs, w.Store.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the worker: %w", err)
	}
	return nil
}
