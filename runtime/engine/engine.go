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
	Fetch     FetchFunc     // nil: functions may fetch nothing
	Build     string        // identifies the functions' code in the step cache; "": no cache
	AckWait   time.Duration // how soon an event comes again after a crash; 0: 5 s
	MaxCrash  int           // deaths of a worker over one event before it is poison; 0: 10
	CacheMin  time.Duration // steps faster than this are not worth caching; 0: 10 ms
	Observer  Observer      // nil: none
	Log       *slog.Logger  // nil: none
	Now       func() time.Time
}

// FetchFunc downloads a URL within limits; the caller closes the body.
type FetchFunc func(ctx context.Context, url string, limits step.FetchLimits) (body io.ReadCloser, mediaType string, err error)

// An Engine runs the steps of pipelines. It is safe for concurrent use.
type Engine struct {
	Config
	hosts  map[string]host.Host
	tables *tableCache

	mu       sync.RWMutex
	current  map[string]*pipeline.Pipeline // by name
	versions map[string]*pipeline.Pipeline // by version
	shapes   map[string]bool               // noted

	subscribing   sync.Mutex
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
		cfg.CacheMin = 10 * time.Millisecond
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
	e := &Engine{
		Config:   cfg,
		hosts:    map[string]host.Host{},
		tables:   newTableCache(512 << 20),
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

// Start makes the pipeline the current one of its name: root events that it
// answers start it. It works on the pipeline's events until ctx ends.
func (e *Engine) Start(ctx context.Context, p *pipeline.Pipeline) error {
	if err := e.Work(ctx, p); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.current[p.Name] = p
	return nil
}

// Work works on events of the pipeline until ctx ends, without making it the
// current one: events that are addressed to this version are answered by it,
// others of the name by theirs.
func (e *Engine) Work(ctx context.Context, p *pipeline.Pipeline) error {
	if err := e.Define(ctx, p); err != nil {
		return err
	}
	if err := e.noteShape(ctx, p); err != nil {
		return err
	}
	for _, s := range p.Steps {
		if e.hosts[s.Host] == nil {
			return fmt.Errorf("pipeline %s: step %s wants host %q, which this node does not have", p.Name, s.Name, s.Host)
		}
		if err := e.subscribe(ctx, p, s); err != nil {
			return fmt.Errorf("pipeline %s: step %s: subscribing to the bus: %w", p.Name, s.Name, err)
		}
	}
	return nil
}

// noteShape records what the pipeline subscribes to, so that Resume finds it
// again after a crash. Versions that differ in params only share a shape.
func (e *Engine) noteShape(ctx context.Context, p *pipeline.Pipeline) error {
	key := store.Key("working", p.Name, p.Shape())
	e.mu.Lock()
	known := e.shapes[key]
	e.shapes[key] = true
	e.mu.Unlock()
	if known {
		return nil
	}
	if err := e.Store.Create(ctx, key, p.Version); err != nil && !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("pipeline %s: %w", p.Name, err)
	}
	return nil
}

// Resume works again on the events of every pipeline that was ever worked on
// in this store: those that a crash or a stop left unanswered.
func (e *Engine) Resume(ctx context.Context) error {
	for key, err := range e.Store.List(ctx, store.Key("working")+"/") {
		if err != nil {
			return err
		}
		var version string
		if err := e.Store.Get(ctx, key, &version); err != nil {
			return err
		}
		p, err := e.version(ctx, version)
		if err != nil {
			e.Log.Warn("a pipeline of before cannot be worked on", "key", key, "error", err)
			continue
		}
		if err := e.Work(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// A subscribed step is one whose events are being worked on.
type subscribed struct {
	filters []bus.Filter
	stop    context.CancelFunc
}

// subscribe makes sure that the step's events are delivered. Versions of a
// pipeline share the subscription of a step: it takes what any of them answers.
func (e *Engine) subscribe(ctx context.Context, p *pipeline.Pipeline, s *pipeline.BoundStep) error {
	name := SubscriptionName(p.Name, s.Name)
	e.subscribing.Lock()
	defer e.subscribing.Unlock()
	old, ok := e.subscriptions[name]
	filters := slices.Clone(old.filters)
	for _, t := range s.On {
		for _, f := range []bus.Filter{{Type: t.Type}, {Pipeline: p.Name, Type: t.Type}} {
			if !slices.Contains(filters, f) {
				filters = append(filters, f)
			}
		}
	}
	if ok && len(filters) == len(old.filters) {
		return nil
	}
	if ok {
		old.stop()
	}
	ctx, stop := context.WithCancel(ctx)
	w := &worker{Engine: e, pipeline: p.Name, step: s.Name}
	err := e.Bus.Subscribe(ctx, bus.Subscription{Name: name, Filters: filters, MaxInFlight: s.Concurrency, AckWait: e.AckWait}, w.deliver)
	if err != nil {
		stop()
		return err
	}
	e.subscriptions[name] = subscribed{filters, stop}
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
	p, err := pipeline.FromSpec(spec, e.Functions)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.versions[v] = p
	return p, nil
}

// Accept takes an event that starts a run. When it returns nil the event is
// durable and its run will be carried to the end. Accepting an event again
// publishes it again, and has no other effect.
func (e *Engine) Accept(ctx context.Context, ev events.Event) error {
	run := Run{ID: events.RunOf(ev), Event: ev, Pipelines: map[string]string{}, AcceptedAt: e.Now().UTC()}
	if name := events.Extension(ev, events.Pipeline); name != "" {
		run.Pipelines[name] = events.Extension(ev, events.PipelineVersion)
	} else {
		for _, p := range e.Pipelines() {
			for _, s := range p.Steps {
				if s.Match(ev) >= 0 {
					run.Pipelines[p.Name] = p.Version
				}
			}
		}
	}
	err := e.Store.Create(ctx, runKey(run.ID), run)
	if err != nil && !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("recording the run of event %s: %w", ev.ID(), err)
	}
	if err := e.Bus.Publish(ctx, ev); err != nil {
		return fmt.Errorf("publishing event %s: %w", ev.ID(), err)
	}
	e.Observer.RunAccepted(run)
	return nil
}

// Addressed makes the event one for a single version of a pipeline.
func Addressed(ev events.Event, p *pipeline.Pipeline) events.Event {
	ev = ev.Clone()
	ev.SetExtension(events.Pipeline, p.Name)
	ev.SetExtension(events.PipelineVersion, p.Version)
	return ev
}
