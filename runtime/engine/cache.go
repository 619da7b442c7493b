package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// cacheKey names what the result depends on: the function's code, its params,
// the seed and the data of its events, which name their inputs by digest. It is
// "" for a step whose result may not be reused.
func (t *task) cacheKey(ctx context.Context, inv step.Invocation) string {
	build := t.Build
	if h, ok := t.hosts[t.s.Host].(host.Identifier); ok {
		build, _ = h.Identify(ctx, t.s.Fn) // failing that, the host says why when it is called
	}
	if build == "" || t.s.Fn.Effect {
		return ""
	}
	data := [][]byte{events.Identity(inv.Event)}
	for _, e := range inv.Set {
		data = append(data, events.Identity(e))
	}
	b, err := json.Marshal([]any{build, t.s.Function, inv.Params, inv.Seed, inv.Event.Type(), data})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return store.Key("cache", hex.EncodeToString(sum[:]))
}

// cached finds the result of an earlier execution that nothing has changed
// since, and makes its events anew as answers to this event.
func (t *task) cached(ctx context.Context, inv step.Invocation) (step.Result, bool) {
	key := t.cacheKey(ctx, inv)
	if key == "" {
		return step.Result{}, false
	}
	var res step.Result
	if err := t.Store.Get(ctx, key, &res); err != nil {
		return step.Result{}, false
	}
	for _, ref := range res.Outputs {
		if ok, err := t.Store.Has(ctx, ref); !ok || err != nil {
			return step.Result{}, false
		}
	}
	evs, err := events.Recast(res.Events, inv.Event, inv.From, inv.Time)
	if err != nil {
		return step.Result{}, false
	}
	res.Events = evs
	return res, true
}

// remember stores a result for reuse. Steps that take less time than that are
// not worth it. The cache is no record: failing to write it fails nothing.
func (t *task) remember(ctx context.Context, inv step.Invocation, res step.Result, took time.Duration) {
	key := t.cacheKey(ctx, inv)
	if key == "" || took < t.CacheMin {
		return
	}
	if err := t.Store.Create(ctx, key, res); err != nil && !errors.Is(err, store.ErrExists) {
		t.Log.Warn("result not cached", "step", t.s.Name, "error", err)
	}
}
