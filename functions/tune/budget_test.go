package tune_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/functions/tune"
)

// TestBudget begins no more trials than there are threads for where the budget is
// spent at once, and those are the ones that a search without one begins with.
func TestBudget(t *testing.T) {
	r := penguins(t, "species")
	const three = `"folds": 3, "space": {"logistic.c": {"log_uniform": [0.001, 100]}}`
	for name, c := range map[string]struct {
		params string
		least  int // folds that a trial begins on
		most   int // trials that could begin together
	}{
		"random":    {`"sampler": "random", ` + three, 3, 32},
		"batch":     {`"batch": 8, ` + three, 3, 8},
		"grid":      {`"sampler": "grid", "folds": 3, "space": {"logistic.c": [0.01, 0.1, 1, 10, 100]}`, 3, 5},
		"halving":   {`"prune": "halving", ` + three, 1, 9},
		"hyperband": {`"prune": "hyperband", ` + three, 1, 3},
		"auto":      {`"auto": true, "models": ["logistic", "random_forest"], "folds": 3`, 3, 2},
	} {
		t.Run(name, func(t *testing.T) {
			res := r.Env.Invoke(t, tune.Function, r.Built, params(t, `{"budget": "1ns", `+c.params+`}`))
			f := read(t, r, res)
			want := min(c.most, max(1, runtime.GOMAXPROCS(0)/c.least))
			if f.Trials != want || len(f.study.Running()) > 0 {
				t.Errorf("%d trials, want %d; %d are left", f.Trials, want, len(f.study.Running()))
			}
			if note := fmt.Sprintf("the budget of 1ns was spent after trial %d", want); !slices.Contains(res.Notes, note) {
				t.Errorf("notes %q, want %q", res.Notes, note)
			}
			if best, _ := f.study.Best(); len(best.Scores) != 3 {
				t.Errorf("the best was measured on %d folds", len(best.Scores))
			}
			whole := read(t, r, r.Env.Invoke(t, tune.Function, r.Built, params(t, `{"trials": 5, `+c.params+`}`)))
			for i, x := range f.study.Trials() {
				if y := whole.study.Trials()[i]; fmt.Sprint(x.Params) != fmt.Sprint(y.Params) || x.Scores[0] != y.Scores[0] {
					t.Errorf("trial %d: %v %v, without a budget %v %v", i, x.Params, x.Scores, y.Params, y.Scores)
				}
			}
		})
	}
}

// TestEnoughTime comes to the same with a budget that is not spent as without one.
func TestEnoughTime(t *testing.T) {
	r := penguins(t, "sex")
	p := `"auto": true, "prune": "halving", "metric": "log_loss", "trials": 14, ` + fmt.Sprintf(small, "logistic", "c")
	without := r.Env.Invoke(t, tune.Function, r.Built, params(t, `{`+p+`}`))
	with := r.Env.Invoke(t, tune.Function, r.Built, params(t, `{"budget": "1h", `+p+`}`))
	for _, name := range []string{"study", "choice"} {
		if with.Outputs[name] != without.Outputs[name] {
			t.Errorf("%s is %s, without a budget %s", name, with.Outputs[name].Digest, without.Outputs[name].Digest)
		}
	}
}

// TestSpentBeforeCrash ends a bracket after a crash with the trials that had begun
// before it, though there would be time again.
func TestSpentBeforeCrash(t *testing.T) {
	const spec = `{"sampler": "random", "budget": "1h", "prune": "halving", "folds": 3, "trials": %d, "space": {"logistic.c": {"log_uniform": [0.001, 100]}}}`
	r := penguins(t, "species")
	whole := read(t, r, r.Env.Invoke(t, tune.Function, r.Built, params(t, fmt.Sprintf(spec, 4))))
	var entries []map[string]any
	for _, trial := range whole.study.Trials() {
		entries = append(entries, begun(trial))
	}
	res := again(t, r, params(t, fmt.Sprintf(spec, 30)), append(entries, map[string]any{"Spent": true}))
	f := read(t, r, res)
	if got, want := fmt.Sprint(f.study.Trials()), fmt.Sprint(whole.study.Trials()); got != want {
		t.Errorf("went on to\n%s, want\n%s", got, want)
	}
	if want := "the budget of 1h was spent after trial 4"; !slices.Contains(res.Notes, want) {
		t.Errorf("notes %q, want %q", res.Notes, want)
	}
}
