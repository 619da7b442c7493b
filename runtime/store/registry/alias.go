package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/runtime/store"
)

// An AliasMove is an entry of the history of an alias.
type AliasMove struct {
	Version int `json:"version"`
	// Rollback says that the move went back, so that the version left is not
	// one to go back to.
	Rollback bool      `json:"rollback,omitempty"`
	Cause    string    `json:"cause"`
	At       time.Time `json:"at"`
}

// SetAlias points an alias at a version, once for a cause, and returns the
// version that it pointed to before, 0 for none.
func (r *Registry) SetAlias(ctx context.Context, name, alias string, version int, cause string) (previous int, err error) {
	newest, err := r.newest(ctx, name)
	if err != nil {
		return 0, err
	}
	if version < 1 || version > newest {
		return 0, r.noVersion(name, version, newest)
	}
	_, previous, err = r.move(ctx, name, alias, cause, func([]AliasMove) (AliasMove, error) {
		return AliasMove{Version: version}, nil
	})
	return previous, err
}

// Promote points the alias champion at a version, which must not be rejected,
// and returns the version that it pointed to before, 0 for none.
func (r *Registry) Promote(ctx context.Context, name string, version int, cause string) (previous int, err error) {
	newest, err := r.newest(ctx, name)
	if err != nil {
		return 0, err
	}
	if version < 1 || version > newest {
		return 0, r.noVersion(name, version, newest)
	}
	v, err := r.version(ctx, name, version)
	if err != nil {
		return 0, err
	}
	if v.Stage == Rejected {
		return 0, modelError(name, fmt.Errorf("version %d is rejected: approve it before it is promoted", version))
	}
	return r.SetAlias(ctx, name, Champion, version, cause)
}

// Rollback points an alias at the version that it pointed to before the one of
// now, and returns both. Rolled back again it goes one further, not forth.
func (r *Registry) Rollback(ctx context.Context, name, alias, cause string) (from, to int, err error) {
	if _, err := r.newest(ctx, name); err != nil {
		return 0, 0, err
	}
	to, from, err = r.move(ctx, name, alias, cause, func(past []AliasMove) (AliasMove, error) {
		stack := stackOf(past)
		if len(stack) < 2 {
			return AliasMove{}, fmt.Errorf("the alias %q has no earlier version to go back to: %w", alias, store.ErrNotFound)
		}
		return AliasMove{Version: stack[len(stack)-2], Rollback: true}, nil
	})
	return from, to, err
}

// stackOf is the versions that an alias can go back through, that of now last.
func stackOf(past []AliasMove) []int {
	var stack []int
	for _, m := range past {
		switch {
		case m.Rollback:
			stack = stack[:max(1, len(stack)-1)]
		case len(stack) == 0 || stack[len(stack)-1] != m.Version:
			stack = append(stack, m.Version)
		}
	}
	return stack
}

// move appends a move to an alias, once for a cause, and returns the versions
// that it points to after and before that.
func (r *Registry) move(ctx context.Context, name, alias, cause string, next func(past []AliasMove) (AliasMove, error)) (version, previous int, err error) {
	err = checkAlias(alias)
	if err == nil && cause == "" {
		err = errNoCause
	}
	if err != nil {
		return 0, 0, modelError(name, err)
	}
	key := aliasKey(name, alias)
	seq, err := r.once(ctx, key, cause, func(seq int) (any, error) {
		past, err := history[AliasMove](ctx, r.store, key)
		if err != nil {
			return nil, err
		}
		m, err := next(past[:min(seq-1, len(past))])
		m.Cause, m.At = cause, r.time()
		return m, err
	})
	if err != nil {
		return 0, 0, modelError(name, err)
	}
	var is, was AliasMove
	if err = r.store.At(ctx, key, seq, &is); err == nil && seq > 1 {
		err = r.store.At(ctx, key, seq-1, &was)
	}
	if err != nil {
		return 0, 0, modelError(name, err)
	}
	return is.Version, was.Version, nil
}

// Alias is the version that an alias points to.
func (r *Registry) Alias(ctx context.Context, name, alias string) (int, error) {
	if _, err := r.newest(ctx, name); err != nil {
		return 0, err
	}
	if err := checkAlias(alias); err != nil {
		return 0, modelError(name, err)
	}
	var m AliasMove
	_, err := r.store.Latest(ctx, aliasKey(name, alias), &m)
	if err == nil {
		return m.Version, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return 0, modelError(name, err)
	}
	aliases, lerr := r.list(ctx, aliasesKey(name))
	if lerr != nil {
		return 0, lerr
	}
	hint := nearest.Hint(alias, aliases)
	if hint == "" && len(aliases) > 0 {
		hint = "; its aliases are " + strings.Join(aliases, ", ")
	}
	return 0, fmt.Errorf("the model %q has no alias %q%s: %w", name, alias, hint, store.ErrNotFound)
}

// Aliases are the aliases of a model, and the versions that they point to.
func (r *Registry) Aliases(ctx context.Context, name string) (map[string]int, error) {
	if _, err := r.newest(ctx, name); err != nil {
		return nil, err
	}
	aliases, err := r.list(ctx, aliasesKey(name))
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, a := range aliases {
		if out[a], err = r.Alias(ctx, name, a); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// AliasHistory is the moves of an alias, the first one first.
func (r *Registry) AliasHistory(ctx context.Context, name, alias string) ([]AliasMove, error) {
	if _, err := r.Alias(ctx, name, alias); err != nil {
		return nil, err
	}
	return history[AliasMove](ctx, r.store, aliasKey(name, alias))
}
