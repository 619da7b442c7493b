// Package balance fits an estimator as if all classes had as many rows.
package balance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/runnel-dev/runnel/learn"
)

// The methods.
const (
	None    = "none"
	Weights = "weights" // a row counts by the inverse of its class's share
	Over    = "over"    // rows of smaller classes are drawn again until they are as many as the largest's
	Under   = "under"   // rows of larger classes are left out until they are as many as the smallest's
)

// An Estimator fits another on balanced rows. The model is the other's own. Its
// probabilities are those of balanced classes: calibrate them where they matter.
type Estimator struct {
	Of     learn.Estimator
	Method string
}

// Fit implements learn.Estimator.
func (e Estimator) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	if y.Task != learn.Classification {
		return nil, fmt.Errorf("balance: %s is of classes, and the task is %s: take it out", e.Method, y.Task)
	}
	if err := learn.CheckShape(x, y, opts); err != nil {
		return nil, err
	}
	o := learn.Options{}
	if opts != nil {
		o = *opts
	}
	if err := learn.CheckWeights(o.Weights); err != nil {
		return nil, err
	}
	switch e.Method {
	case Weights:
		o.Weights = learn.BalancedWeights(y, o.Weights)
		return e.Of.Fit(ctx, x, y, &o)
	case Over, Under:
		rows := drawn(y, e.Method, o.Seed)
		o.Weights, o.Groups = learn.TakeWeights(o.Weights, rows), learn.TakeGroups(o.Groups, rows)
		return e.Of.Fit(ctx, x.Take(rows), y.Take(rows), &o)
	}
	return nil, fmt.Errorf("balance: no method %q: there are %s, %s and %s", e.Method, Weights, Over, Under)
}

// drawn are the rows that are fitted on, in rising order.
func drawn(y *learn.Target, method string, seed uint64) []int {
	of := make([][]int, len(y.Classes))
	for i, l := range y.Labels {
		of[l] = append(of[l], i)
	}
	target := 0
	for _, rows := range of {
		switch {
		case len(rows) == 0:
		case target == 0, method == Over && len(rows) > target, method == Under && len(rows) < target:
			target = len(rows)
		}
	}
	r := rand.New(rand.NewPCG(seed, 0x62616c616e6365))
	var out []int
	for _, rows := range of {
		if len(rows) == 0 {
			continue
		}
		for left := target; left > 0; left -= len(rows) { // all of them as often as they fit, then some
			if left >= len(rows) {
				out = append(out, rows...)
				continue
			}
			for _, i := range r.Perm(len(rows))[:left] {
				out = append(out, rows[i])
			}
		}
	}
	slices.Sort(out)
	return out
}
