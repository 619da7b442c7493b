package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/store"
)

// runsBucket holds the files of runs that were asked for by name.
const runsBucket = "runs"

// startRun runs a pipeline over the file in the body.
func (s *server) startRun(w http.ResponseWriter, r *http.Request) {
	run, err := s.start(w, r)
	answer(w, api.RunStarted{Run: run}, err)
}

func (s *server) start(w http.ResponseWriter, r *http.Request) (string, error) {
	var req api.RunRequest
	if err := json.Unmarshal([]byte(r.URL.Query().Get("request")), &req); err != nil {
		return "", fmt.Errorf("the query parameter request: %w", err)
	}
	p, err := s.pipeline(req)
	if err != nil {
		return "", err
	}
	if req.URL != "" {
		return s.Node.RunURL(r.Context(), p, req.URL, req.Metadata)
	}
	if err := s.bucket(r, runsBucket); err != nil {
		return "", err
	}
	key := path.Base(req.Key)
	if key == "." || key == "/" {
		return "", fmt.Errorf("the request names no file: set key")
	}
	return s.Node.Run(r.Context(), p, store.ObjectInput{Bucket: runsBucket, Key: key, MediaType: req.MediaType, Metadata: req.Metadata}, http.MaxBytesReader(w, r.Body, s.MaxUpload))
}

// pipeline reads the definition of the request, or takes the default, with the
// request's params.
func (s *server) pipeline(req api.RunRequest) (*pipeline.Pipeline, error) {
	var p *pipeline.Pipeline
	var err error
	if req.Pipeline == "" {
		p, err = s.Default()
	} else {
		p, err = pipeline.Parse(req.File, strings.NewReader(req.Pipeline), s.Functions)
	}
	if err == nil && req.Host != "" {
		p, err = p.WithHost(req.Host, s.Functions)
	}
	if err == nil && req.Seed != nil {
		p, err = p.WithSeed(*req.Seed, s.Functions)
	}
	if err != nil || len(req.Params) == 0 {
		return p, err
	}
	spec := p.Spec
	spec.Steps = slices.Clone(spec.Steps)
	for name, params := range req.Params {
		i := slices.IndexFunc(spec.Steps, func(s pipeline.Step) bool { return s.Name == name })
		if i < 0 {
			var names []string
			for _, s := range spec.Steps {
				names = append(names, s.Name)
			}
			return nil, fmt.Errorf("pipeline %s has no step %q%s", spec.Name, name, nearest.Hint(name, names))
		}
		merged := merge(spec.Steps[i].Params, params)
		if errs := p.Steps[i].Fn.Params.Check(merged); len(errs) > 0 {
			return nil, fmt.Errorf("step %s: %s", name, p.Steps[i].Fn.Params.Explain(errs[0]))
		}
		if err := p.Steps[i].Fn.Check(merged); err != nil {
			return nil, fmt.Errorf("step %s: %w", name, err)
		}
		spec.Steps[i].Params = merged
	}
	p, err = pipeline.Changed(spec, s.Functions)
	var wrong pipeline.Problems
	if errors.As(err, &wrong) {
		return nil, errors.New(wrong[0].Message) // the request is at fault, which has no lines
	}
	return p, err
}

// merge lays values over base; mappings are merged key by key.
func merge(base, values map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for k, v := range values {
		inner, ok := v.(map[string]any)
		below, ok2 := out[k].(map[string]any)
		if ok && ok2 {
			out[k] = merge(below, inner)
		} else {
			out[k] = v
		}
	}
	return out
}

func (s *server) listRuns(w http.ResponseWriter, r *http.Request) {
	n, err := limit(r, 50)
	if err != nil {
		answer(w, nil, err)
		return
	}
	runs, err := engine.Runs(r.Context(), s.Node.Store, n)
	out := make([]api.RunSummary, 0, len(runs))
	for _, run := range runs {
		st, err := s.Node.Engine.Status(r.Context(), run.ID)
		if err != nil { // one run that cannot be read does not hide the others
			s.Log.Warn("listing the runs", "run", run.ID, "error", err)
			st = &engine.Status{Run: run, State: unreadable}
		}
		s.interrupted(st)
		out = append(out, s.summary(r.Context(), st))
	}
	answer(w, out, err)
}

