// Package step is the contract that a function is written against: typed
// params, named inputs, artifacts and events out, errors with a class.
//
// A function is pure. What it does depends on its event, the artifacts that
// the event names, its params and its seed; clock, storage and publishing are
// given to it by the host that runs it.
package step

import (
	"bytes"
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/schema"
)

// A Function is one small unit of work. It is immutable and safe for concurrent use.
type Function struct {
	Name    string
	Doc     string         // one sentence
	Accepts []string       // event types
	Emits   []string       // event types
	Params  *schema.Schema // described by the params struct
	Effect  bool           // changes more than artifacts (the model registry): never answered from the step cache
	Module  events.Ref     // of a function that is no part of this program: its WASM module
	Loops   bool           // its events may lead back to it: it counts its rounds, and ends
	Uses    []string       // of such a function: what it is granted; see Definition

	// Asks lists those of Emits that, by its params, the function goes on by the
	// answers to; nil: none.
	Asks func(params map[string]any) []string

	// CheckOn says why the params cannot be used on events of a type that the
	// function accepts; nil: what can be used can be on all of them.
	CheckOn func(eventType string, params map[string]any) error

	run   func(ctx context.Context, call *Call) error
	check func(params map[string]any) error
}

// An Option sets a property of a Function.
type Option func(*Function)

// Doc says in a sentence what the function does.
func Doc(text string) Option { return func(f *Function) { f.Doc = text } }

// Accepts lists the event types that the function can be triggered by.
func Accepts(types ...string) Option { return func(f *Function) { f.Accepts = types } }

// Emits lists the event types that the function sends.
func Emits(types ...string) Option { return func(f *Function) { f.Emits = types } }

// Effect marks a function that changes more than artifacts, such as the model
// registry. Its results are recorded as all are, but never reused by the step cache.
func Effect() Option { return func(f *Function) { f.Effect = true } }

// Loops marks a function whose events may lead back to it in a pipeline: one that
// counts its rounds, and ends.
func Loops() Option { return func(f *Function) { f.Loops = true } }

// Asks says which types the function, by its params, goes on by the answers to: a
// pipeline in which no step answers them would end without what it is for.
func Asks(types func(params map[string]any) []string) Option {
	return func(f *Function) { f.Asks = types }
}

// ChecksOn finds params that cannot be used on events of a type, such as those that
// what another step found takes the place of.
func ChecksOn(check func(eventType string, params map[string]any) error) Option {
	return func(f *Function) { f.CheckOn = check }
}

// A Checker is a params struct with rules that bounds and enumerations cannot express.
type Checker interface{ Check() error }

// New makes a function of a handler. P's fields describe the params; see package schema.
func New[P any](name string, handle func(context.Context, *Call, P) error, opts ...Option) *Function {
	s := schema.Of[P]()
	var last atomic.Pointer[checked]
	decode := func(params map[string]any, text []byte) (p P, err error) {
		known := last.Load()
		if known == nil || len(text) == 0 || !bytes.Equal(known.text, text) {
			known = &checked{text: bytes.Clone(text)}
			if known.whole, err = s.Encode(params); err != nil {
				return p, err
			}
			if len(text) > 0 {
				last.Store(known)
			}
		}
		if p, err = schema.Read[P](known.whole); err != nil {
			return p, err
		}
		if c, ok := any(p).(Checker); ok {
			err = c.Check()
		}
		return p, err
	}
	f := &Function{
		Name:   name,
		Params: s,
		run: func(ctx context.Context, call *Call) error {
			p, err := decode(call.Params, call.Text)
			if err != nil {
				return Permanent(fmt.Errorf("params: %w", err))
			}
			return handle(ctx, call, p)
		},
		check: func(params map[string]any) error { _, err := decode(params, nil); return err },
	}
	for _, o := range opts {
		o(f)
	}
	return f
}

// checked are params that were, as JSON: as they came, and complete.
type checked struct{ text, whole []byte }

// Check reports why the params cannot be used; nil when they can.
func (f *Function) Check(params map[string]any) error { return f.check(params) }

// An Invocation is all that an execution of a function depends on, beside the
// bytes of the artifacts that its event names.
type Invocation struct {
	Event   events.Event
	Set     []events.Event // of a step that joins: every event of the set, in order; Event is the joined one
	From    events.Emitter
	Params  map[string]any
	Text    []byte // Params as JSON, where the host has them so: the same text is not checked again
	Seed    uint64
	Time    time.Time // the clock's answer: time of the emitted events
	Attempt int       // from 1
	Memory  int64     // bytes that the function may have, where its host can bound them; 0: as much as the host says
}

// A Result is what an execution did.
type Result struct {
	Events  []events.Event        `json:"events"`
	Outputs map[string]events.Ref `json:"outputs,omitempty"`
	Rows    int64                 `json:"rows,omitempty"`
	Notes   []string              `json:"notes,omitempty"`
}

// Run executes the function. A panic in it becomes a permanent error.
func (f *Function) Run(ctx context.Context, inv Invocation, env Env) (res Result, err error) {
	call := &Call{Invocation: inv, env: env, fn: f, result: Result{Outputs: map[string]events.Ref{}}}
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Class: ClassPermanent, Err: fmt.Errorf("function %s panicked: %v", f.Name, p), Detail: string(debug.Stack())}
		}
		res = call.result
	}()
	if !slices.Contains(f.Accepts, inv.Event.Type()) && len(inv.Set) == 0 {
		return res, Permanent(fmt.Errorf("function %s accepts %v, not %s", f.Name, f.Accepts, inv.Event.Type()))
	}
	return res, f.run(ctx, call)
}
