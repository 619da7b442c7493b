// Package pipeline reads the definition of a pipeline: which functions are its
// steps, what triggers each, and with which params, limits and retries.
//
// A definition is YAML. The structs here are its one description: the parser,
// the errors with line and column, the JSON Schema and the reference come from them.
package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/filter"
	"github.com/runnel-dev/runnel/runtime/step"
)

// A Spec is the definition of a pipeline.
type Spec struct {
	Name  string `json:"name" doc:"name of the pipeline: lower-case letters, digits and dashes"`
	Doc   string `json:"description" doc:"what the pipeline is for"`
	Host  string `json:"host" default:"native" enum:"native,wasm,lambda" doc:"where the steps' functions run, unless a step says otherwise: in the node, as WASM guests, or as AWS Lambdas"`
	Seed  uint64 `json:"seed" default:"42" doc:"seed of every random choice: the same seed and data give the same model"`
	Steps []Step `json:"steps" doc:"the steps, in any order: events chain them"`

	Functions []Function `json:"functions,omitempty" doc:"functions that the pipeline brings, as WASM modules; a step that names a folder, as in function: ./steps/zscore, adds the one that is in it"`
}

// A Step is a function placed in a pipeline.
type Step struct {
	Name        string         `json:"name" doc:"name of the step, unique in the pipeline"`
	Function    string         `json:"function" doc:"function that the step runs, or the folder of one, such as ./steps/zscore; the step's own name by default"`
	On          []Trigger      `json:"on" doc:"events that the step answers; by default every type that its function accepts and that can come in this pipeline"`
	Join        bool           `json:"join" doc:"wait until every trigger of on has had its event in the run, or, of events that a step fanned out as a set, until it has had those of every member; then run once for all of them"`
	Params      map[string]any `json:"params" doc:"the function's params"`
	Host        string         `json:"host" enum:"native,wasm,lambda" doc:"where the function runs; by default where the pipeline's do, and wasm for a function that is a module"`
	Memory      string         `json:"memory" default:"1GiB" doc:"memory that the function may have, such as 512MiB or 4GiB, where its host can bound it"`
	Timeout     string         `json:"timeout" default:"30m" doc:"time limit of one attempt, such as 90s or 10m"`
	Retry       Retry          `json:"retry" doc:"what happens after an error that may pass"`
	Concurrency int            `json:"concurrency" default:"4" min:"1" max:"256" doc:"events that a node works on at the same time"`
}

// A Trigger matches events. A plain text stands for its type.
type Trigger struct {
	Type    string   `json:"type" doc:"event type, in full or short as in dataset.cleaned"`
	From    []string `json:"from" doc:"only from these steps"`
	Filters []any    `json:"filters" doc:"filters of the CloudEvents Subscriptions API that must all match: exact, prefix, suffix, all, any, not, sql"`
}

// Retry bounds the attempts of a step. Between them it waits a random time up
// to Backoff x 2^attempt, at most Max (full jitter).
type Retry struct {
	Attempts int    `json:"attempts" default:"5" min:"1" max:"100" doc:"attempts before the event goes to the dead letters"`
	Backoff  string `json:"backoff" default:"1s" doc:"longest wait after the first attempt; it doubles with each"`
	Max      string `json:"max" default:"1m" doc:"longest wait between attempts"`
}

// A Pipeline is a Spec that was checked against the functions, with every
// default filled in. It is immutable.
type Pipeline struct {
	Spec
	Version  string // digest of the definition
	Steps    []*BoundStep
	Warnings Problems // of what can be used, and is hardly meant
}

// A BoundStep is a step with its function and what was parsed of its texts.
type BoundStep struct {
	Step
	Fn      *step.Function
	Timeout time.Duration
	Memory  int64 // bytes
	Backoff time.Duration
	MaxWait time.Duration
	filters []filter.Filter // one for each of On
}

// Functions finds a function by name; nil when there is none.
type Functions map[string]*step.Function

// Step finds a step by name; nil when there is none.
func (p *Pipeline) Step(name string) *BoundStep {
	i := slices.IndexFunc(p.Steps, func(s *BoundStep) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return p.Steps[i]
}

// Match returns the index of the first trigger that matches the event, -1 for none.
func (s *BoundStep) Match(e events.Event) int {
	for i, t := range s.On {
		if t.Type != e.Type() || (len(t.From) > 0 && !slices.Contains(t.From, events.Extension(e, events.StepName))) {
			continue
		}
		if s.filters[i](e) {
			return i
		}
	}
	return -1
}

// Emitter names the step as the source of events.
func (p *Pipeline) Emitter(s *BoundStep) events.Emitter {
	return events.Emitter{Pipeline: p.Name, Version: p.Version, Step: s.Name}
}

// Roots lists the types of event that start the pipeline: those that a step
// answers and no step emits.
func (p *Pipeline) Roots() []string {
	emitted := map[string]bool{}
	for _, s := range p.Steps {
		for _, t := range s.Fn.Emits {
			emitted[t] = true
		}
	}
	var roots []string
	for _, s := range p.Steps {
		for _, t := range s.On {
			if !emitted[t.Type] && !slices.Contains(roots, t.Type) {
				roots = append(roots, t.Type)
			}
		}
	}
	return roots
}

// JSON is the definition in canonical form: Parse reads it back.
func (p *Pipeline) JSON() []byte {
	b, err := json.Marshal(p.Spec)
	if err != nil {
		panic(fmt.Sprintf("pipeline %s: %v", p.Name, err)) // made of JSON values: cannot fail
	}
	return b
}

// Shape names what the pipeline's steps are and which types of event they
// answer: versions that differ in params only have the same.
func (p *Pipeline) Shape() string {
	var shape [][]string
	for _, s := range p.Steps {
		line := []string{s.Name}
		for _, t := range s.On {
			line = append(line, t.Type)
		}
		shape = append(shape, line)
	}
	b, err := json.Marshal(shape)
	if err != nil {
		panic(fmt.Sprintf("pipeline %s: %v", p.Name, err)) // made of strings: cannot fail
	}
	return digest(b)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
