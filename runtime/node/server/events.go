package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// maxBatch is how many events one request may bring.
const maxBatch = 1000

// ingress accepts CloudEvents from outside, in structured, binary or batch
// mode. They are durable when it answers 202; of a batch all are, or the answer
// is an error and some may be: sending the batch again does no harm.
func (s *server) ingress(w http.ResponseWriter, r *http.Request) {
	evs, err := receive(w, r)
	if err != nil {
		answer(w, nil, err)
		return
	}
	for i, ev := range evs {
		if evs[i], err = events.Foreign(ev); err != nil {
			answer(w, nil, err)
			return
		}
	}
	runs, err := s.accept(r.Context(), evs)
	if err != nil {
		answer(w, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(runs) // the client is gone: nobody to tell
}

// accept accepts several events at once, so that they share what it takes to
// make them durable.
func (s *server) accept(ctx context.Context, evs []events.Event) ([]api.RunStarted, error) {
	runs := make([]api.RunStarted, len(evs))
	errs := make([]error, len(evs))
	var wg sync.WaitGroup
	slots := make(chan struct{}, 64)
	for i, ev := range evs {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			runs[i].Run = events.RunOf(ev)
			errs[i] = s.Node.Engine.Accept(ctx, ev)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return runs, nil
}

func receive(w http.ResponseWriter, r *http.Request) ([]events.Event, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var evs []events.Event
	if strings.HasPrefix(mediaType, "application/cloudevents-batch") {
		evs, err = cehttp.NewEventsFromHTTPRequest(r)
	} else {
		var ev *events.Event
		if ev, err = cehttp.NewEventFromHTTPRequest(r); err == nil {
			evs = []events.Event{*ev}
		}
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("the request is no CloudEvent in structured, binary or batch mode: %w", err)
	case len(evs) == 0:
		return nil, errors.New("the batch holds no events")
	case len(evs) > maxBatch:
		return nil, fmt.Errorf("the batch holds %d events, at most %d are accepted at once", len(evs), maxBatch)
	}
	return evs, nil
}

// putObject takes an upload: durable, and announced, when it answers.
func (s *server) putObject(w http.ResponseWriter, r *http.Request) {
	o, err := s.put(w, r)
	if err != nil {
		answer(w, nil, err)
		return
	}
	ev, err := events.FromObject(o)
	answer(w, api.Uploaded{Object: o, Run: ev.ID()}, err)
}

func (s *server) put(w http.ResponseWriter, r *http.Request) (events.Object, error) {
	in := store.ObjectInput{Bucket: r.PathValue("bucket"), Key: r.PathValue("key"), MediaType: r.Header.Get("Content-Type"), Metadata: map[string]string{}}
	for name, values := range r.Header {
		if key, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-meta-"); ok {
			in.Metadata[key] = values[0]
		}
	}
	if err := s.bucket(r, in.Bucket); err != nil {
		return events.Object{}, err
	}
	return s.Node.Upload(r.Context(), in, http.MaxBytesReader(w, r.Body, s.MaxUpload))
}

// bucket makes the bucket where there is none.
func (s *server) bucket(r *http.Request, name string) error {
	err := s.Node.Store.CreateBucket(r.Context(), name)
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	return err
}

// invoke runs a function once, outside any pipeline.
func (s *server) invoke(w http.ResponseWriter, r *http.Request) {
	res, err := s.invocation(w, r)
	answer(w, res, err)
}

func (s *server) invocation(w http.ResponseWriter, r *http.Request) (*step.Result, error) {
	var req api.Invoke
	if err := readJSON(w, r, &req); err != nil {
		return nil, err
	}
	name := r.PathValue("name")
	fn := s.Functions[name]
	if req.Function != nil {
		var err error
		if fn, err = req.Function.Bind(); err != nil {
			return nil, err
		}
	}
	if fn == nil {
		var names []string
		for n := range s.Functions {
			names = append(names, n)
		}
		return nil, fmt.Errorf("no function %q%s: %w", name, nearest.Hint(name, names), store.ErrNotFound)
	}
	var ev events.Event
	if err := json.Unmarshal(req.Event, &ev); err != nil {
		return nil, fmt.Errorf("the event is no CloudEvent in structured JSON: %w", err)
	}
	if errs := fn.Params.Check(req.Params); len(errs) > 0 {
		return nil, fmt.Errorf("params.%w", errs[0])
	}
	ctx, cancel := context.WithTimeout(r.Context(), 30*time.Minute)
	defer cancel()
	res, err := s.Node.Engine.Invoke(ctx, fn, req.Host, step.Invocation{Event: ev, Params: req.Params, Seed: 42, Time: time.Now(), Attempt: 1,
		From: events.Emitter{Pipeline: "invoke", Version: "0", Step: name}}, engine.Activity{Step: name, Event: ev.ID(), Attempt: 1})
	var failed *step.Error
	if errors.As(err, &failed) && failed.Detail != "" && req.Function != nil {
		err = fmt.Errorf("%w\n\n%s", err, failed.Detail) // what the guest said, for its author
	}
	return &res, err
}
