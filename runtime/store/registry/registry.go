// Package registry keeps the versions of models, the aliases that point at them
// and the stages that they went through, over the sequences of a store.
//
// All of it is append-only history, moved by compare-and-append, so that any
// number of processes may share a registry: the versions of a model are 1, 2, 3
// without gaps, and what one event asks for is done once however often it asks.
//
// It lies in these sequences:
//
//	models/<name>                    versions
//	model-aliases/<name>/<alias>     versions that the alias pointed at
//	model-stages/<name>/<version>    stages
package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// Champion is the alias of the served version.
const Champion = "champion"

// The stages of a version.
const (
	Registered = "registered"
	Approved   = "approved"
	Rejected   = "rejected"
)

// Options are the choices of a registry; nil is the defaults.
type Options struct {
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// A Registry implements step.Models. It is safe for concurrent use.
type Registry struct {
	store *store.Store
	now   func() time.Time
	mu    sync.Mutex
	seen  map[string]*causes // by key of a sequence
}

var _ step.Models = (*Registry)(nil)

// New is the registry in a store.
func New(s *store.Store, opts *Options) *Registry {
	r := &Registry{store: s, now: time.Now, seen: map[string]*causes{}}
	if opts != nil && opts.Now != nil {
		r.now = opts.Now
	}
	return r
}

func versionsKey(name string) string        { return store.Key("models", name) }
func aliasesKey(name string) string         { return store.Key("model-aliases", name) }
func aliasKey(name, alias string) string    { return store.Key("model-aliases", name, alias) }
func stagesKey(name string, v int) string   { return store.Key("model-stages", name, strconv.Itoa(v)) }
func (r *Registry) time() time.Time         { return r.now().UTC().Round(0) }
func modelError(name string, e error) error { return fmt.Errorf("the model %q: %w", name, e) }

// Register gives the model its next version, or returns the version that the
// event v.Cause gave it before. A version of another target or task than the one
// before is refused.
func (r *Registry) Register(ctx context.Context, name string, v step.ModelVersion) (step.ModelVersion, error) {
	err := checkName(name)
	if err == nil && v.Cause == "" {
		err = errNoCause
	}
	if v.Stage == "" {
		v.Stage = Registered
	}
	if err == nil {
		err = checkStage(v.Stage)
	}
	if err != nil {
		return v, modelError(name, err)
	}
	v.Name = name
	if v.RegisteredAt.IsZero() {
		v.RegisteredAt = r.time()
	}
	key := versionsKey(name)
	var other error
	seq, err := r.once(ctx, key, v.Cause, func(seq int) (any, error) {
		if seq > 1 {
			var before step.ModelVersion
			if err := r.store.At(ctx, key, seq-1, &before); err != nil {
				return nil, err
			}
			if other = step.After(before, v); other != nil {
				return nil, other
			}
		}
		v.Version = seq
		return v, nil
	})
	if other != nil {
		return v, other // which names the model
	}
	if err != nil {
		return v, modelError(name, err)
	}
	return r.version(ctx, name, seq)
}

// Get finds a version by its number or an alias: "3", "champion", or "" for the
// newest. Stage is the one that it is in now.
func (r *Registry) Get(ctx context.Context, name, version string) (step.ModelVersion, error) {
	newest, err := r.newest(ctx, name)
	if err != nil {
		return step.ModelVersion{}, err
	}
	n, notNumber := strconv.Atoi(version)
	switch {
	case version == "":
		n = newest
	case notNumber != nil:
		if n, err = r.Alias(ctx, name, version); err != nil {
			return step.ModelVersion{}, err
		}
	case n < 1 || n > newest:
		return step.ModelVersion{}, r.noVersion(name, n, newest)
	}
	return r.version(ctx, name, n)
}

// version reads a version that exists, with its stage of now.
func (r *Registry) version(ctx context.Context, name string, n int) (v step.ModelVersion, err error) {
	if err := r.store.At(ctx, versionsKey(name), n, &v); err != nil {
		return v, modelError(name, err)
	}
	var s StageChange
	_, err = r.store.Latest(ctx, stagesKey(name, n), &s)
	switch {
	case err == nil:
		v.Stage = s.Stage
	case !errors.Is(err, store.ErrNotFound):
		return v, modelError(name, err)
	}
	return v, nil
}

// newest is the number of versions; an error that lists the nearest names where there is none.
func (r *Registry) newest(ctx context.Context, name string) (int, error) {
	if err := checkName(name); err != nil {
		return 0, modelError(name, err)
	}
	n, err := r.store.Latest(ctx, versionsKey(name), nil)
	if !errors.Is(err, store.ErrNotFound) {
		return n, err
	}
	names, lerr := r.Names(ctx)
	if lerr != nil {
		return 0, lerr
	}
	return 0, fmt.Errorf("there is no model %q%s: %w", name, nearest.Hint(name, names), store.ErrNotFound)
}

func (r *Registry) noVersion(name string, n, newest int) error {
	have := "its only version is 1"
	if newest > 1 {
		have = fmt.Sprintf("its versions are 1 to %d", newest)
	}
	return fmt.Errorf("the model %q has no version %d: %s: %w", name, n, have, store.ErrNotFound)
}

// Names lists the models.
func (r *Registry) Names(ctx context.Context) ([]string, error) { return r.list(ctx, "models") }

// Versions lists the versions of a model, the first one first.
func (r *Registry) Versions(ctx context.Context, name string) ([]step.ModelVersion, error) {
	newest, err := r.newest(ctx, name)
	if err != nil {
		return nil, err
	}
	out := make([]step.ModelVersion, newest)
	for i := range out {
		if out[i], err = r.version(ctx, name, i+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// list is the segments after a key of sequences, as they were before Key.
func (r *Registry) list(ctx context.Context, key string) ([]string, error) {
	var out []string
	for name, err := range r.store.Sequences(ctx, key) {
		if err != nil {
			return nil, err
		}
		out = append(out, store.Parts(name)...)
	}
	return out, nil
}

// A StageChange is an entry of the history of a version's stages.
type StageChange struct {
	Stage string    `json:"stage"`
	Cause string    `json:"cause"`
	At    time.Time `json:"at"`
}

// SetStage moves a version to a stage, once for a cause.
func (r *Registry) SetStage(ctx context.Context, name string, version int, stage, cause string) error {
	newest, err := r.newest(ctx, name)
	if err != nil {
		return err
	}
	if version < 1 || version > newest {
		return r.noVersion(name, version, newest)
	}
	if cause == "" {
		err = errNoCause
	}
	if err == nil {
		err = checkStage(stage)
	}
	if err == nil {
		_, err = r.once(ctx, stagesKey(name, version), cause, func(int) (any, error) {
			return StageChange{stage, cause, r.time()}, nil
		})
	}
	if err != nil {
		return modelError(name, err)
	}
	return nil
}

// Stages is the history of a version's stages, the one that it was registered in first.
func (r *Registry) Stages(ctx context.Context, name string, version int) ([]StageChange, error) {
	newest, err := r.newest(ctx, name)
	if err != nil {
		return nil, err
	}
	if version < 1 || version > newest {
		return nil, r.noVersion(name, version, newest)
	}
	var v step.ModelVersion
	if err := r.store.At(ctx, versionsKey(name), version, &v); err != nil {
		return nil, modelError(name, err)
	}
	later, err := history[StageChange](ctx, r.store, stagesKey(name, version))
	if err != nil {
		return nil, modelError(name, err)
	}
	return append([]StageChange{{v.Stage, v.Cause, v.RegisteredAt}}, later...), nil
}

func history[T any](ctx context.Context, s *store.Store, key string) ([]T, error) {
	var out []T
	for e, err := range s.History(ctx, key, 0) {
		var v T
		if err == nil {
			err = e.Decode(&v)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

var errNoCause = errors.New("it takes a cause, the id of the event that asks, so that it is done once")

func checkStage(stage string) error {
	stages := []string{Registered, Approved, Rejected}
	if slices.Contains(stages, stage) {
		return nil
	}
	return fmt.Errorf("there is no stage %q: the stages are %s%s", stage, strings.Join(stages, ", "), nearest.Hint(stage, stages))
}

// checkName allows what fits in a URL, in a file's name and before @ in name@version.
func checkName(name string) error {
	if !wellFormed(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") {
		return errors.New("a model's name has 1 to 100 letters, digits, dots, hyphens and underscores, and begins with a letter or digit")
	}
	return nil
}

func checkAlias(alias string) error {
	if !wellFormed(alias, "") {
		return fmt.Errorf("the alias %q: an alias has 1 to 100 lower-case letters, digits, dots, hyphens and underscores, and begins with a letter", alias)
	}
	return nil
}

// wellFormed allows lower-case letters and more as the first character.
func wellFormed(s, more string) bool {
	first := "abcdefghijklmnopqrstuvwxyz" + more
	return s != "" && len(s) <= 100 && strings.IndexByte(first, s[0]) >= 0 && strings.Trim(s, first+"0123456789.-_") == ""
}
