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

// Start makes the pipeline the current one of its name and works on its events
// until ctx ends. Events that name another version of the pipeline are worked
// on by that version.
func (e *Engine) Start(ctx context.Context, p *pipeline.Pipeline) error {
	if err := e.Define(ctx, p); err != nil {
		return err
	}
	for _, s := range p.Steps {
		if e.hosts[s.Host] == nil {
			return fmt.Errorf("pipeline %s: step %s wants host %q, which this node does not have", p.Name, s.Name, s.Host)
		}
	}
	e.mu.Lock()
	e.current[p.Name] = p
	e.mu.Unlock()
	for _, s := range p.Steps {
		sub := bus.Subscription{Name: SubscriptionName(p.Name, s.Name), MaxInFlight: s.Concurrency, AckWait: e.AckWait}
		for _, t := range s.On {
			sub.Filters = append(sub.Filters, bus.Filter{Type: t.Type}, bus.Filter{Pipeline: p.Name, Type: t.Type})
		}
		w := &worker{Engine: e, pipeline: p.Name, step: s.Name}
		if err := e.Bus.Subscribe(ctx, sub, w.deliver); err != nil {
			return fmt.Errorf("pipeline %s: step %s: subscribing to the bus: %w", p.Name, s.Name, err)
		}
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
