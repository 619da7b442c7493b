package steptest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/runnel-dev/runnel/runtime/step"
)

// models is the registry in memory.
type models struct {
	mu       sync.Mutex
	versions map[string][]step.ModelVersion // by name, version 1 first
	aliases  map[string]alias               // by name@alias
}

type alias struct {
	version, previous int
	cause             string
}

func (m *models) Register(ctx context.Context, name string, v step.ModelVersion) (step.ModelVersion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.versions[name]
	if i := slices.IndexFunc(known, func(o step.ModelVersion) bool { return o.Cause == v.Cause }); i >= 0 {
		return known[i], ctx.Err()
	}
	if n := len(known); n > 0 {
		if err := step.After(known[n-1], v); err != nil {
			return v, step.Permanent(err)
		}
	}
	v.Name, v.Version = name, len(known)+1
	m.versions[name] = append(known, v)
	return v, ctx.Err()
}

func (m *models) Get(ctx context.Context, name, version string) (step.ModelVersion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.versions[name]
	n, err := strconv.Atoi(version)
	switch {
	case version == "":
		n = len(known)
	case err != nil:
		n = m.aliases[name+"@"+version].version
	}
	if n < 1 || n > len(known) {
		return step.ModelVersion{}, step.Permanent(fmt.Errorf("model %s has no version %q", name, version))
	}
	return known[n-1], ctx.Err()
}

func (m *models) SetAlias(ctx context.Context, name, a string, version int, cause string) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if version < 1 || version > len(m.versions[name]) {
		return 0, step.Permanent(fmt.Errorf("model %s has no version %d", name, version))
	}
	key := name + "@" + a
	old := m.aliases[key]
	if old.cause == cause && old.version == version {
		return old.previous, ctx.Err()
	}
	m.aliases[key] = alias{version, old.version, cause}
	return old.version, ctx.Err()
}
