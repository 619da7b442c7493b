package explain

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// Predict gives rows x outputs values, row after row: the Predict of a
// learn.Model, its logarithm, or whatever is to be explained. It is called from
// several goroutines.
type Predict func(x *learn.Matrix) []float64

// Kernel explains any model by predictions alone.
type Kernel struct {
	Samples int    // sets of features that are tried; 0: 2 x features + 2048. Where that is all sets, the values are exact
	Seed    uint64 // of the sets that are tried, where they are not all
}

// mostKernel is how many features there may be: a set of them is a bit each.
const mostKernel = 64

// Explain returns the Shapley values of the outputs of each row, where the value of
// a set of features is the mean prediction of rows that have these from the row and
// the others from a background row (Kernel SHAP: Lundberg and Lee, 2017; sets are
// drawn in pairs of complements, as Covert and Lee, "Improving KernelSHAP", 2021,
// recommend). A row asks for as many predictions as samples times background rows.
func (s Kernel) Explain(ctx context.Context, predict Predict, background, x *learn.Matrix, opts *Options) (*Values, error) {
	n := len(x.Columns)
	if err := checkFeatures(background, n); err != nil {
		return nil, err
	}
	switch {
	case background.Rows == 0:
		return nil, fmt.Errorf("there are no background rows to explain against")
	case n == 0 || n > mostKernel:
		return nil, fmt.Errorf("%d features: Kernel SHAP explains 1 to %d", n, mostKernel)
	case s.Samples < 0:
		return nil, fmt.Errorf("samples is %d: it must be positive, or 0 for the default", s.Samples)
	}
	sets, weights := s.sets(n)
	base := means(predict(background), background.Rows)
	outputs := len(base)
	out := newValues(names(x), x.Rows, outputs)
	copy(out.Base, base)
	failed := make([]error, x.Rows)
	err := parallel.Each(ctx, opts.threads(), x.Rows, func(_, i int) {
		row := rowsOf(x, i, i+1)
		full := predict(x.Take([]int{i}))
		worth := make([]float64, 0, len(sets)*outputs)
		for _, set := range sets {
			if ctx.Err() != nil {
				return
			}
			worth = append(worth, means(predict(mixed(background, row, set)), background.Rows)...)
		}
		for k := range outputs {
			failed[i] = fitShapley(sets, weights, func(set int) float64 { return worth[set*outputs+k] }, base[k], full[k], out.Of(i, k))
			if failed[i] != nil {
				return
			}
		}
	})
	for i, e := range failed {
		if e != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, e)
		}
	}
	return out, err
}

// mixed is the background rows with a row's values of the features of a set.
func mixed(background *learn.Matrix, row []float64, set uint64) *learn.Matrix {
	out := &learn.Matrix{Names: background.Names, Columns: make([][]float64, len(row)), Rows: background.Rows}
	for j, col := range background.Columns {
		if set>>j&1 == 0 {
			out.Columns[j] = col
			continue
		}
		out.Columns[j] = make([]float64, background.Rows)
		for i := range out.Columns[j] {
			out.Columns[j][i] = row[j]
		}
	}
	return out
}

// means are those of each output.
func means(predicted []float64, rows int) []float64 {
	out := make([]float64, len(predicted)/rows)
	for i := range rows {
		for k := range out {
			out[k] += (predicted[i*len(out)+k] - out[k]) / float64(i+1)
		}
	}
	return out
}

