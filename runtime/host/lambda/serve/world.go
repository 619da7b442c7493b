package serve

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	awsbus "github.com/runnel-dev/runnel/events/bus/aws"
	"github.com/runnel-dev/runnel/internal/buildid"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/fetch"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
	"github.com/runnel-dev/runnel/runtime/store/registry"
	_ "github.com/runnel-dev/runnel/runtime/store/s3" // s3:// locations
)

// world is what invocations share: opened by the first, so that a start costs
// nothing that may not be needed.
type world struct {
	aws    aws.Config
	store  *store.Store
	engine *engine.Engine
	step   bool // the engine knows the pipeline and publishes
}

// maxCrash is how often the process may die over an event before it is poison.
// On Lambda an event comes again only when its visibility timeout is over.
const maxCrash = 3

// asStep gives the world in which the function is a step.
func (s *Server) asStep(ctx context.Context) (*world, error) {
	if err := s.config.asStep(); err != nil {
		return nil, err
	}
	return s.open(ctx, s.config.store, true)
}

// open gives the world of the store at a location, with what steps need where
// asStep is set. What failed is tried again by the next invocation.
func (s *Server) open(ctx context.Context, location string, asStep bool) (*world, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.worlds[location]
	if old != nil && (old.step || !asStep) {
		return old, nil
	}
	w := &world{step: asStep}
	if old != nil {
		w.store = old.store
	} else {
		var err error
		if w.store, err = store.Open(ctx, location, nil); err != nil {
			return nil, err
		}
	}
	cfg := engine.Config{
		Store: w.store, Models: registry.New(w.store, nil), Functions: pipeline.Functions{s.fn.Name: s.fn}, Bind: s.bind,
		Hosts: s.hosts(), Fetch: fetch.New(&fetch.Options{AllowPrivate: s.config.private}).Get, Build: buildid.ID(),
		AckWait: time.Minute, MaxCrash: maxCrash, Observer: &observer{log: s.log}, Log: s.log,
	}
	if asStep {
		var err error
		if w.aws, err = config.LoadDefaultConfig(ctx); err != nil {
			return nil, fmt.Errorf("the configuration of AWS: %w", err)
		}
		if cfg.Bus, err = awsbus.Open(ctx, w.aws, &awsbus.Options{EventBus: s.config.bus, Logger: s.log}); err != nil {
			return nil, err
		}
	}
	w.engine = engine.New(cfg)
	if asStep {
		p, err := s.pipeline(ctx, w.store)
		if err == nil {
			err = w.engine.Adopt(ctx, p)
		}
		if err != nil {
			return nil, err
		}
	}
	s.worlds[location] = w
	return w, nil
}

// pipeline is the one that the function is a step of.
func (s *Server) pipeline(ctx context.Context, st *store.Store) (*pipeline.Pipeline, error) {
	c := s.config
	var spec pipeline.Spec
	var err error
	if c.definition != "" {
		if spec, err = pipeline.Unpack(c.definition); err != nil {
			return nil, fmt.Errorf("%s: %w", EnvDefinition, err)
		}
	} else if err = st.Get(ctx, store.Key("pipelines", c.version), &spec); err != nil {
		return nil, fmt.Errorf("pipeline %s: the store has no definition of version %s: put it there with `runnel pipeline sam FILE --define %s`: %w", c.name, c.version, c.store, err)
	}
	p, err := s.bind(spec)
	switch {
	case err != nil:
		return nil, err
	case p.Name != c.name || p.Version != c.version:
		return nil, fmt.Errorf("%s says %s@%s and the definition is that of %s@%s: deploy the template of `runnel pipeline sam` as it is", EnvPipeline, c.name, c.version, p.Name, p.Version)
	case p.Step(c.step) == nil:
		return nil, fmt.Errorf("pipeline %s has no step %q: see %s", p.Name, c.step, EnvStep)
	case p.Step(c.step).Function != s.fn.Name:
		return nil, fmt.Errorf("pipeline %s: step %s runs function %s, and this is %s", p.Name, c.step, p.Step(c.step).Function, s.fn.Name)
	}
	return p, nil
}

func (s *Server) bind(spec pipeline.Spec) (*pipeline.Pipeline, error) {
	return pipeline.Part(spec, pipeline.Functions{s.fn.Name: s.fn})
}

// here is this process under the name of a host: whichever one a step names,
// where it was deployed as a Lambda the function runs here.
type here struct {
	name   string
	memory *memory
}

// Name implements host.Host.
func (h here) Name() string { return h.name }

// Run implements host.Host.
func (h here) Run(ctx context.Context, fn *step.Function, inv step.Invocation, env step.Env) (step.Result, error) {
	return h.memory.run(ctx, fn, inv, env)
}

func (s *Server) hosts() (all []host.Host) {
	for _, name := range []string{"native", "lambda", "wasm"} {
		all = append(all, here{name, &s.memory})
	}
	return all
}
