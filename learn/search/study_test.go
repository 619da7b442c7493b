package search_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn/search"
)

func space(t testing.TB, text string) *search.Space {
	t.Helper()
	var spec map[string]any
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		t.Fatal(err)
	}
	s, err := search.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// everything has every kind of parameter, two of them conditional.
const everything = `{
	"model": ["a", "b"],
	"a": {"depth": {"int": [1, 9], "step": 2, "when": {"model": "a"}}, "rate": {"log_uniform": [0.001, 10], "when": {"model": "a"}}},
	"b.power": {"uniform": [-1, 1], "when": {"model": ["b"]}},
	"leaf": {"log_int": [1, 50]},
	"half": {"uniform": [0, 2], "step": 0.5},
	"fixed": 7}`

func study(t testing.TB, s *search.Space, sampler string, seed uint64) *search.Study {
	t.Helper()
	named, err := search.Named(sampler)
	if err != nil {
		t.Fatal(err)
	}
	st, err := search.New(s, &search.Options{Sampler: named, Seed: seed, Minimize: true})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// score makes up what a trial comes to, by its parameters alone.
func score(params map[string]any) search.Outcome {
	x := 0.0
	for _, v := range params {
		switch n := v.(type) {
		case int:
			x += math.Sin(float64(n))
		case float64:
			x += math.Abs(n - 0.3)
		}
	}
	switch {
	case x > 3:
		return search.Outcome{State: search.Failed, Error: "too much"}
	case x > 2:
		return search.Outcome{State: search.Pruned, Score: x, Scores: []float64{x, x + 1}}
	}
	return search.Outcome{Score: x, Scores: []float64{x}}
}

// TestSamplersStayInTheSpace finds every proposal to be a point of the space, and
// each conditional parameter where its condition holds, and only there.
func TestSamplersStayInTheSpace(t *testing.T) {
	s := space(t, everything)
	for _, sampler := range samplers {
		t.Run(sampler, func(t *testing.T) {
			st := study(t, s, sampler, 1)
			seen := map[string]int{}
			for range 80 {
				for _, x := range st.Ask(1) {
					p := x.Params
					seen[fmt.Sprint(p["model"])]++
					depth, hasDepth := p["a.depth"].(int)
					rate, hasRate := p["a.rate"].(float64)
					power, hasPower := p["b.power"].(float64)
					leaf, _ := p["leaf"].(int)
					half, _ := p["half"].(float64)
					a := p["model"] == "a"
					if hasDepth != a || hasRate != a || hasPower == a || p["fixed"] != 7 {
						t.Fatalf("%v", p)
					}
					if a && (depth < 1 || depth > 9 || depth%2 != 1 || rate < 0.001 || rate > 10) || !a && math.Abs(power) > 1 || leaf < 1 || leaf > 50 || half != math.Trunc(2*half)/2 || half < 0 || half > 2 {
						t.Fatalf("%v", p)
					}
					if err := st.Tell(x.Number, score(p)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if len(seen) != 2 {
				t.Errorf("models %v", seen)
			}
		})
	}
}

// samplers are those that any space can be searched by.
var samplers = []string{"random", "tpe", "gp"}

// TestOrderOfABatch makes the same trials whatever order the trials of a batch
// end in, and when the study was written down and read in between.
func TestOrderOfABatch(t *testing.T) {
	s := space(t, everything)
	for _, sampler := range samplers {
		t.Run(sampler, func(t *testing.T) {
			for order := range uint64(8) {
				r := rand.New(rand.NewPCG(order, 0))
				plain, other := study(t, s, sampler, 5), study(t, s, sampler, 5)
				for range 6 {
					batch, mixed := plain.Ask(5), other.Ask(5)
					if text(t, batch) != text(t, mixed) {
						t.Fatalf("%v\n%v", batch, mixed)
					}
					r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
					for i := range batch {
						for st, x := range map[*search.Study]search.Trial{plain: batch[i], other: mixed[i]} {
							if err := st.Tell(x.Number, score(x.Params)); err != nil {
								t.Fatal(err)
							}
						}
						if r.IntN(4) == 0 {
							other = rewritten(t, other)
						}
					}
				}
			}
		})
	}
}

// text is a value as JSON.
func text(t testing.TB, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func rewritten(t testing.TB, s *search.Study) *search.Study {
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var out search.Study
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

// TestCrash does again what was not told when the study was last written down.
func TestCrash(t *testing.T) {
	st := study(t, space(t, everything), "tpe", 3)
	for i, x := range st.Ask(8) {
		if i != 2 && i != 5 {
			if err := st.Tell(x.Number, score(x.Params)); err != nil {
				t.Fatal(err)
			}
		}
	}
	read := rewritten(t, st)
	left := read.Running()
	if len(left) != 2 || left[0].Number != 2 || left[1].Number != 5 || text(t, left) != text(t, st.Running()) {
		t.Errorf("left are %v", left)
	}
	if text(t, read.Ask(3)) != text(t, st.Ask(3)) {
		t.Error("the study that was read goes on in another way")
	}
}

// TestGrid visits every combination once, and ends.
func TestGrid(t *testing.T) {
	s := space(t, `{"n": [50, 100, 150], "depth": {"int": [5, 15], "step": 5}}`)
	st := study(t, s, "grid", 0)
	var got []string
	for _, x := range slices.Concat(st.Ask(4), rewritten(t, st).Ask(100)) {
		got = append(got, fmt.Sprint(x.Params["depth"], " ", x.Params["n"]))
	}
	want := "5 50,5 100,5 150,10 50,10 100,10 150,15 50,15 100,15 150"
	if strings.Join(got, ",") != want || s.Size() != 9 {
		t.Errorf("a grid of %d: %v", s.Size(), got)
	}
	conditional := space(t, `{"m": ["a", "b"], "x": {"int": [1, 3], "when": {"m": "a"}}}`)
	if n := len(study(t, conditional, "grid", 0).Ask(100)); n != 4 || conditional.Size() != 4 {
		t.Errorf("%d points of a size of %d, want 4", n, conditional.Size())
	}
}

// TestNoneTwice tries every point of a small space before any again.
func TestNoneTwice(t *testing.T) {
	s := space(t, `{"x": {"int": [1, 5]}, "y": [true, false, null]}`)
	for _, sampler := range samplers {
		st := study(t, s, sampler, 2)
		seen := map[string]bool{}
		for range 15 {
			x := st.Ask(1)[0]
			seen[fmt.Sprint(x.Params)] = true
			if err := st.Tell(x.Number, score(x.Params)); err != nil {
				t.Fatal(err)
			}
		}
		if len(seen) < 14 {
			t.Errorf("%s: %d of 15 points", sampler, len(seen))
		}
	}
}

func TestTell(t *testing.T) {
	st := study(t, space(t, `{"x": {"uniform": [0, 1]}}`), "random", 0)
	st.Ask(3)
	if _, ok := st.Best(); ok {
		t.Error("the best of none")
	}
	for _, c := range []struct {
		number  int
		outcome search.Outcome
		want    string
	}{
		{3, search.Outcome{}, "no trial 3: 3 were asked for"},
		{-1, search.Outcome{}, "no trial -1"},
		{0, search.Outcome{State: "done"}, `"done" is no state to end in`},
		{0, search.Outcome{Score: 2}, ""},
		{0, search.Outcome{Score: 2}, "told already: it is complete"},
		{1, search.Outcome{Score: math.NaN()}, ""},
		{2, search.Outcome{Score: 1}, ""},
	} {
		err := st.Tell(c.number, c.outcome)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("trial %d: error %v, want %q", c.number, err, c.want)
		}
	}
	if best, ok := st.Best(); !ok || best.Number != 2 {
		t.Errorf("best %v", best)
	}
	if x := st.Trials()[1]; x.State != search.Failed || x.Error != "its score is NaN" {
		t.Errorf("%+v", x)
	}
	if x, err := st.Add(map[string]any{"x": 0.25}); err != nil || x.Number != 3 {
		t.Errorf("%v %v", x, err)
	}
	if _, err := st.Add(map[string]any{"x": 2}); err == nil || err.Error() != "x: 2 is no number from 0 to 1" {
		t.Error(err)
	}
}
