// Package calibrate makes probabilities of scores: what a model says of rows
// that it was not fitted on is mapped to how often it was right.
package calibrate

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/portable"
)

// A Sigmoid maps a score s to 1 / (1 + e^(A s + B)).
type Sigmoid struct {
	A float64 `json:"a"`
	B float64 `json:"b"`
}

// At is the probability of a score.
func (s Sigmoid) At(score float64) float64 {
	return portable.Sigmoid(-(float64(s.A*score) + s.B))
}

// FitSigmoid fits by Platt's method ("Probabilistic outputs for support vector
// machines", 1999): the likeliest A and B for targets that are drawn in from 1
// and 0, as if each class had one row more; by Newton's method with backtracking
// (Lin, Lin and Weng, 2007). weights may be nil.
func FitSigmoid(scores []float64, positive []bool, weights []float64) (Sigmoid, error) {
	if err := check(scores, len(positive), weights); err != nil {
		return Sigmoid{}, err
	}
	var yes, no float64
	for i, p := range positive {
		if p {
			yes += weightOf(weights, i)
		} else {
			no += weightOf(weights, i)
		}
	}
	high, low := (yes+1)/(yes+2), 1/(no+2)
	s := Sigmoid{0, portable.Log((no + 1) / (yes + 1))}
	loss := func(s Sigmoid) float64 {
		sum := 0.0
		for i, x := range scores {
			t := low
			if positive[i] {
				t = high
			}
			f := float64(s.A*x) + s.B
			one := float64((t-1)*f) + portable.Log(1+portable.Exp(f))
			if f >= 0 {
				one = float64(t*f) + portable.Log(1+portable.Exp(-f))
			}
			sum += float64(weightOf(weights, i) * one)
		}
		return sum
	}
	now := loss(s)
	for range 100 {
		var ga, gb, haa, hab float64
		hbb := 0.0
		for i, x := range scores {
			t := low
			if positive[i] {
				t = high
			}
			w, p := weightOf(weights, i), s.At(x)
			d, h := float64(w*(t-p)), float64(w*float64(p*(1-p)))
			ga, gb = ga+float64(d*x), gb+d
			haa, hab, hbb = haa+float64(h*float64(x*x)), hab+float64(h*x), hbb+h
		}
		if math.Abs(ga) < 1e-10*(yes+no) && math.Abs(gb) < 1e-10*(yes+no) {
			return s, nil
		}
		haa, hbb = haa+1e-12, hbb+1e-12
		det := float64(haa*hbb) - float64(hab*hab)
		da, db := -(float64(hbb*ga)-float64(hab*gb))/det, -(float64(haa*gb)-float64(hab*ga))/det
		slope := float64(ga*da) + float64(gb*db)
		step := 1.0
		for ; step > 1e-10; step /= 2 {
			next := Sigmoid{s.A + float64(step*da), s.B + float64(step*db)}
			if l := loss(next); l < now+float64(1e-4*float64(step*slope)) {
				s, now = next, l
				break
			}
		}
		if step <= 1e-10 { // as far as numbers go
			return s, nil
		}
	}
	return s, nil
}

// An Isotonic is a function that never falls: between its points a line, before
// the first and after the last what these say.
type Isotonic struct {
	X []float64 `json:"x"` // rising
	Y []float64 `json:"y"`
}

// At is the value at a score.
func (f Isotonic) At(score float64) float64 {
	i, found := slices.BinarySearch(f.X, score)
	switch {
	case found:
		return f.Y[i]
	case i == 0:
		return f.Y[0]
	case i == len(f.X):
		return f.Y[i-1]
	}
	share := (score - f.X[i-1]) / (f.X[i] - f.X[i-1])
	return f.Y[i-1] + float64(share*(f.Y[i]-f.Y[i-1]))
}

// FitIsotonic is the rising function of least squared error, by pooling
// neighbours that are out of order (Ayer et al., 1955), as scikit-learn's
// IsotonicRegression with out_of_bounds="clip". weights may be nil.
func FitIsotonic(scores, values, weights []float64) (Isotonic, error) {
	if err := check(scores, len(values), weights); err != nil {
		return Isotonic{}, err
	}
	order := make([]int, 0, len(scores))
	for i := range scores {
		if weightOf(weights, i) > 0 {
			order = append(order, i)
		}
	}
	sorting.Stable(order, func(a, b int) int {
		switch {
		case scores[a] < scores[b]:
			return -1
		case scores[a] > scores[b]:
			return 1
		}
		return 0
	})
	type block struct {
		from, to int // of the distinct scores
		sum, n   float64
	}
	var xs []float64
	var blocks []block
	for _, i := range order {
		w := weightOf(weights, i)
		if len(xs) > 0 && xs[len(xs)-1] == scores[i] { // one score: their mean
			last := &blocks[len(blocks)-1]
			last.sum, last.n = last.sum+float64(w*values[i]), last.n+w
			continue
		}
		blocks = append(blocks, block{len(xs), len(xs), float64(w * values[i]), w})
		xs = append(xs, scores[i])
	}
	pooled := blocks[:0]
	for _, b := range blocks {
		for len(pooled) > 0 {
			last := pooled[len(pooled)-1]
			if float64(last.sum*b.n) < float64(b.sum*last.n) {
				break
			}
			b = block{last.from, b.to, last.sum + b.sum, last.n + b.n}
			pooled = pooled[:len(pooled)-1]
		}
		pooled = append(pooled, b)
	}
	var f Isotonic
	for _, b := range pooled {
		f.X, f.Y = append(f.X, xs[b.from]), append(f.Y, b.sum/b.n)
		if b.to > b.from {
			f.X, f.Y = append(f.X, xs[b.to]), append(f.Y, b.sum/b.n)
		}
	}
	return f, nil
}

func check(scores []float64, n int, weights []float64) error {
	switch {
	case len(scores) == 0:
		return errors.New("calibrate: there are no scores")
	case n != len(scores), weights != nil && len(weights) != n:
		return fmt.Errorf("calibrate: %d scores, %d targets and %d weights", len(scores), n, len(weights))
	}
	for i, s := range scores {
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return fmt.Errorf("calibrate: the score of row %d is %v", i, s)
		}
	}
	if err := learn.CheckWeights(weights); err != nil {
		return fmt.Errorf("calibrate: %w", err)
	}
	return nil
}

func weightOf(weights []float64, i int) float64 {
	if weights == nil {
		return 1
	}
	return weights[i]
}
