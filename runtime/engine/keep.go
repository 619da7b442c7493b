package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// keeper is the environment of a step that answers an event: what the step keeps
// are records beside its answer, which go once that stands.
type keeper struct {
	env
	t *task
}

var _ step.Keeper = (*keeper)(nil)

func keptKey(answer string) string { return store.Key("kept", answer) }

// Keep implements step.Keeper.
func (k *keeper) Keep(ctx context.Context, name string, b []byte) error {
	k.t.keeps = true
	err := k.Store.Create(ctx, keptKey(k.t.answerID())+"/"+store.Key(name), json.RawMessage(b))
	if err == nil || errors.Is(err, store.ErrExists) {
		return nil
	}
	return world(fmt.Errorf("keeping %s: %w", name, err))
}

// Kept implements step.Keeper.
func (k *keeper) Kept(ctx context.Context, name string) ([]byte, error) {
	if !k.t.again {
		return nil, nil // the first to see the event
	}
	k.t.keeps = true
	var b json.RawMessage
	err := k.Store.Get(ctx, keptKey(k.t.answerID())+"/"+store.Key(name), &b)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return b, world(err)
}

// forgetKept removes what an answered step has kept.
func (t *task) forgetKept(ctx context.Context) {
	if !t.keeps {
		return
	}
	for key, err := range t.Store.List(ctx, keptKey(t.answerID())+"/") {
		if err == nil {
			err = t.Store.Delete(ctx, key)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Log.Warn("what a step has kept stays, though it is answered", "step", t.s.Name, "event", t.event.ID(), "error", err)
			return
		}
	}
}
