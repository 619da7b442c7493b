package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
	"github.com/runnel-dev/runnel/runtime/store/registry"
)

// served keeps the models that were used last, decoded. A version does not
// change and a model is named by its digest, so nothing kept is ever stale; what
// an alias means is asked each time. (Stages do change, and do not matter here.)
type served struct {
	node *node.Node

	mu       sync.Mutex
	models   map[string]*model.Model      // by digest of model.json
	order    []string                     // its keys, in the order that they came
	versions map[string]step.ModelVersion // by name@number
	notes    map[string][]string          // by run: what predictions of its model leave out
}

// maxServed is how many models are kept decoded, and maxVersions how many
// versions are known by number.
const (
	maxServed   = 16
	maxVersions = 1024
)

func newServed(n *node.Node) *served {
	return &served{node: n, models: map[string]*model.Model{}, versions: map[string]step.ModelVersion{}, notes: map[string][]string{}}
}

// version finds a version by number or alias.
func (c *served) version(ctx context.Context, name, version string) (step.ModelVersion, error) {
	n, err := strconv.Atoi(version)
	if err != nil {
		if n, err = c.node.Registry.Alias(ctx, name, version); err != nil {
			return step.ModelVersion{}, err
		}
	}
	key := name + "@" + strconv.Itoa(n)
	c.mu.Lock()
	v, ok := c.versions[key]
	c.mu.Unlock()
	if ok {
		return v, nil
	}
	if v, err = c.node.Registry.Get(ctx, name, strconv.Itoa(n)); err != nil {
		return v, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.versions) >= maxVersions {
		clear(c.versions)
	}
	c.versions[key] = v
	return v, nil
}

func (c *served) get(ctx context.Context, ref events.ModelRef) (*model.Model, error) {
	key := ref.Model.Digest
	c.mu.Lock()
	m := c.models[key]
	c.mu.Unlock()
	if m != nil {
		return m, nil
	}
	description, err := c.read(ctx, ref.Model)
	if err != nil {
		return nil, err
	}
	weights, err := c.read(ctx, ref.Weights)
	if err != nil {
		return nil, err
	}
	if m, err = model.Decode(description, weights); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.models[key] == nil {
		c.order = append(c.order, key)
	}
	c.models[key] = m
	if len(c.order) > maxServed {
		delete(c.models, c.order[0])
		c.order = c.order[1:]
	}
	return m, nil
}

// bypassed tells which steps of the run that made a model predictions do not run.
func (s *server) bypassed(ctx context.Context, run string) []string {
	c := s.models
	c.mu.Lock()
	notes, ok := c.notes[run]
	c.mu.Unlock()
	if ok || run == "" {
		return notes
	}
	st, err := s.Node.Engine.Status(ctx, run)
	if err != nil {
		return nil // a model of elsewhere, or of a pipeline that no longer fits
	}
	notes = api.Bypassed(st, func(function string) bool { return s.Functions[function] != nil })
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.notes) >= maxVersions {
		clear(c.notes)
	}
	c.notes[run] = notes
	return notes
}

func (c *served) read(ctx context.Context, ref events.Ref) ([]byte, error) {
	b, err := c.node.Store.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	return io.ReadAll(step.ReaderOf(b))
}

// predict answers a row with {"prediction": ...} and a list of rows with
// {"predictions": [...]}; of classes also with their probabilities, of clusters
// with the distances from their centres, of anomalies with their scores, of recommendations with what they go by.
func (s *server) predict(w http.ResponseWriter, r *http.Request) {
	out, err := s.predictions(w, r)
	var input *model.InputError
	if errors.As(err, &input) {
		err = &api.Error{Status: http.StatusUnprocessableEntity, Message: err.Error(), Column: input.Column}
	}
	answer(w, out, err)
}

func (s *server) predictions(w http.ResponseWriter, r *http.Request) (any, error) {
	v, err := s.version(r)
	if err != nil {
		return nil, err
	}
	m, err := s.models.get(r.Context(), v.Files)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, errors.New(`the body is empty: send a row as a JSON object of column names and values, or a list of rows`)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var rows any
	if err := d.Decode(&rows); err != nil {
		return nil, fmt.Errorf("the body is not JSON: %w", err)
	}
	readDates(m.Inputs, rows)
	notes := s.bypassed(r.Context(), v.Run)
	p, err := m.Ask(rows)
	if err != nil {
		return nil, explained(err, notes)
	}
	notes = append(slices.Clone(notes), p.Notes()...)
	out := api.Predictions(p)
	if single(rows) {
		out = api.Prediction(p)
	}
	out["model"], out["version"] = v.Name, v.Version
	if len(notes) > 0 {
		out["notes"] = notes
	}
	return out, nil
}

// explained adds to an error of a row which steps did not see it.
func explained(err error, notes []string) error {
	var input *model.InputError
	if len(notes) == 0 || !errors.As(err, &input) {
		return err
	}
	return fmt.Errorf("%w\nNote: %s", err, strings.Join(notes, "\nNote: "))
}

// single tells a row from a list of rows: a row is an object, or a list of values.
func single(rows any) bool {
	list, ok := rows.([]any)
	if !ok || len(list) == 0 {
		return !ok
	}
	switch list[0].(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// version finds the model that a request is for: by name and version, or, of
// POST /predict, the one model that there is.
func (s *server) version(r *http.Request) (step.ModelVersion, error) {
	name, version := r.PathValue("name"), r.URL.Query().Get("version")
	if name == "" {
		name = r.URL.Query().Get("model")
	}
	if name == "" {
		names, err := s.Node.Registry.Names(r.Context())
		if err != nil {
			return step.ModelVersion{}, err
		}
		switch len(names) {
		case 0:
			return step.ModelVersion{}, fmt.Errorf("no model is registered yet: %w", store.ErrNotFound)
		case 1:
			name = names[0]
		default:
			return step.ModelVersion{}, fmt.Errorf("there are %d models (%v): name one, as in POST /v1/models/%s/predict", len(names), names, names[0])
		}
	}
	if version != "" {
		return s.models.version(r.Context(), name, version)
	}
	v, err := s.models.version(r.Context(), name, registry.Champion)
	if err != nil {
		if _, nerr := s.Node.Registry.Versions(r.Context(), name); nerr == nil {
			return v, fmt.Errorf("model %s has no version that is served: `runnel models promote %s VERSION` makes one so, or name one with ?version=: %w", name, name, store.ErrNotFound)
		}
	}
	return v, err
}
