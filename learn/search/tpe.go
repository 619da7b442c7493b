package search

import (
	"math"
	"math/rand/v2"
	"slices"
)

// TPE proposes what is likely among the good trials and unlikely among the
// others: the tree-structured Parzen estimator (Bergstra et al., "Algorithms for
// hyper-parameter optimization", 2011), multivariate as in BOHB (Falkner et al.,
// 2018), with the kernels and defaults of Optuna's. Parameters that are set
// under the same conditions are modelled together. A proposal that was tried
// already is not made again while others are found.
type TPE struct {
	Startup    int     `json:"startup,omitempty"`    // trials at random before the model is used; 0: 10
	Candidates int     `json:"candidates,omitempty"` // drawn for each proposal, of which the best is taken; 0: 24
	Share      float64 `json:"share,omitempty"`      // of the trials that count as good, rounded up; 0: 0.1
	Good       int     `json:"good,omitempty"`       // at most so many count as good; 0: 25
}

func (*TPE) name() string { return "tpe" }

func (t *TPE) check(*Space) error {
	if t.Startup < 0 || t.Candidates < 0 || t.Good < 0 || !(t.Share >= 0 && t.Share <= 1) {
		return fail(nil, "tpe: the settings are at least 0, and the share at most 1: %+v", *t)
	}
	return nil
}

func (t *TPE) suggest(h *history, number int, r *rand.Rand) []float64 {
	if len(h.done) < or(t.Startup, 10) {
		return h.fresh(r, func() []float64 { return (&Random{}).point(h.space, r) })
	}
	good := int(math.Ceil(float64(or(t.Share, 0.1) * float64(len(h.done)))))
	good = max(1, min(good, or(t.Good, 25), len(h.done)))
	below, above := points(h.done[:good]), points(thinned(h.done[good:]))
	above = append(above, h.running...)
	return h.fresh(r, func() []float64 {
		v := h.space.unset()
		for _, g := range h.space.groups {
			if h.space.active(g[0], v) {
				t.propose(h.space, g, below, above, v, r)
			}
		}
		return v
	})
}

// mostOthers is how many of the trials that are not good make up their density.
// It says where not to look, for which so many do; the time of a proposal does
// not grow beyond.
const mostOthers = 1000

// thinned are mostOthers of the trials, which are sorted, at even distances.
func thinned(trials []done) []done {
	n := len(trials)
	if n <= mostOthers {
		return trials
	}
	out := make([]done, mostOthers)
	for i := range out {
		out[i] = trials[i*n/mostOthers]
	}
	return out
}

// points are those of the trials, the oldest first.
func points(trials []done) [][]float64 {
	sorted := slices.Clone(trials)
	slices.SortFunc(sorted, func(a, b done) int { return a.number - b.number })
	out := make([][]float64, len(sorted))
	for i, d := range sorted {
		out[i] = d.point
	}
	return out
}

// propose sets a group's parameters in v: of the candidates drawn from the good
// trials' density, to that with the highest ratio to the others' density.
func (t *TPE) propose(s *Space, group []int, below, above [][]float64, v []float64, r *rand.Rand) {
	good, bad := newParzen(s, group, below), newParzen(s, group, above)
	best := math.Inf(-1)
	x := make([]float64, len(group))
	chosen := make([]float64, len(group))
	for range or(t.Candidates, 24) {
		good.draw(x, r)
		if ratio := good.logDensity(x) - bad.logDensity(x); ratio > best {
			best = ratio
			copy(chosen, x)
		}
	}
	for j, i := range group {
		v[i] = chosen[j]
	}
}

func or[T int | float64](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}
