// Package linear has the linear models: least squares, ridge, lasso, elastic net,
// logistic regression, and models fitted by stochastic gradient descent.
//
// Features are standardised inside, without a copy, so that their units do not
// matter to the accuracy (but for SGD); coefficients are those of the features as they came.
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
	"github.com/runnel-dev/runnel/learn/moments"
)

// The kinds of the models' States.
const (
	KindLinear     = "linear"
	KindRidge      = "ridge"
	KindLasso      = "lasso"
	KindElasticNet = "elastic_net"
	KindLogistic   = "logistic"
	KindSGD        = "sgd"
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
	return fitSquares(ctx, KindLinear, x, y, opts, !p.NoIntercept, 1, func(s *squares, _ *Model) ([]float64, error) {
		return s.solve(ctx)
	})
}

// Fit implements learn.Estimator.
func (p Ridge) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	if !(p.Alpha >= 0) || math.IsInf(p.Alpha, 0) {
		return nil, fmt.Errorf("ridge: alpha is %v, not a number of at least 0", p.Alpha)
	}
	return fitSquares(ctx, KindRidge, x, y, opts, !p.NoIntercept, 1, func(s *squares, _ *Model) ([]float64, error) {
		s.alpha = p.Alpha
		return s.solve(ctx)
	})
}

// fitSquares fits a model of least squares, whose standardised coefficients solve
// finds in so many steps at most.
func fitSquares(ctx context.Context, kind string, x *learn.Matrix, y *learn.Target, opts *learn.Options, intercept bool, steps int, solve func(*squares, *Model) ([]float64, error)) (learn.Model, error) {
	if y.Task != learn.Regression {
		return nil, fmt.Errorf("%s: the target is of %s, and this is a regression: use %s", kind, y.Task, KindLogistic)
	}
	d, err := newDesign(ctx, x, y, opts, intercept)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	model := &Model{kind: kind, classes: 1, features: len(x.Columns), converged: true}
	model.coefficients, model.intercepts = make([]float64, model.features), make([]float64, 1)
	m := moments.Of(y.Values, d.weights)
	spread := m.Squares
	if intercept {
		model.intercepts[0] = m.Mean
	} else {
		spread += float64(m.Weight * m.Mean * m.Mean)
		m.Mean = 0
	}
	scale := math.Sqrt(spread / d.total)
	if !finite(scale) || !finite(m.Mean) {
		return nil, fmt.Errorf("%s: the target has values too large to compute with: rescale it", kind)
	}
	if len(d.columns) > 0 && !(intercept && m.Constant) && scale > 1e-300 {
		s := squares{design: d, target: y.Values, mean: m.Mean, scale: scale}
		u, err := solve(&s, model)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
		for j := range u {
			u[j] *= scale
		}
		var offset float64
		model.coefficients, offset = d.original(u, len(x.Columns))
		if intercept {
			model.intercepts[0] += offset
		}
	}
	if err := model.check(x.Names); err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	if opts != nil && opts.Progress != nil {
		opts.Progress(steps, steps)
	}
	return model, nil
}
