package search_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn/search"
)

func TestRungs(t *testing.T) {
	for _, c := range []struct {
		least, most, eta int
		want             string
	}{{1, 5, 3, "[1 3 5]"}, {1, 27, 3, "[1 3 9 27]"}, {5, 5, 3, "[5]"}, {10, 5, 3, "[5]"}, {0, 4, 0, "[1 2 4]"}} {
		if got := fmt.Sprint(search.Rungs(c.least, c.most, c.eta)); got != c.want {
			t.Errorf("%v: %s", c, got)
		}
	}
	// The paper's example: R = 81, eta = 3.
	want := "[{81 [1 3 9 27 81]} {34 [3 9 27 81]} {15 [9 27 81]} {8 [27 81]} {5 [81]}]"
	var got []string
	for _, b := range search.Hyperband(1, 81, 3) {
		got = append(got, fmt.Sprintf("{%d %v}", b.Trials, b.Rungs))
	}
	if got := fmt.Sprint(got); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// lossAfter falls towards x as more is spent.
func lossAfter(x search.Trial, resource int) float64 {
	v := x.Params["x"].(float64)
	return v + (1+v)/float64(resource)
}

func TestHalve(t *testing.T) {
	st := study(t, space(t, `{"x": {"uniform": [0, 1]}}`), "random", 1)
	spent := 0
	err := st.Halve(context.Background(), search.Bracket{Trials: 27, Rungs: search.Rungs(1, 27, 3)}, 3, func(_ context.Context, trials []search.Trial, resource int) ([]search.Outcome, error) {
		var out []search.Outcome
		for _, x := range trials {
			o := search.Outcome{Score: lossAfter(x, resource), Scores: make([]float64, resource)}
			if x.Number == 4 {
				o = search.Outcome{State: search.Failed, Error: "no"}
			}
			out = append(out, o)
			spent++
		}
		return out, nil
	})
	if err != nil || spent != 27+9+3+1 {
		t.Fatalf("%v, %d scores", err, spent)
	}
	best, _ := st.Best()
	for _, x := range st.Trials() {
		if x.Number != 4 && x.Params["x"].(float64) < best.Params["x"].(float64) {
			t.Errorf("trial %d was better than what is left", x.Number)
		}
	}
	if st.Count(search.Complete) != 1 || st.Count(search.Failed) != 1 || st.Count(search.Pruned) != 25 || len(st.Running()) != 0 {
		t.Errorf("%v", st.Trials())
	}
	if n := len(best.Scores); n != 27 {
		t.Errorf("the best has %d intermediate scores", n)
	}
}

// TestBegin halves those trials that were begun, and asks for no others: they are
// the first of a whole bracket.
func TestBegin(t *testing.T) {
	score := func(_ context.Context, trials []search.Trial, resource int) ([]search.Outcome, error) {
		var out []search.Outcome
		for _, x := range trials {
			out = append(out, search.Outcome{Score: lossAfter(x, resource), Scores: make([]float64, resource)})
		}
		return out, nil
	}
	whole, some := study(t, space(t, `{"x": {"uniform": [0, 1]}}`), "tpe", 1), study(t, space(t, `{"x": {"uniform": [0, 1]}}`), "tpe", 1)
	b := search.Bracket{Trials: 27, Rungs: []int{1, 3}}
	for range 2 {
		if err := whole.Halve(context.Background(), b, 3, score); err != nil {
			t.Fatal(err)
		}
		begin := []int{4, 3, 0}
		b.Begin = func() int {
			n := begin[0]
			begin = begin[1:]
			return n
		}
		if err := some.Halve(context.Background(), b, 3, score); err != nil {
			t.Fatal(err)
		}
		b.Begin = nil
	}
	if n := len(some.Trials()); n != 14 || some.Count(search.Complete) != 6 || some.Count(search.Pruned) != 8 {
		t.Errorf("%d trials: %v", n, some.Trials())
	}
	for i, x := range some.Trials()[:7] {
		if y := whole.Trials()[i]; fmt.Sprint(x.Params) != fmt.Sprint(y.Params) {
			t.Errorf("trial %d: %v, of a whole bracket %v", i, x.Params, y.Params)
		}
	}
}

// TestASHA takes few trials far, whatever order workers end in, and goes on
// after a crash.
func TestASHA(t *testing.T) {
	st := study(t, space(t, `{"x": {"uniform": [0, 1]}}`), "random", 1)
	a := search.ASHA{Rungs: search.Rungs(1, 9, 3)}
	r := rand.New(rand.NewPCG(1, 1))
	var inHand []search.Job
	reached := make([]int, 3)
	for len(st.Trials()) < 60 {
		for len(inHand) < 4 {
			var busy []int
			for _, j := range inHand {
				busy = append(busy, j.Trial.Number)
			}
			j, ok := a.Next(st, busy)
			if !ok || slices.Contains(busy, j.Trial.Number) || j.Resource != a.Rungs[j.Rung] {
				t.Fatalf("%v %+v", ok, j)
			}
			inHand = append(inHand, j)
		}
		k := r.IntN(len(inHand))
		j := inHand[k]
		inHand = slices.Delete(inHand, k, k+1)
		reached[j.Rung]++
		if err := st.Report(j.Trial.Number, lossAfter(j.Trial, j.Resource)); err != nil {
			t.Fatal(err)
		}
		if j.Rung == 2 {
			if err := st.Tell(j.Trial.Number, search.Outcome{Score: lossAfter(j.Trial, j.Resource)}); err != nil {
				t.Fatal(err)
			}
		}
		if r.IntN(10) == 0 {
			st, inHand = rewritten(t, st), nil
		}
	}
	if reached[0] < 40 || reached[1] > 25 || reached[2] > 10 || reached[2] == 0 {
		t.Errorf("came to the rungs: %v", reached)
	}
	if err := st.Finish(); err != nil || len(st.Running()) > 0 {
		t.Error(err)
	}
}
