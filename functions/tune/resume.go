package tune

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/learn/search"
	"github.com/runnel-dev/runnel/runtime/step"
)

// keepEvery is how much work a crash costs at most, beside the fits in hand.
const keepEvery = 250 * time.Millisecond

// A notebook is what a search in one step goes on from after a crash: the
// outcomes so far, in the order in which they were asked for. The trials that a
// study asks for follow from them, so nothing else is kept.
type notebook struct {
	call   *step.Call
	began  time.Time // of the whole search, as if it had not stopped
	pages  int
	before []entry // of earlier attempts, not yet asked for again
	fresh  []entry // since the last page
	last   time.Time
}

// An entry is one call of a scorer.
type entry struct {
	Params   []map[string]any
	Folds    int
	Outcomes []search.Outcome
}

// A sheet is what is kept at a time.
type sheet struct {
	Spent   time.Duration
	Entries []entry
}

// reopen reads what earlier attempts have kept.
func reopen(ctx context.Context, call *step.Call) (*notebook, error) {
	now := time.Now()
	n := &notebook{call: call, began: now, last: now}
	for {
		var s sheet
		ok, err := call.Kept(ctx, n.page(), &s)
		if err != nil {
			return nil, err
		}
		if !ok {
			return n, nil
		}
		n.pages++
		n.before = append(n.before, s.Entries...)
		n.began = now.Add(-s.Spent)
	}
}

func (n *notebook) page() string { return fmt.Sprintf("%06d", n.pages) }

// recall is what came of the trials in an earlier attempt. From the first on
// that were not the same there, as those of another version of the program, all
// are done anew.
func (n *notebook) recall(trials []search.Trial, folds int) []search.Outcome {
	if len(n.before) == 0 {
		return nil
	}
	e := n.before[0]
	if e.Folds != folds || !same(e.Params, paramsOf(trials)) || len(e.Outcomes) != len(trials) {
		n.before = nil
		return nil
	}
	n.before = n.before[1:]
	return e.Outcomes
}

// write keeps what came of trials.
func (n *notebook) write(ctx context.Context, trials []search.Trial, folds int, outcomes []search.Outcome) error {
	n.fresh = append(n.fresh, entry{paramsOf(trials), folds, outcomes})
	now := time.Now()
	if now.Sub(n.last) < keepEvery {
		return nil
	}
	if err := n.call.Keep(ctx, n.page(), sheet{now.Sub(n.began), n.fresh}); err != nil {
		return err
	}
	n.last, n.fresh = now, nil
	n.pages++
	return nil
}

func paramsOf(trials []search.Trial) []map[string]any {
	out := make([]map[string]any, len(trials))
	for i, t := range trials {
		out[i] = t.Params
	}
	return out
}

// same compares as JSON does, which knows one kind of number.
func same(a, b []map[string]any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
