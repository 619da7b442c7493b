// Package engine takes events to committed effects. For each event that a step
// answers it runs the step's function, at least once, and makes its effects
// happen exactly once:
//
//	artifacts by digest -> result record, created if absent -> emitted events
//	published with ids that follow from the triggering event -> acknowledgement
//
// A redelivery that finds the record publishes from it again and runs nothing.
// Nothing else chains steps, and there is no central orchestrator: a node may
// stop at any point, and whichever node gets the event next goes on.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// Config is what an engine is made of. Bus, Store, Functions and Hosts are needed.
type Config struct {
	Bus       bus.Bus
	Store     *store.Store
	Functions pipeline.Functions
	Hosts     []host.Host
	Models    step.Models
	Fetch     FetchFunc                  // nil: functions may fetch nothing
	Bind      BindFunc                   // nil: pipeline.FromSpec with Functions
	Build     string                     // identifies the functions' code in the step cache; "": no cache
	Serves    func(function string) bool // the functions whose steps are worked on here; nil: all
	Shared    bool                       // other processes work on the same bus and store: a run is recorded by who accepts it
	AckWait   time.Duration              // how soon an event comes again after a crash; 0: 5 s
	MaxCrash  int                        // deaths of a worker over one event before it is poison; 0: 10. See deaths.go
	CacheMin  time.Duration              // steps faster than this are not worth caching; 0: CacheMin
	Observer  Observer                   // nil: none
	Log       *slog.Logger               // nil: none
	Now       func() time.Time
}

// CacheMin is the time under which running a step again is cheaper than the
// durable record of its result.
const CacheMin = 10 * time.Millisecond

// FetchFunc downloads a URL within limits; the caller closes the body.
type FetchFunc func(ctx context.Context, url string, limits step.FetchLimits) (body io.ReadCloser, mediaType string, err error)

// BindFunc makes a pipeline of a definition that was stored.
type BindFunc func(pipeline.Spec) (*pipeline.Pipeline, error)

// An Engine runs the steps of pipelines. It is safe for concurrent use.
type Engine struct {
	Config
	hosts  map[string]host.Host
	tables *tableCache
	runs   *runs
	busy   *keyedLock // the records that are being made in this process
	atWork *atWork
	others sync.RWMutex // held for reading by every execution, and for writing by one that must be alone

	mu       sync.RWMutex
	current  map[string]*pipeline.Pipeline // by name
	versions map[string]*pipeline.Pipeline // by version
	shapes   map[string]bool               // noted

	desk          desk
	subscribing   sync.Mutex
	draining      bool                  // no subscription is made any more
	subscriptions map[string]subscribed // by name
}

