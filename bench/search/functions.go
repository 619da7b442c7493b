package main

import (
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn/search"
)

// A function is one to minimise, the same as the peer's script has.
type function struct {
	name  string
	space map[string]any
	value func(p map[string]any) float64
}

func functions() []function {
	between := func(lo, hi float64) map[string]any { return map[string]any{"uniform": []any{lo, hi}} }
	number := func(p map[string]any, name string) float64 { return p[name].(float64) }
	return []function{
		{"branin", map[string]any{"x": between(-5, 10), "y": between(0, 15)}, func(p map[string]any) float64 {
			x, y := number(p, "x"), number(p, "y")
			a := y - 5.1/(4*math.Pi*math.Pi)*x*x + 5/math.Pi*x - 6
			return a*a + 10*(1-1/(8*math.Pi))*math.Cos(x) + 10
		}},
		{"rosenbrock", map[string]any{"x0": between(-2, 2), "x1": between(-2, 2), "x2": between(-2, 2), "x3": between(-2, 2)}, func(p map[string]any) float64 {
			sum := 0.0
			for i := range 3 {
				a, b := number(p, fmt.Sprint("x", i)), number(p, fmt.Sprint("x", i+1))
				sum += 100*(b-a*a)*(b-a*a) + (1-a)*(1-a)
			}
			return sum
		}},
		{"mixed", map[string]any{
			"kind": []any{"a", "b", "c"}, "n": map[string]any{"int": []any{1, 20}},
			"rate":  map[string]any{"log_uniform": []any{1e-5, 1}, "when": map[string]any{"kind": "a"}},
			"power": map[string]any{"uniform": []any{-5, 5}, "when": map[string]any{"kind": "b"}},
		}, func(p map[string]any) float64 {
			base := math.Abs(float64(p["n"].(int)-13)) / 10
			switch p["kind"] {
			case "a":
				return base + math.Abs(math.Log10(number(p, "rate"))+3) + 0.1
			case "b":
				return base + (number(p, "power")-1)*(number(p, "power")-1)/4
			}
			return base + 0.5
		}},
	}
}

// studies searches with each seed anew: scores are the best values.
func (f function) studies(part compare.Part) (r compare.Side, err error) {
	cost, err := part.Measure(func() error {
		for seed := range seeds {
			s, err := f.study(&search.Options{Seed: uint64(seed)})
			if err != nil {
				return err
			}
			if err := f.on(s, trials); err != nil {
				return err
			}
			top, _ := s.Best()
			r.Scores = append(r.Scores, top.Score)
		}
		return nil
	})
	r.Fit, r.Busy = cost.Wall, cost.Busy
	return r, err
}

// suggest takes a study of many trials further.
func (f function) suggest(part compare.Part) (r compare.Side, err error) {
	s, err := f.long(known)
	if err != nil {
		return r, err
	}
	cost, err := part.Measure(func() error { return f.on(s, asked) })
	r.Fit, r.Busy = cost.Wall, cost.Busy
	return r, err
}

func (f function) study(opts *search.Options) (*search.Study, error) {
	space, err := search.Parse(f.space)
	if err != nil {
		return nil, err
	}
	opts.Minimize = true
	return search.New(space, opts)
}

// on does so many trials more.
func (f function) on(s *search.Study, trials int) error {
	for range trials {
		t := s.Ask(1)[0]
		if err := s.Tell(t.Number, search.Outcome{Score: f.value(t.Params)}); err != nil {
			return err
		}
	}
	return nil
}

// long is a study of so many trials at random, which goes on with TPE.
func (f function) long(trials int) (*search.Study, error) {
	random, err := f.study(&search.Options{Sampler: &search.Random{}})
	if err != nil {
		return nil, err
	}
	s, err := f.study(&search.Options{})
	if err != nil {
		return nil, err
	}
	for _, t := range random.Ask(trials) {
		if _, err := s.Add(t.Params); err != nil {
			return nil, err
		}
	}
	for i, t := range s.Trials() {
		if err := s.Tell(i, search.Outcome{Score: f.value(t.Params)}); err != nil {
			return nil, err
		}
	}
	return s, nil
}
