package linear

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
)

// ElasticNet is least squares with penalties on the coefficients' sizes and
// squares: as scikit-learn's, it minimises
// |y - Xw|^2 / 2n + Alpha (L1Ratio |w|_1 + (1 - L1Ratio) |w|^2 / 2), where n is the
// number of rows, or their weight. It ends when the duality gap is at most
// Tolerance |y|^2 / n.
type ElasticNet struct {
	Alpha       float64 `json:"alpha" default:"1" min:"0" doc:"Strength of the penalty."`
	L1Ratio     float64 `json:"l1_ratio" default:"0.5" min:"0" max:"1" doc:"Share of the penalty on the coefficients' sizes, which makes some of them 0; the rest is on their squares."`
	MaxIter     int     `json:"max_iter" default:"1000" min:"1" doc:"Most rounds over the coefficients."`
	Tolerance   float64 `json:"tolerance" default:"1e-4" min:"0" doc:"Duality gap at which the solver ends, as a share of the target's variance."`
	NoIntercept bool    `json:"no_intercept" default:"false" doc:"Let the prediction be 0 where all features are 0."`
}

// NewElasticNet is an ElasticNet with the default parameters.
func NewElasticNet() ElasticNet {
	return ElasticNet{Alpha: 1, L1Ratio: 0.5, MaxIter: 1000, Tolerance: 1e-4}
}

// Lasso is an ElasticNet with an L1Ratio of 1.
type Lasso struct {
	Alpha       float64 `json:"alpha" default:"1" min:"0" doc:"Strength of the penalty on the coefficients' sizes: more makes more of them 0."`
	MaxIter     int     `json:"max_iter" default:"1000" min:"1" doc:"Most rounds over the coefficients."`
	Tolerance   float64 `json:"tolerance" default:"1e-4" min:"0" doc:"Duality gap at which the solver ends, as a share of the target's variance."`
	NoIntercept bool    `json:"no_intercept" default:"false" doc:"Let the prediction be 0 where all features are 0."`
}

// NewLasso is a Lasso with the default parameters.
func NewLasso() Lasso { return Lasso{Alpha: 1, MaxIter: 1000, Tolerance: 1e-4} }

// Fit implements learn.Estimator. A fit that has not converged after MaxIter
// rounds is no error: the Model tells.
func (p Lasso) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	return ElasticNet{p.Alpha, 1, p.MaxIter, p.Tolerance, p.NoIntercept}.fit(ctx, KindLasso, x, y, opts)
}

// Fit implements learn.Estimator. A fit that has not converged after MaxIter
// rounds is no error: the Model tells.
func (p ElasticNet) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	return p.fit(ctx, KindElasticNet, x, y, opts)
}

func (p ElasticNet) fit(ctx context.Context, kind string, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	switch {
	case !(p.Alpha >= 0) || math.IsInf(p.Alpha, 0):
		return nil, fmt.Errorf("%s: alpha is %v, not a number of at least 0", kind, p.Alpha)
	case !(p.L1Ratio >= 0 && p.L1Ratio <= 1):
		return nil, fmt.Errorf("%s: l1_ratio is %v, not from 0 to 1", kind, p.L1Ratio)
	case p.MaxIter < 1:
		return nil, fmt.Errorf("%s: max_iter is %d, not at least 1", kind, p.MaxIter)
	case !(p.Tolerance >= 0) || math.IsInf(p.Tolerance, 0):
		return nil, fmt.Errorf("%s: tolerance is %v, not a number of at least 0", kind, p.Tolerance)
	}
	return fitSquares(ctx, kind, x, y, opts, !p.NoIntercept, p.MaxIter, func(s *squares, m *Model) ([]float64, error) {
		if s.alpha = p.Alpha * (1 - p.L1Ratio) * s.total; p.Alpha*p.L1Ratio == 0 {
			m.converged = true
			return s.solve(ctx)
		}
		return p.solve(ctx, s, m, opts)
	})
}

// atOnce is up to how many features the inner products of all of them are used.
const atOnce = 1024

