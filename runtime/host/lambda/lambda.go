// Package lambda is the host that runs functions as AWS Lambdas: it invokes them
// and waits for the answer. The other end is package serve.
//
// A function has the artifacts, the model registry and the network of its own
// process, by the store that both share; see Options.Store. So the caller's
// step.Env is asked for nothing but room for what is too large for a message.
// Progress stays in the function's log.
package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/lambda/message"
	"github.com/runnel-dev/runnel/runtime/step"
)

// An Invoker invokes a Lambda and waits for its response. Its errors have a
// class: those of the way there, not those of the function.
type Invoker interface {
	Invoke(ctx context.Context, function string, payload []byte) (Reply, error)
}

// A Reply is what Lambda answers.
type Reply struct {
	Payload []byte
	Failed  bool // the payload says how the invocation failed
}

// Options are the choices of a host; nil means the defaults.
type Options struct {
	// Store gives the location of the caller's store, for functions that have none
	// of their own (RUNNEL_STORE); nil: they have.
	Store func(step.Env) string
}

// A Host runs functions as AWS Lambdas.
type Host struct {
	invoker Invoker
	opts    Options
}

var _ host.Host = (*Host)(nil)

// New makes the host of an invoker.
func New(invoker Invoker, opts *Options) *Host {
	h := &Host{invoker: invoker}
	if opts != nil {
		h.opts = *opts
	}
	return h
}

// Name implements host.Host.
func (*Host) Name() string { return "lambda" }

// Run implements host.Host. Where ctx ends it returns at once; a function that
// was told no deadline goes on until it is done, and nobody hears of it.
func (h *Host) Run(ctx context.Context, fn *step.Function, inv step.Invocation, env step.Env) (step.Result, error) {
	payload, err := h.request(ctx, fn, inv, env)
	if err != nil {
		return step.Result{}, err
	}
	reply, err := h.invoker.Invoke(ctx, fn.Name, payload)
	switch {
	case ctx.Err() != nil:
		return step.Result{}, fmt.Errorf("function %s: %w", fn.Name, ctx.Err())
	case err != nil:
		return step.Result{}, fmt.Errorf("invoking the Lambda of function %s: %w", fn.Name, err)
	case reply.Failed:
		return step.Result{}, failure(fn.Name, reply.Payload)
	}
	return h.result(ctx, fn, reply.Payload, env)
}

// request is the payload that asks for the invocation.
func (h *Host) request(ctx context.Context, fn *step.Function, inv step.Invocation, env step.Env) ([]byte, error) {
	req := message.Request{Invocation: abi.Invocation{
		ABI: abi.Version, Function: fn.Name, Event: inv.Event, Set: inv.Set, From: abi.From(inv.From),
		Params: inv.Params, Seed: inv.Seed, Time: inv.Time, Attempt: inv.Attempt, Memory: inv.Memory,
	}}
	if deadline, ok := ctx.Deadline(); ok {
		req.DeadlineMS = max(1, time.Until(deadline).Milliseconds())
	}
	if h.opts.Store != nil {
		req.Store = h.opts.Store(env)
	}
	b, err := json.Marshal(req)
	if err != nil {
		return nil, step.Permanent(fmt.Errorf("function %s: encoding the invocation: %w", fn.Name, err))
	}
	if len(b) <= message.MaxPayload {
		return b, nil
	}
	ref, err := env.Put(ctx, events.MediaJSON, bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("function %s: storing the invocation: %w", fn.Name, err)
	}
	return json.Marshal(message.Stub{ABI: abi.Version, Function: fn.Name, Store: req.Store, Stored: ref})
}

// result is what the function answered.
func (h *Host) result(ctx context.Context, fn *step.Function, payload []byte, env step.Env) (step.Result, error) {
	var resp message.Response
	err := json.Unmarshal(payload, &resp)
	if err == nil && resp.Stored != nil {
		ref := *resp.Stored
		if payload, err = step.ReadAll(ctx, env, ref, message.MaxStored); err != nil {
			return step.Result{}, fmt.Errorf("function %s: reading its answer: %w", fn.Name, err)
		}
		resp = message.Response{}
		err = json.Unmarshal(payload, &resp)
	}
	if err != nil {
		return step.Result{}, step.Permanent(fmt.Errorf("the Lambda of function %s does not answer as one of this version does: deploy it anew: %w", fn.Name, err))
	}
	if resp.Result.Outputs == nil {
		resp.Result.Outputs = map[string]events.Ref{}
	}
	if e := resp.Error; e != nil {
		return resp.Result, &step.Error{Class: e.Class, Err: errors.New(e.Message), Detail: e.Detail}
	}
	return resp.Result, nil
}

// failure is the error of an invocation that ended without an answer of ours:
// https://docs.aws.amazon.com/lambda/latest/dg/go-exceptions.html
func failure(function string, payload []byte) error {
	var said struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(payload, &said) != nil || said.Message == "" {
		said.Message = strings.TrimSpace(string(payload[:min(len(payload), 1000)]))
	}
	fail := func(class step.Class, hint string) error {
		return &step.Error{Class: class, Err: fmt.Errorf("the Lambda of function %s failed: %s%s", function, said.Message, hint)}
	}
	switch {
	case strings.Contains(said.Message, "Task timed out"):
		return fail(step.ClassTimeout, "")
	case said.Type == "Runtime.OutOfMemory":
		return fail(step.ClassPermanent, ": give the function more memory")
	case strings.Contains(said.Message, "signal: killed"):
		return fail(step.ClassPermanent, ": most likely for want of memory: give the function more")
	case said.Type == "Runtime.ExitError", strings.HasPrefix(said.Message, "RequestId:"):
		return fail(step.ClassPoison, ": its log says why")
	}
	return fail(step.ClassPermanent, "")
}
