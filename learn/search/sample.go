package search

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/runnel-dev/runnel/internal/nearest"
)

// Named is the sampler of that name, with its defaults: grid, random, tpe or gp.
func Named(name string) (Sampler, error) {
	all := []Sampler{&Grid{}, &Random{}, &TPE{}, &Gaussian{}}
	var names []string
	for _, s := range all {
		if s.name() == name {
			return s, nil
		}
		names = append(names, s.name())
	}
	return nil, fmt.Errorf("search: no sampler %q%s (there are: %s)", name, nearest.Hint(name, names), strings.Join(names, ", "))
}

// Random proposes any point of the space, and none twice while others are found.
type Random struct{}

func (*Random) name() string       { return "random" }
func (*Random) check(*Space) error { return nil }

func (p *Random) suggest(h *history, _ int, r *rand.Rand) []float64 {
	return h.fresh(r, func() []float64 { return p.point(h.space, r) })
}

func (*Random) point(s *Space, r *rand.Rand) []float64 {
	v := s.unset()
	for i := range s.params {
		if s.active(i, v) {
			v[i] = s.params[i].random(r)
		}
	}
	return v
}

// unset is a point at which no parameter is set.
func (s *Space) unset() []float64 {
	v := make([]float64, len(s.params))
	for i := range v {
		v[i] = math.NaN()
	}
	return v
}

func (p *Param) random(r *rand.Rand) float64 {
	if p.Kind == Choice {
		return float64(r.IntN(len(p.Choices)))
	}
	lo, hi := p.bounds()
	return p.unscaled(lo + float64(r.Float64()*(hi-lo)))
}

// Grid proposes every point of a space of choices, integers and stepped numbers
// once, the last parameter's values changing fastest.
type Grid struct{}

func (*Grid) name() string { return "grid" }

// mostGrid bounds a grid that nobody would wait for.
const mostGrid = 1 << 20

func (*Grid) check(s *Space) error {
	n := 1.0
	for i := range s.params {
		p := &s.params[i]
		if p.count() == 0 {
			return fail(split(p.Name), "a grid has no end where any number of a range is a value: give a list, or a step")
		}
		n *= float64(p.count())
	}
	if n > mostGrid {
		return fail(nil, "the grid has up to %.3g points, more than %d: leave out values, or search at random", n, mostGrid)
	}
	return nil
}

// count is how many values a parameter has; 0 for too many to count.
func (p *Param) count() int {
	switch {
	case p.Kind == Choice:
		return len(p.Choices)
	case p.Kind == LogInt:
		return int(min(p.High-p.Low+1, mostGrid+1))
	case p.step() > 0:
		return int(min(math.Floor((p.High-p.Low)/p.step()+1e-9)+1, mostGrid+1))
	}
	return 0
}

// nth is a parameter's value of that index.
func (p *Param) nth(k int) float64 {
	switch p.Kind {
	case Choice:
		return float64(k)
	case LogInt:
		return p.Low + float64(k)
	}
	return p.Low + float64(float64(k)*p.step())
}

// place is the index of a value.
func (p *Param) place(x float64) int {
	switch p.Kind {
	case Choice:
		return int(x)
	case LogInt:
		return int(x - p.Low)
	}
	return int(math.Round((x - p.Low) / p.step()))
}

// Size is the number of points of a grid over the space; 0 where it has no end.
func (s *Space) Size() int {
	if (&Grid{}).check(s) != nil {
		return 0
	}
	n := 0
	for v := s.firstOfGrid(); v != nil; v = s.nextOfGrid(v) {
		n++
	}
	return n
}

func (*Grid) suggest(h *history, _ int, _ *rand.Rand) []float64 {
	if h.grid == nil {
		return h.space.firstOfGrid()
	}
	return h.space.nextOfGrid(h.grid)
}

func (s *Space) firstOfGrid() []float64 { return s.fill(s.unset(), 0) }

// fill sets the parameters from the i-th on to their first values.
func (s *Space) fill(v []float64, i int) []float64 {
	for ; i < len(v); i++ {
		v[i] = math.NaN()
		if s.active(i, v) {
			v[i] = s.params[i].nth(0)
		}
	}
	return v
}

// nextOfGrid is the point after v, nil after the last.
func (s *Space) nextOfGrid(v []float64) []float64 {
	out := append([]float64(nil), v...)
	for i := len(v) - 1; i >= 0; i-- {
		if math.IsNaN(v[i]) {
			continue
		}
		p := &s.params[i]
		if k := p.place(v[i]) + 1; k < p.count() {
			out[i] = p.nth(k)
			return s.fill(out, i+1)
		}
	}
	return nil
}
