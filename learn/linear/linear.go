// Package linear has the linear models: least squares, ridge and logistic
// regression.
//
// Features are standardised inside, without a copy, so that their units do not
// matter to the accuracy; coefficients are those of the features as they came.
// Penalties are scikit-learn's: on the coefficients of the features as they
// came, never on the intercept. A feature that does not vary has the
// coefficient 0. Missing values are refused: impute first.
//
// Sums are formed in an order that depends on the size of the data only, so that
// a fit has the same bits for any number of threads.
package linear

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
)

// The kinds of the models' States.
const (
	KindLinear   = "linear"
	KindRidge    = "ridge"
	KindLogistic = "logistic"
)

// LeastSquares is ordinary least squares regression. Where features are linearly
// dependent, or there are more of them than rows, the standardised coefficients
// have the least norm (scikit-learn takes those as the features came; both
// predict the same).
type LeastSquares struct {
	NoIntercept bool `json:"no_intercept" default:"false" doc:"Let the prediction be 0 where all features are 0."`
}

// Ridge is least squares with a penalty on the coefficients: it minimises
// |y - Xw|^2 + Alpha |w|^2.
type Ridge struct {
	Alpha       float64 `json:"alpha" default:"1" min:"0" doc:"Strength of the penalty on the squared coefficients."`
	NoIntercept bool    `json:"no_intercept" default:"false" doc:"Let the prediction be 0 where all features are 0."`
}

// Fit implements learn.Estimator.
func (p LeastSquares) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	return fitSquares(ctx, KindLinear, x, y, opts, 0, !p.NoIntercept)
}

// Fit implements learn.Estimator.
func (p Ridge) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	if !(p.Alpha >= 0) || math.IsInf(p.Alpha, 0) {
		return nil, fmt.Errorf("ridge: alpha is %v, not a number of at least 0", p.Alpha)
	}
	return fitSquares(ctx, KindRidge, x, y, opts, p.Alpha, !p.NoIntercept)
}

func fitSquares(ctx context.Context, kind string, x *learn.Matrix, y *learn.Target, opts *learn.Options, alpha float64, intercept bool) (learn.Model, error) {
	if y.Task != learn.Regression {
		return nil, fmt.Errorf("%s: the target is of %s, and this is a regression: use %s", kind, y.Task, KindLogistic)
	}
	d, err := newDesign(ctx, x, y, opts, intercept)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	m := measure(y.Values, d.weights)
	if !intercept {
		m.squares += m.weight * m.mean * m.mean
		m.mean = 0
	}
	scale := math.Sqrt(m.squares / d.total)
	if math.IsInf(scale, 0) || math.IsInf(m.mean, 0) {
		return nil, fmt.Errorf("%s: the target has values up to %.3g, too large to compute with: rescale it", kind, max(m.high, -m.low))
	}
	model := &Model{kind: kind, classes: 1, intercepts: []float64{m.mean}, coefficients: make([]float64, len(x.Columns)), features: len(x.Columns)}
	if len(d.columns) > 0 && !(intercept && m.low == m.high) && scale > 1e-300 {
		u, err := d.squares(ctx, y.Values, m.mean, scale, alpha)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
		for j := range u {
			u[j] *= scale
		}
		var offset float64
		model.coefficients, offset = d.original(u, len(x.Columns))
		model.intercepts[0] += offset
		if !intercept {
			model.intercepts[0] = 0
		}
	}
	if err := model.check(x.Names); err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	if opts != nil && opts.Progress != nil {
		opts.Progress(1, 1)
	}
	return model, nil
}

// tolerance is the share of a feature's variance below which the rest of it,
// after what other features explain, is taken for rounding.
const tolerance = 1e-13

// squares solves for the coefficients of the standardised features and target,
// by the normal equations, and then makes good what those lost in precision with
// the residuals (iterative refinement; Bjorck 1987, corrected semi-normal equations).
func (d *design) squares(ctx context.Context, y []float64, center, scale, alpha float64) ([]float64, error) {
	n := len(d.columns)
	penalty := make([]float64, n)
	for j, s := range d.inverse {
		// A feature of tiny values is held at 0 by any penalty; the bound keeps it finite.
		penalty[j] = min(alpha*s*s, 1e200)
	}
	solve, err := d.solver(ctx, penalty)
	if err != nil {
		return nil, err
	}
	u := make([]float64, n)
	var last float64
	for step := range 5 {
		g, err := d.descent(ctx, y, center, scale, u)
		if err != nil {
			return nil, err
		}
		for j := range g {
			g[j] -= float64(penalty[j] * u[j])
		}
		by := solve(g)
		size := dot(by, by)
		if step > 1 && size >= last/4 {
			break // no longer getting nearer
		}
		axpy(1, by, u)
		if size <= 1e-24*dot(u, u) {
			break
		}
		last = size
	}
	return u, nil
}

// solver factors the normal equations: of the features, or, where these are many
// more than the rows, of the rows.
func (d *design) solver(ctx context.Context, penalty []float64) (func(g []float64) []float64, error) {
	n := len(d.columns)
	g, err := d.gram(ctx)
	if err != nil {
		return nil, err
	}
	for j := range n {
		g[j*n+j] += penalty[j]
	}
	f, err := factorise(ctx, g, n, d.threads, tolerance)
	if err != nil {
		return nil, err
	}
	return f.solve, nil
}

// descent is the inner products of the features with the weighted residuals.
func (d *design) descent(ctx context.Context, y []float64, center, scale float64, u []float64) ([]float64, error) {
	n := len(u)
	v := make([]float64, n)
	for j := range v {
		v[j] = u[j] * d.inverse[j]
	}
	parts := make([][]float64, d.chunks())
	err := parallel(ctx, d.threads, len(parts), func(c int) {
		g := make([]float64, n)
		var room [block]float64
		start, end := d.cut(c, len(parts))
		for ; start < end; start += block {
			r := room[:min(block, end-start)]
			d.scores(start, v, 0, r)
			for i, z := range r {
				r[i] = (y[start+i]-center)/scale - z
				if d.weights != nil {
					r[i] *= d.weights[start+i]
				}
			}
			d.gather(start, r, g)
		}
		parts[c] = g
	})
	if err != nil {
		return nil, err
	}
	g := parts[0]
	for _, p := range parts[1:] {
		axpy(1, p, g)
	}
	for j := range g {
		g[j] *= d.inverse[j]
	}
	return g, nil
}