// solve finds the coefficients in rounds. Of many features, a round is over those
// that have a coefficient and those that most deserve one (Massias, Gramfort,
// Salmon 2018); then all are looked at again by the residuals themselves, whose
// digits the inner products may have lost.
func (p ElasticNet) solve(ctx context.Context, s *squares, m *Model, opts *learn.Options) ([]float64, error) {
	n := len(s.columns)
	l := lasso{squares: s, first: make([]float64, n), second: make([]float64, n)}
	for j, v := range s.inverse {
		l.first[j] = min(p.Alpha*p.L1Ratio*v/s.scale, 1e200)
		l.second[j] = min(p.Alpha*(1-p.L1Ratio)*v*v, 1e200)
	}
	u := make([]float64, n)
	within := max(math.Sqrt(p.Tolerance)*1e-2, 1e-9)
	var of []int
	var q *quadratic
	for {
		left, rest, err := s.descent(ctx, u)
		if err != nil {
			return nil, err
		}
		rest /= s.total
		for j := range left {
			left[j] = left[j]/s.total - float64(l.second[j]*u[j])
		}
		gap := l.gap(u, left, rest)
		rounding := within < 1e-13 // is what is left
		m.converged = gap <= p.Tolerance || rounding && gap < 1e-8
		if m.converged || rounding || m.iterations >= p.MaxIter {
			return u, nil
		}
		if chosen := choose(n, func(j int) float64 {
			if u[j] != 0 || n <= atOnce {
				return math.Inf(1)
			}
			return math.Abs(left[j]) - l.first[j]
		}); q == nil || !slices.Equal(of, chosen) {
			of = chosen
			if q, err = l.among(ctx, of); err != nil {
				return nil, err
			}
		} else {
			within /= 10
		}
		part, leftPart := make([]float64, len(of)), make([]float64, len(of))
		for i, j := range of {
			part[i], leftPart[i] = u[j], left[j]
		}
		sweeps, err := q.minimise(ctx, part, leftPart, within, p.MaxIter-m.iterations)
		if err != nil {
			return nil, err
		}
		m.iterations += sweeps
		for i, j := range of {
			u[j] = part[i]
		}
		if opts != nil && opts.Progress != nil {
			opts.Progress(m.iterations, p.MaxIter)
		}
	}
}

// lasso is the problem in standardised features: the mean square of what is left,
// halved, + first |u| + second u^2 / 2.
type lasso struct {
	*squares
	first, second []float64
}

// gap is the duality gap at u, the target's mean square being 1. left is what the
// loss and the second penalty pull at u with, rest the mean square of what is left.
func (l *lasso) gap(u, left []float64, rest float64) float64 {
	beyond, sizes, pulls, along := 0.0, 0.0, 0.0, 0.0
	for j, v := range u {
		beyond = max(beyond, math.Abs(left[j])/l.first[j])
		sizes += float64(l.first[j] * math.Abs(v))
		pull := float64(l.second[j] * v)
		pulls += float64(pull * v)
		along += float64((left[j] + pull) * v)
	}
	shrink := 1 / max(1, beyond)
	return float64(rest/2) + float64(float64(rest*shrink)*shrink/2) + sizes - float64(shrink*(rest+along)) + float64((1+float64(shrink*shrink))*pulls/2)
}

// choose lists the features of the next round, in their order: those that cannot
// be left out (infinitely far beyond the penalty), and of the others beyond it the
// farthest, as many again. Of few features it takes all that are beyond it.
func choose(features int, beyond func(j int) float64) []int {
	var of, others []int
	far := make([]float64, features)
	for j := range far {
		far[j] = beyond(j)
		if math.IsInf(far[j], 1) {
			of = append(of, j)
		} else if far[j] > 0 {
			others = append(others, j)
		}
	}
	if more := max(256, len(of)); len(others) > more {
		slices.SortStableFunc(others, func(a, b int) int { return cmp.Compare(far[b], far[a]) })
		others = others[:more]
	}
	of = append(of, others...)
	slices.Sort(of)
	return of
}

// among is the problem of some features.
func (l *lasso) among(ctx context.Context, of []int) (*quadratic, error) {
	d := l.some(of)
	a, err := d.gram(ctx)
	if err != nil {
		return nil, err
	}
	for i := range a {
		a[i] /= l.total
	}
	q := &quadratic{a: a, threads: l.threads}
	for i, j := range of {
		a[i*len(of)+i] += l.second[j]
		q.lasso = append(q.lasso, l.first[j])
	}
	return q, nil
}
