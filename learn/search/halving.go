package search

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// Report gives a running trial its next intermediate score: that of a fold, of
// so many rounds, of a share of the rows.
func (s *Study) Report(number int, score float64) error {
	if number < 0 || number >= len(s.trials) || s.trials[number].State != Running {
		return fmt.Errorf("search: no trial %d is running", number)
	}
	if math.IsNaN(score) || math.IsInf(score, 0) {
		return fmt.Errorf("search: trial %d: an intermediate score is %v: tell that the trial failed", number, score)
	}
	t := &s.trials[number]
	t.Scores = append(slices.Clone(t.Scores), score)
	return nil
}

// Rungs are the resources, such as folds or rounds, after which trials are
// compared: from least, each eta times the one before, the last is most.
func Rungs(least, most, eta int) []int {
	var out []int
	for r := max(least, 1); r < most; r *= max(eta, 2) {
		out = append(out, r)
	}
	return append(out, most)
}

// A Bracket is so many trials begun together, and the resources after which
// all but the best of them are given up.
type Bracket struct {
	Trials int
	Rungs  []int

	// Begin says how many further trials are asked for and taken to the first rung
	// together; 0: the bracket is of those that were begun. Nil: all at once.
	Begin func() int
}

// Hyperband is successive halving with different trade-offs between many trials
// and much for each (Li et al., "Hyperband", 2018): from the bracket that gives
// up most to the one that gives up none. Each bracket spends about the same.
func Hyperband(least, most, eta int) []Bracket {
	rungs := Rungs(least, most, eta)
	var out []Bracket
	for skip := range rungs {
		left := len(rungs) - skip // rungs of the bracket
		n := float64(len(rungs)) / float64(left)
		for range left - 1 {
			n *= float64(max(eta, 2))
		}
		out = append(out, Bracket{Trials: int(math.Ceil(n)), Rungs: rungs[skip:]})
	}
	return out
}

// A Scorer says what each of the trials comes to after that much of the
// resource: the scores that are compared. The State of an outcome is Failed, or
// not looked at.
type Scorer func(ctx context.Context, trials []Trial, resource int) ([]Outcome, error)

// Halve does successive halving (Jamieson and Talwalkar, 2016): asks for trials
// and, after each rung, goes on with the best of them, one in eta, rounded up.
// The others are told to be pruned.
func (s *Study) Halve(ctx context.Context, b Bracket, eta int, score Scorer) error {
	eta = max(eta, 2)
	running, outcomes, err := s.begin(ctx, b, score)
	for k, resource := range b.Rungs {
		if k > 0 && len(running) > 0 {
			outcomes, err = score(ctx, running, resource)
		}
		if err != nil || len(running) == 0 {
			return err
		}
		var order []int // of those that did not fail, the best first
		for i, o := range outcomes {
			if o.State != Failed && !math.IsNaN(o.Score) {
				order = append(order, i)
			}
		}
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(s.sign*outcomes[i].Score, s.sign*outcomes[j].Score) })
		kept := order[:(len(order)+eta-1)/eta]
		var next []Trial
		for i, t := range running {
			o := outcomes[i]
			switch {
			case o.State == Failed:
			case k == len(b.Rungs)-1:
				o.State = Complete
			case slices.Contains(kept, i):
				next = append(next, t)
				continue
			default:
				o.State = Pruned
			}
			if err := s.Tell(t.Number, o); err != nil {
				return err
			}
		}
		running = next
	}
	return nil
}

// begin asks for the trials of a bracket and takes them to its first rung.
func (s *Study) begin(ctx context.Context, b Bracket, score Scorer) (running []Trial, outcomes []Outcome, err error) {
	for len(running) < b.Trials {
		n := b.Trials - len(running)
		if b.Begin != nil {
			n = min(n, b.Begin())
		}
		next := s.Ask(n)
		if len(next) == 0 {
			break
		}
		scored, err := score(ctx, next, b.Rungs[0])
		if err != nil {
			return nil, nil, err
		}
		running, outcomes = append(running, next...), append(outcomes, scored...)
	}
	return running, outcomes, nil
}

// ASHA is asynchronous successive halving (Li et al., "A system for massively
// parallel hyperparameter tuning", 2020): no worker waits for others. A trial
// goes on as soon as it is among the best, one in eta, of all that have come to
// its rung.
type ASHA struct {
	Rungs []int
	Eta   int // 0: 3
}

// A Job is a trial that is to be taken to a rung's resource.
type Job struct {
	Trial    Trial
	Rung     int
	Resource int
}

// Next is what a free worker does: take a running trial that is not in hand on,
// the highest rung first, or begin another. Its answer depends on what the study
// was told and on which trials are in hand, not on time. When the job is done,
// Report its score, and at the last rung Tell it. False: there is nothing left.
func (a ASHA) Next(s *Study, inHand []int) (Job, bool) {
	for k := len(a.Rungs) - 2; k >= 0; k-- {
		var at []int // trials that have come to rung k, the best first
		for _, t := range s.trials {
			if len(t.Scores) > k && t.State != Failed {
				at = append(at, t.Number)
			}
		}
		slices.SortStableFunc(at, func(i, j int) int {
			return cmp.Compare(s.sign*s.trials[i].Scores[k], s.sign*s.trials[j].Scores[k])
		})
		for _, i := range at[:len(at)/or(a.Eta, 3)] {
			if t := s.trials[i]; t.State == Running && len(t.Scores) == k+1 && !slices.Contains(inHand, i) {
				return Job{t, k + 1, a.Rungs[k+1]}, true
			}
		}
	}
	for _, t := range s.trials { // begun, and left by a crash
		if t.State == Running && len(t.Scores) == 0 && !slices.Contains(inHand, t.Number) {
			return Job{t, 0, a.Rungs[0]}, true
		}
	}
	if next := s.Ask(1); len(next) > 0 {
		return Job{next[0], 0, a.Rungs[0]}, true
	}
	return Job{}, false
}

// Finish tells the trials that still run to be pruned, those without an
// intermediate score to have failed.
func (s *Study) Finish() error {
	for _, t := range s.Running() {
		o := Outcome{State: Failed, Error: "the search ended"}
		if n := len(t.Scores); n > 0 {
			o = Outcome{State: Pruned, Score: t.Scores[n-1]}
		}
		if err := s.Tell(t.Number, o); err != nil {
			return err
		}
	}
	return nil
}