// unreadable is the state of a run whose records or pipeline cannot be read:
// showing the run tells why.
const unreadable = "unreadable"

// interrupted says of a run that is not over, where nobody works on it, that it
// waits for a node.
func (s *server) interrupted(st *engine.Status) {
	if st.State == engine.Running && !s.Node.Works() {
		st.State = api.Interrupted
	}
}

func (s *server) summary(ctx context.Context, st *engine.Status) api.RunSummary {
	sum := api.RunSummary{ID: st.ID, State: st.State, Subject: st.Event.Subject(), Type: events.ShortType(st.Event.Type()),
		Pipelines: slices.Sorted(maps.Keys(st.Pipelines)), AcceptedAt: st.AcceptedAt, EndedAt: st.EndedAt, Steps: len(st.Steps)}
	ended := map[[2]string]bool{}
	for _, rec := range st.Steps {
		ended[[2]string{rec.Pipeline, rec.Step}] = true
		for _, e := range rec.Events {
			if m, err := events.Data[events.ModelRegisteredData](e); err == nil {
				sum.Model = fmt.Sprintf("%s@%d", m.Name, m.Version)
			}
		}
	}
	sum.Ended = len(ended)
	for _, version := range st.Pipelines {
		if p, err := s.Node.Engine.Definition(ctx, version); err == nil { // else how many it has is not known
			sum.Of += len(p.Steps)
		}
	}
	for _, a := range s.Node.Live.Active(st.ID) {
		if !slices.Contains(sum.Active, a.Step) {
			sum.Active = append(sum.Active, a.Step)
		}
	}
	return sum
}

func (s *server) showRun(w http.ResponseWriter, r *http.Request) {
	id, err := s.findRun(r)
	if err != nil {
		answer(w, nil, err)
		return
	}
	st, err := s.Node.Engine.Status(r.Context(), id)
	if err != nil {
		answer(w, nil, err)
		return
	}
	s.interrupted(st)
	out := api.RunState{Status: *st, Active: s.Node.Live.Active(st.ID)}
	if st.State == engine.Running && len(out.Active) == 0 && len(st.Pending) > 0 {
		due := st.Pending[0]
		taken, waiting, err := s.Node.Elsewhere(r.Context(), due.Pipeline, due.Step)
		if err == nil && taken+waiting > 0 { // else the run is told without it
			out.Elsewhere = &api.Elsewhere{Step: due.Step, Taken: taken, Waiting: waiting}
		}
	}
	answer(w, out, nil)
}

// findRun takes a run's id, or the beginning of one that no other run has.
func (s *server) findRun(r *http.Request) (string, error) {
	id := r.PathValue("run")
	if len(id) >= 36 {
		return id, nil
	}
	if id == "last" {
		runs, err := engine.Runs(r.Context(), s.Node.Store, 1)
		if err != nil {
			return "", err
		}
		if len(runs) > 0 {
			return runs[0].ID, nil
		}
	}
	found, err := engine.RunsLike(r.Context(), s.Node.Store, id)
	if err != nil {
		return "", err
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", fmt.Errorf("no run %q: `runnel runs list` shows those that there are: %w", id, store.ErrNotFound)
	}
	return "", fmt.Errorf("%d runs begin with %q: give more of the id", len(found), id)
}

func (s *server) replayRun(w http.ResponseWriter, r *http.Request) {
	id, err := s.findRun(r)
	if err != nil {
		answer(w, nil, err)
		return
	}
	run, err := s.Node.Engine.Replay(r.Context(), id)
	answer(w, api.RunStarted{Run: run}, err)
}

func (s *server) cancelRun(w http.ResponseWriter, r *http.Request) {
	id, err := s.findRun(r)
	if err == nil {
		err = s.Node.Engine.Cancel(r.Context(), id)
	}
	answer(w, api.RunCancelled{Run: id}, err)
}

// putArtifact stores bytes that no event tells of.
func (s *server) putArtifact(w http.ResponseWriter, r *http.Request) {
	ref, err := s.Node.Store.Put(r.Context(), r.Header.Get("Content-Type"), http.MaxBytesReader(w, r.Body, s.MaxUpload))
	answer(w, ref, err)
}
