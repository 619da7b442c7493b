package serve

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus/structured"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/host/lambda/message"
	"github.com/runnel-dev/runnel/runtime/step"
)

// request answers host lambda. Its errors are an answer too, so that they keep
// their class.
func (s *Server) request(ctx context.Context, payload []byte) ([]byte, error) {
	w, req, err := s.asked(ctx, payload)
	if err != nil {
		s.log.Error("a request of host lambda cannot be answered", "error", err.Error())
		return json.Marshal(message.Response{Error: said(err)})
	}
	if req.DeadlineMS > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(req.DeadlineMS)*time.Millisecond)
		defer cancel()
	}
	return s.answer(ctx, w, step.Invocation{
		Event: req.Event, Set: req.Set, From: events.Emitter(req.From), Params: req.Params,
		Seed: req.Seed, Time: req.Time, Attempt: req.Attempt, Memory: req.Memory,
	})
}

// asked reads a request, from the store where it is there, and opens what it needs.
func (s *Server) asked(ctx context.Context, payload []byte) (*world, *message.Request, error) {
	var req message.Request
	if err := decode(payload, &req); err != nil {
		return nil, nil, err
	}
	if req.ABI > abi.Version {
		return nil, nil, fmt.Errorf("the request is of version %d, and this function knows versions up to %d: build it anew", req.ABI, abi.Version)
	}
	if req.Function != s.fn.Name {
		return nil, nil, fmt.Errorf("the request is for function %q, and this is %s", req.Function, s.fn.Name)
	}
	location, err := s.location(req.Store)
	if err != nil {
		return nil, nil, err
	}
	w, err := s.open(ctx, location, false)
	if err != nil || req.Stored == nil {
		return w, &req, err
	}
	b, err := s.artifact(ctx, w, *req.Stored)
	if err == nil {
		req = message.Request{}
		err = decode(b, &req)
	}
	return w, &req, err
}

// location is the function's own store, or that of a caller where it has none.
func (s *Server) location(asked string) (string, error) {
	location := cmp.Or(s.config.store, asked)
	return location, needs("running the function", map[string]string{EnvStore: location}, EnvStore)
}

// event runs the function once on a CloudEvent, with its own defaults.
func (s *Server) event(ctx context.Context, payload []byte) ([]byte, error) {
	ev, err := structured.Decode(payload)
	if err != nil {
		return nil, err
	}
	location, err := s.location("")
	if err != nil {
		return nil, err
	}
	w, err := s.open(ctx, location, false)
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, w, step.Invocation{
		Event: ev, From: events.Emitter{Pipeline: "invoke", Version: "invoke", Step: s.fn.Name},
		Seed: 42, Time: time.Now(), Attempt: 1,
	})
}

// answer runs the function once and says what came of it; an error of the
// function is an answer too.
func (s *Server) answer(ctx context.Context, w *world, inv step.Invocation) ([]byte, error) {
	a := engine.Activity{Run: events.RunOf(inv.Event), Pipeline: inv.From.Pipeline, Step: inv.From.Step, Event: inv.Event.ID(), Attempt: inv.Attempt}
	res, err := w.engine.Invoke(ctx, s.fn, "lambda", inv, a)
	resp := message.Response{Result: res}
	if err != nil {
		resp.Error = said(err)
	}
	b, err := json.Marshal(resp)
	if err != nil || len(b) <= message.MaxPayload {
		return b, err
	}
	ref, err := w.store.Put(ctx, events.MediaJSON, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return json.Marshal(message.Response{Stored: &ref})
}

// said is an error as it travels.
func said(err error) *abi.Error {
	e := &abi.Error{Class: step.ClassOf(err), Message: err.Error()}
	if classed := (*step.Error)(nil); errors.As(err, &classed) {
		e.Detail = classed.Detail
	}
	return e
}

func (s *Server) artifact(ctx context.Context, w *world, ref events.Ref) ([]byte, error) {
	if ref.Size > message.MaxStored {
		return nil, fmt.Errorf("the request has %d bytes, of at most %d", ref.Size, message.MaxStored)
	}
	b, err := w.store.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	var buf bytes.Buffer
	_, err = buf.ReadFrom(step.ReaderOf(b))
	return buf.Bytes(), err
}

// decode keeps the numbers of params as they are: float64 does not hold every integer.
func decode(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("a request of host lambda: %w", err)
	}
	return nil
}
