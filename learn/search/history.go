package search

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
)

// A history is what a sampler goes by: the trials that were told, the best
// first, and those that still run.
type history struct {
	space   *Space
	done    []done // complete trials by their score, then pruned ones by how far they came
	running [][]float64
	seen    map[string]bool // points of all trials
	grid    []float64       // how far a grid is
}

// asked takes in the point of a new trial.
func (h *history) asked(v []float64) {
	h.running = append(h.running, v)
	if h.seen == nil {
		h.seen = map[string]bool{}
	}
	h.seen[key(v)] = true
}

// key is a point as a text.
func key(v []float64) string {
	b := make([]byte, 0, 8*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return string(b)
}

// fresh draws until there is a point that was not tried: a few times as is said,
// then at random; the last one where all were.
func (h *history) fresh(r *rand.Rand, draw func() []float64) []float64 {
	var v []float64
	for range 3 {
		if v = draw(); !h.seen[key(v)] {
			return v
		}
	}
	for range 30 {
		if w := (&Random{}).point(h.space, r); !h.seen[key(w)] {
			return w
		}
	}
	return v
}

// A done trial is one that was told, and did not fail.
type done struct {
	number int
	point  []float64
	loss   float64 // of a pruned trial where it was given up
	steps  int     // intermediate scores of a pruned trial; a complete one has come farthest
}

func (d done) compare(e done) int {
	switch {
	case d.steps != e.steps:
		return e.steps - d.steps
	case d.loss < e.loss:
		return -1
	case d.loss > e.loss:
		return 1
	}
	return d.number - e.number
}

// told takes in what a trial was told. Trials are kept in an order that does not
// depend on the one in which they come.
func (h *history) told(t *Trial, sign float64) {
	// The points are those that the history was given when they were asked for.
	at := slices.IndexFunc(h.running, func(v []float64) bool { return &v[0] == &t.point[0] })
	h.running = slices.Delete(h.running, at, at+1)
	d := done{t.Number, t.point, sign * t.Score, math.MaxInt}
	switch t.State {
	case Failed:
		return
	case Pruned:
		d.steps = len(t.Scores)
	}
	at, _ = slices.BinarySearchFunc(h.done, d, done.compare)
	h.done = slices.Insert(h.done, at, d)
}
