package step

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/internal/json"
)

// A Keeper is an Env that keeps what a long step has come to until the step is
// answered: an attempt after a crash finds it.
type Keeper interface {
	Env
	// Keep stores bytes under a name, durable when it returns nil. What is kept
	// under a name stays as it is.
	Keep(ctx context.Context, name string, b []byte) error
	// Kept reads them; nil where there are none.
	Kept(ctx context.Context, name string) ([]byte, error)
}

// Keep stores v as JSON for a later attempt at the same event. A host that keeps
// nothing, such as a guest, leaves it: the next attempt begins anew. What a
// function answers must not depend on it.
func (c *Call) Keep(ctx context.Context, name string, v any) error {
	k, ok := c.env.(Keeper)
	if !ok {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("keeping %s: %w", name, err)
	}
	return k.Keep(ctx, name, b)
}

// Kept reads into v what an earlier attempt has kept; false where it has not, or
// where it was of another make.
func (c *Call) Kept(ctx context.Context, name string, v any) (bool, error) {
	k, ok := c.env.(Keeper)
	if !ok {
		return false, nil
	}
	b, err := k.Kept(ctx, name)
	if b == nil || err != nil {
		return false, err
	}
	return json.Unmarshal(b, v) == nil, nil
}
