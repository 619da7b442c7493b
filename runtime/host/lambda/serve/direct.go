package serve

import (
	"bytes"
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

// request answers host lambda.
func (s *Server) request(ctx context.Context, payload []byte) ([]byte, error) {
	w, err := s.open(ctx, false)
	if err != nil {
		return nil, err
	}
	var req message.Request
	if err := decode(payload, &req); err != nil {
		return nil, err
	}
	if req.ABI > abi.Version {
		return nil, fmt.Errorf("the request is of version %d, and this function knows versions up to %d: build it anew", req.ABI, abi.Version)
	}
	if req.Stored != nil {
		b, err := s.artifact(ctx, w, *req.Stored)
		if err == nil {
			req = message.Request{}
			err = decode(b, &req)
		}
		if err != nil {
			return nil, err
		}
	}
	if req.Function != s.fn.Name {
		return nil, fmt.Errorf("the request is for function %q, and this is %s", req.Function, s.fn.Name)
	}
	if req.DeadlineMS > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(req.DeadlineMS)*time.Millisecond)
		defer cancel()
	}
	return s.answer(ctx, w, step.Invocation{
		Event: req.Event, Set: req.Set, From: events.Emitter(req.From), Params: req.Params,
		Seed: req.Seed, Time: req.Time, Attempt: req.Attempt,
	})
}

// event runs the function once on a CloudEvent, with its own defaults.
func (s *Server) event(ctx context.Context, payload []byte) ([]byte, error) {
	ev, err := structured.Decode(payload)
	if err != nil {
		return nil, err
	}
	w, err := s.open(ctx, false)
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
		resp.Error = &abi.Error{Class: step.ClassOf(err), Message: err.Error()}
		var classed *step.Error
		if errors.As(err, &classed) {
			resp.Error.Detail = classed.Detail
		}
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

// maxStored bounds a request that comes by the store.
const maxStored = 256 << 20

func (s *Server) artifact(ctx context.Context, w *world, ref events.Ref) ([]byte, error) {
	if ref.Size > maxStored {
		return nil, fmt.Errorf("the request has %d bytes, of at most %d", ref.Size, maxStored)
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
