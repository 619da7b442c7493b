package tree

import (
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// maxWeight is the greatest sum of the integer weights that a tree is grown on.
const maxWeight = math.MaxInt32

// A sampler gives each tree its rows, as an integer weight a row.
type sampler struct {
	fixed      []uint32  // without bootstrap: the weights of every tree
	draws      int       // with it: the number of draws
	cumulative []float64 // and the running sum of the weights, nil where they are equal
	guide      []uint32  // the first row whose running sum exceeds i/len(guide) of the total
}

// sampler prepares to draw rows by their weights.
func (f *Forest) sampler(y *learn.Target, weights []float64) *sampler {
	n := y.Len()
	if f.ClassWeight == "balanced" && y.Task == learn.Classification {
		weights = learn.BalancedWeights(y, weights)
	}
	if !f.Bootstrap {
		return &sampler{fixed: integerWeights(n, weights)}
	}
	s := &sampler{draws: n}
	switch {
	case f.MaxSamples > 1:
		s.draws = int(f.MaxSamples)
	case f.MaxSamples > 0:
		s.draws = max(1, int(math.Round(f.MaxSamples*float64(n))))
	}
	if weights == nil {
		return s
	}
	s.cumulative, s.guide = make([]float64, n), make([]uint32, n)
	total := 0.0
	for i, w := range weights {
		total += w
		s.cumulative[i] = total
	}
	row := 0
	for i := range s.guide {
		for row < n-1 && s.cumulative[row] <= float64(i)/float64(n)*total {
			row++
		}
		s.guide[i] = uint32(row)
	}
	return s
}

// draw sets the weight of each row for one tree.
func (s *sampler) draw(rng *splitmix.Source, weight []uint32) {
	if s.fixed != nil {
		copy(weight, s.fixed)
		return
	}
	clear(weight)
	n := uint32(len(weight))
	if s.cumulative == nil {
		for range s.draws {
			weight[rng.Below(n)]++
		}
		return
	}
	total := s.cumulative[n-1]
	for range s.draws {
		u := rng.Unit()
		row := s.guide[int(u*float64(n))]
		for row < n-1 && s.cumulative[row] <= u*total {
			row++
		}
		weight[row]++
	}
}

// integerWeights turns weights into integers of a sum that histograms hold: as
// they are where they are integers already, else scaled. What is above 0 stays so.
func integerWeights(n int, weights []float64) []uint32 {
	if weights == nil {
		return slices.Repeat([]uint32{1}, n)
	}
	total, whole := 0.0, true
	for _, w := range weights {
		total += w
		whole = whole && w == math.Trunc(w)
	}
	out := make([]uint32, n)
	for i, w := range weights {
		if !whole || total > maxWeight {
			w = w / total * (maxWeight - float64(n))
		}
		if out[i] = uint32(math.Round(w)); weights[i] > 0 && out[i] == 0 {
			out[i] = 1
		}
	}
	return out
}