// sets lists the sets of features that are tried, neither none nor all, and their
// weights: all of them where there is room, else whole sizes from the outside, which
// weigh most, and a random choice of the others.
func (s Kernel) sets(n int) (sets []uint64, weights []float64) {
	room := s.Samples
	if room == 0 {
		room = 2*n + 2048
	}
	full := ^uint64(0) >> (64 - n)
	left := 0.0 // the weight of sizes that are not listed in full
	var sizes []float64
	for size := 1; size <= n/2; size++ {
		// The Shapley kernel of all sets of a size and of their complements.
		weight := float64(n-1) / float64(size*(n-size))
		each := binomial(n, size)
		both := 2.0
		if 2*size == n {
			both = 1
		}
		if len(sizes) == 0 && both*each <= float64(room-len(sets)) {
			for set := uint64(1)<<size - 1; ; {
				sets, weights = append(sets, set), append(weights, weight/each)
				if both == 2 {
					sets, weights = append(sets, full&^set), append(weights, weight/each)
				}
				// The next larger number of as many bits (Gosper).
				low := set & -set
				next := set + low
				if next > full || next < set {
					break
				}
				set = (next^set)>>2/low | next
			}
			continue
		}
		if len(sizes) == 0 {
			sizes = make([]float64, n)
		}
		sizes[size] = both * weight
		left += float64(both * weight)
	}
	if left == 0 || len(sets)+2 > room {
		return sets, weights
	}
	random := splitmix.Stream(s.Seed, 0)
	order := make([]int, n)
	for j := range order {
		order[j] = j
	}
	pairs := (room - len(sets)) / 2
	for range pairs {
		size, at := 0, random.Unit()*left
		for size < n-1 && (sizes[size] == 0 || at >= sizes[size]) {
			at -= sizes[size]
			size++
		}
		var set uint64
		for j := range size {
			k := j + int(random.Below(uint32(n-j)))
			order[j], order[k] = order[k], order[j]
			set |= 1 << order[j]
		}
		sets = append(sets, set, full&^set)
		w := left / float64(2*pairs)
		weights = append(weights, w, w)
	}
	return sets, weights
}

func binomial(n, k int) float64 {
	out := 1.0
	for i := range k {
		out = out * float64(n-i) / float64(i+1)
	}
	return out
}

// fitShapley finds the values whose sums over sets come nearest to what the sets
// are worth, by weight, and that sum to what all features add.
func fitShapley(sets []uint64, weights []float64, worth func(set int) float64, base, full float64, out []float64) error {
	last := len(out) - 1
	if last == 0 {
		out[0] = full - base
		return nil
	}
	// With the last value as what the others leave, the squares are those of
	// worth - base - z_last (full - base) - sum over others of (z_j - z_last) value_j.
	a := make([]float64, last*(last+1))
	z := make([]float64, last)
	for i, set := range sets {
		end := float64(set >> last & 1)
		for j := range z {
			z[j] = float64(set>>j&1) - end
		}
		y := worth(i) - base - float64(end*(full-base))
		for j, v := range z {
			if v == 0 {
				continue
			}
			for k, u := range z {
				a[j*(last+1)+k] += float64(weights[i] * (v * u)) // v and u are 0, 1 or -1
			}
			a[j*(last+1)+last] += float64(weights[i] * (v * y))
		}
	}
	if !solve(a, last) {
		return fmt.Errorf("%d sets of features do not tell %d features apart: try more samples", len(sets), len(out))
	}
	out[last] = full - base
	for j := range last {
		out[j] = a[j*(last+1)+last]
		out[last] -= out[j]
	}
	return nil
}

// solve solves n equations in place by elimination with pivots: each row of a is
// n coefficients and the right side, which becomes the solution. It reports
// whether there is one.
func solve(a []float64, n int) bool {
	w := n + 1
	for i := range n {
		p := i
		for r := i + 1; r < n; r++ {
			if abs(a[r*w+i]) > abs(a[p*w+i]) {
				p = r
			}
		}
		if !(abs(a[p*w+i]) > 1e-14) {
			return false
		}
		for c := range w {
			a[i*w+c], a[p*w+c] = a[p*w+c], a[i*w+c]
		}
		for r := range n {
			if r == i {
				continue
			}
			f := a[r*w+i] / a[i*w+i]
			for c := i; c < w; c++ {
				a[r*w+c] -= float64(f * a[i*w+c])
			}
		}
	}
	for i := range n {
		a[i*w+n] /= a[i*w+i]
	}
	return true
}

func abs(v float64) float64 {
	if v < 0 {
		return -v
	}
	return v
}
