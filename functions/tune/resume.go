package tune

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
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
	spent  bool    // no further trial begins: the budget is
	last   time.Time
}

// An entry is what came of a trial on so many folds, or that the budget was found
// to be spent.
type entry struct {
	Trial   map[string]any `json:",omitempty"` // its parameters
	Folds   int            `json:",omitempty"`
	Outcome search.Outcome
	Spent   bool `json:",omitempty"`
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
	out := make([]search.Outcome, len(trials))
	for i, t := range trials {
		if i == len(n.before) || n.before[i].Folds != folds || !same(n.before[i].Trial, t.Params) {
			n.before = nil
			return nil
		}
		out[i] = n.before[i].Outcome
	}
	n.before = n.before[len(trials):]
	return out
}

// begin says how many trials may begin at once, on so many folds each: those that
// find a thread, so that none waits for another when the time is up. The first of
// the search always begins; after a crash those begin that did before it.
func (n *notebook) begin(budget time.Duration, begun, folds int) int {
	switch {
	case len(n.before) > 0 && n.before[0].Spent:
		n.before, n.spent = n.before[1:], true
	case len(n.before) > 0:
		return 1
	case begun > 0 && time.Since(n.began) > budget:
		n.fresh, n.spent = append(n.fresh, entry{Spent: true}), true
	}
	if n.spent {
		return 0
	}
	return max(1, runtime.GOMAXPROCS(0)/folds)
}

// write keeps what came of trials.
func (n *notebook) write(ctx context.Context, trials []search.Trial, folds int, outcomes []search.Outcome) error {
	for i, t := range trials {
		n.fresh = append(n.fresh, entry{Trial: t.Params, Folds: folds, Outcome: outcomes[i]})
	}
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

// same compares as JSON does, which knows one kind of number.
func same(a, b map[string]any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