// New makes an engine. It answers no event until pipelines are added.
func New(cfg Config) *Engine {
	if cfg.AckWait == 0 {
		cfg.AckWait = 5 * time.Second
	}
	if cfg.MaxCrash == 0 {
		cfg.MaxCrash = 10
	}
	if cfg.CacheMin == 0 {
		cfg.CacheMin = CacheMin
	}
	if cfg.Observer == nil {
		cfg.Observer = nobody{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Bind == nil {
		cfg.Bind = func(spec pipeline.Spec) (*pipeline.Pipeline, error) { return pipeline.FromSpec(spec, cfg.Functions) }
	}
	e := &Engine{
		Config:   cfg,
		hosts:    map[string]host.Host{},
		tables:   newTableCache(128 << 20),
		runs:     newRuns(),
		busy:     newKeyedLock(),
		atWork:   newAtWork(),
		current:  map[string]*pipeline.Pipeline{},
		versions: map[string]*pipeline.Pipeline{},
		shapes:   map[string]bool{},

		subscriptions: map[string]subscribed{},
	}
	for _, h := range cfg.Hosts {
		e.hosts[h.Name()] = h
	}
	return e
}

// Define stores the definition of a pipeline, so that events of this version
// can be worked on wherever they arrive.
func (e *Engine) Define(ctx context.Context, p *pipeline.Pipeline) error {
	err := e.Store.Create(ctx, store.Key("pipelines", p.Version), p.Spec)
	if err != nil && !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("pipeline %s: storing its definition: %w", p.Name, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.versions[p.Version] = p
	return nil
}

// Start makes the pipelines the current ones of their names: root events that
// they answer start them. Until ctx ends it works on their events and on those
// of every pipeline that was ever worked on in this store, which a crash or a
// stop may have left unanswered.
func (e *Engine) Start(ctx context.Context, ps ...*pipeline.Pipeline) error {
	for _, p := range ps {
		if err := e.prepare(ctx, p); err != nil {
			return err
		}
	}
	e.mu.Lock()
	for _, p := range ps {
		e.current[p.Name] = p
	}
	e.mu.Unlock()
	e.warm(ctx, ps...)
	return e.resume(ctx, ps)
}

// Work works on events of the pipeline until ctx ends, without making it the
// current one: events that are addressed to this version are answered by it,
// others of the name by theirs.
func (e *Engine) Work(ctx context.Context, p *pipeline.Pipeline) error {
	if err := e.prepare(ctx, p); err != nil {
		return err
	}
	e.warm(ctx, p)
	if e.Shared {
		return e.resume(ctx, []*pipeline.Pipeline{p})
	}
	return e.subscribe(ctx, []*pipeline.Pipeline{p})
}

// prepare stores what is needed to work on the pipeline's events after a crash.
func (e *Engine) prepare(ctx context.Context, p *pipeline.Pipeline) error {
	for _, s := range p.Steps {
		if e.hosts[s.Host] == nil {
			return fmt.Errorf("pipeline %s: step %s wants host %q, which this node does not have", p.Name, s.Name, s.Host)
		}
		if h, ok := e.hosts[s.Host].(host.Identifier); ok && !e.Shared { // another process may have the code
			if _, err := h.Identify(ctx, s.Fn); err != nil {
				return fmt.Errorf("pipeline %s: step %s: host %s: %w", p.Name, s.Name, s.Host, err)
			}
		}
	}
	if err := e.Define(ctx, p); err != nil {
		return err
	}
	return e.noteShape(ctx, p)
}

// noteShape records what the pipeline subscribes to. Versions that differ in
// params only share a shape.
func (e *Engine) noteShape(ctx context.Context, p *pipeline.Pipeline) error {
	key := store.Key("working", p.Name, p.Shape())
	e.mu.RLock()
	known := e.shapes[key]
	e.mu.RUnlock()
	if known {
		return nil
	}
	if err := e.Store.Create(ctx, key, p.Version); err != nil && !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("pipeline %s: %w", p.Name, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.shapes[key] = true
	return nil
}

// worked gives a pipeline of each shape that was ever worked on in this store.
func (e *Engine) worked(ctx context.Context) ([]*pipeline.Pipeline, error) {
	var ps []*pipeline.Pipeline
	for key, err := range e.Store.List(ctx, store.Key("working")+"/") {
		if err != nil {
			return nil, err
		}
		var version string
		if err := e.Store.Get(ctx, key, &version); err != nil {
			return nil, err
		}
		p, err := e.version(ctx, version)
		if err != nil {
			e.Log.Warn("a pipeline of before cannot be worked on", "key", key, "error", err)
			continue
		}
		ps = append(ps, p)
	}
	return ps, nil
}

// A subscribed step is one whose events are being worked on.
type subscribed struct {
	filters     []bus.Filter
	concurrency int
	served      bool // here; else it is made for others to serve
	stop        context.CancelFunc
}

// subscribe makes sure that the events of the pipelines' steps are delivered.
// Versions of a pipeline share the subscription of a step, which takes what any
// of them answers. It never takes less than before: a durable subscription that
// is narrowed, if only until it is widened again, passes over events.
func (e *Engine) subscribe(ctx context.Context, ps []*pipeline.Pipeline) error {
	e.subscribing.Lock()
	defer e.subscribing.Unlock()
	type wanted struct {
		worker
		subscribed
	}
	var names []string
	wants := map[string]*wanted{}
	for _, p := range ps {
		for _, s := range p.Steps {
			name := SubscriptionName(p.Name, s.Name)
			w := wants[name]
			if w == nil {
				have := e.subscriptions[name]
				have.filters = slices.Clone(have.filters)
				w = &wanted{worker{e, p.Name, s.Name}, have}
				wants[name] = w
				names = append(names, name)
			}
			for _, t := range s.On {
				for _, f := range []bus.Filter{{Type: t.Type}, {Pipeline: p.Name, Type: t.Type}} {
					if !slices.Contains(w.filters, f) {
						w.filters = append(w.filters, f)
					}
				}
			}
			w.concurrency = max(w.concurrency, s.Concurrency)
			w.served = w.served || e.serves(s)
		}
	}
	for _, name := range names {
		have, w := e.subscriptions[name], wants[name]
		if len(w.filters) == len(have.filters) && w.concurrency == have.concurrency && w.served == have.served {
			continue
		}
		if have.stop != nil {
			have.stop()
		}
		var err error
		if w.stop, err = e.take(ctx, w.worker, w.subscribed); err != nil {
			return err
		}
		e.subscriptions[name] = w.subscribed
	}
	return nil
}

// SubscriptionName is the durable subscription of a step.
func SubscriptionName(pipeline, step string) string { return pipeline + "_" + step }

// Pipelines lists the current pipelines.
func (e *Engine) Pipelines() []*pipeline.Pipeline {
	e.mu.RLock()
	defer e.mu.RUnlock()
	out := make([]*pipeline.Pipeline, 0, len(e.current))
	for _, p := range e.current {
		out = append(out, p)
	}
	return out
}

// Definition finds a version of a pipeline that was worked on in this store, by
// the digest of its definition.
func (e *Engine) Definition(ctx context.Context, version string) (*pipeline.Pipeline, error) {
	return e.version(ctx, version)
}

// version finds a pipeline by the digest of its definition.
func (e *Engine) version(ctx context.Context, v string) (*pipeline.Pipeline, error) {
	e.mu.RLock()
	p := e.versions[v]
	e.mu.RUnlock()
	if p != nil {
		return p, nil
	}
	var spec pipeline.Spec
	if err := e.Store.Get(ctx, store.Key("pipelines", v), &spec); err != nil {
		return nil, fmt.Errorf("the definition of pipeline version %s: %w", v, err)
	}
	p, err := e.Bind(spec)
	if err != nil {
		return nil, &unfit{spec, v, err}
	}
	p.Version = v // also where defaults that are new made the definition another
	e.mu.Lock()
	defer e.mu.Unlock()
	e.versions[v] = p
	return p, nil
}

// Addressed makes the event one for a single version of a pipeline.
func Addressed(ev events.Event, p *pipeline.Pipeline) events.Event {
	ev = ev.Clone()
	ev.SetExtension(events.Pipeline, p.Name)
	ev.SetExtension(events.PipelineVersion, p.Version)
	return ev
}
