package linear

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
)

// Logistic is logistic regression: of two classes by the log odds of the second,
// of more by the softmax of a score each. It minimises
// C * the sum of the rows' log losses + (1 - L1Ratio) |w|^2 / 2 + L1Ratio |w|_1, as
// scikit-learn's.
//
// The solver without an L1Ratio is L-BFGS, started at each step from second derivatives found on a
// sample of the rows, so that correlated features and features of other
// magnitudes take no longer. With one it is the proximal Newton method. Tolerance is the distance to the optimum at
// which it ends, in standard deviations of the predicted scores.
type Logistic struct {
	C           float64 `json:"c" default:"1" min:"0" doc:"Inverse strength of the penalty on the coefficients: less is stronger."`
	L1Ratio     float64 `json:"l1_ratio" default:"0" min:"0" max:"1" doc:"Share of the penalty on the coefficients' sizes, which makes some of them 0; the rest is on their squares."`
	ClassWeight string  `json:"class_weight" default:"none" enum:"none,balanced" doc:"balanced: every class counts as much as any other."`
	MaxIter     int     `json:"max_iter" default:"1000" min:"1" doc:"Most steps of the solver."`
	Tolerance   float64 `json:"tolerance" default:"1e-6" min:"0" doc:"Distance to the optimum, in units of the score, at which the solver ends."`
	NoIntercept bool    `json:"no_intercept" default:"false" doc:"Let the scores be 0 where all features are 0."`
}

// NewLogistic is a Logistic with the default parameters.
func NewLogistic() Logistic {
	return Logistic{C: 1, ClassWeight: "none", MaxIter: 1000, Tolerance: 1e-6}
}

func (p Logistic) check() error {
	switch {
	case !(p.C > 0) || math.IsInf(p.C, 0):
		return fmt.Errorf("c is %v, not a number above 0: 1 is usual", p.C)
	case !(p.L1Ratio >= 0 && p.L1Ratio <= 1):
		return fmt.Errorf("l1_ratio is %v, not from 0 to 1", p.L1Ratio)
	case p.ClassWeight != "" && p.ClassWeight != "none" && p.ClassWeight != "balanced":
		return fmt.Errorf("class_weight is %q: use none or balanced", p.ClassWeight)
	case p.MaxIter < 1:
		return fmt.Errorf("max_iter is %d, not at least 1", p.MaxIter)
	case !(p.Tolerance >= 0) || math.IsInf(p.Tolerance, 0):
		return fmt.Errorf("tolerance is %v, not a number of at least 0", p.Tolerance)
	}
	return nil
}

// Fit implements learn.Estimator. A class that no row is of, or only rows of
// weight 0, gets the probability 0. A fit that has not converged after MaxIter
// steps is no error: the Model tells.
func (p Logistic) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	m, err := p.fit(ctx, x, y, opts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", KindLogistic, err)
	}
	return m, nil
}

func (p Logistic) fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (*Model, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if y.Task != learn.Classification {
		return nil, fmt.Errorf("the target is of %s, and this is a classification: use %s or %s", y.Task, KindRidge, KindLinear)
	}
	d, err := newDesign(ctx, x, y, opts, !p.NoIntercept)
	if err != nil {
		return nil, err
	}
	m := &Model{kind: KindLogistic, classes: len(y.Classes), features: len(x.Columns)}
	l, seen := newLoss(d, y)
	m.seen = seen
	if p.ClassWeight == "balanced" {
		l.balance()
	}
	m.intercepts = make([]float64, l.scores)
	m.coefficients = make([]float64, l.scores*m.features)
	m.converged = true
	if len(seen) > 1 {
		solve := p.solve
		if p.L1Ratio > 0 {
			solve = p.solveSparse
		}
		u, err := solve(ctx, l, m, opts)
		if err != nil {
			return nil, err
		}
		n := len(d.columns)
		for k := range l.scores {
			w, offset := d.original(u[k*(n+1):], m.features)
			copy(m.row(k), w)
			if !p.NoIntercept {
				m.intercepts[k] = u[k*(n+1)+n] + offset
			}
		}
		m.center(p.L1Ratio == 0, !p.NoIntercept)
	}
	if err := m.check(x.Names); err != nil {
		return nil, err
	}
	if opts != nil && opts.Progress != nil {
		opts.Progress(p.MaxIter, p.MaxIter)
	}
	return m, nil
}

// center makes the coefficients of the classes sum to 0, where their sizes have no
// penalty, and the intercepts, which changes no prediction: of all the same softmax
// models this is the one of least penalty.
func (m *Model) center(coefficients, intercept bool) {
	k := len(m.intercepts)
	if k == 1 {
		return
	}
	for j := 0; j < m.features && coefficients; j++ {
		mean := 0.0
		for r := range k {
			mean += m.coefficients[r*m.features+j] / float64(k)
		}
		for r := range k {
			m.coefficients[r*m.features+j] -= mean
		}
	}
	if !intercept {
		return
	}
	mean := 0.0
	for _, v := range m.intercepts {
		mean += v / float64(k)
	}
	for r := range k {
		m.intercepts[r] -= mean
	}
}

// begin sets the penalty on the squared coefficients, and where a solver starts.
func (p Logistic) begin(l *loss) []float64 {
	l.penalty = make([]float64, len(l.columns))
	for j, s := range l.inverse {
		l.penalty[j] = min((1-p.L1Ratio)*s/p.C*s/l.total, 1e200)
	}
	l.intercept = !p.NoIntercept
	u := make([]float64, l.scores*(len(l.columns)+1))
	if l.intercept {
		l.start(u)
	}
	return u
}

// solve finds the coefficients of the standardised features: for each score
// those of the columns and then the intercept.
func (p Logistic) solve(ctx context.Context, l *loss, m *Model, opts *learn.Options) ([]float64, error) {
	u := p.begin(l)
	run := func(on *loss, near func([]float64) []float64, tolerance float64) error {
		before := m.iterations
		solver := problem{
			value:     func(u, g []float64) (float64, error) { return on.value(ctx, u, g) },
			near:      near,
			tolerance: tolerance,
			steps:     p.MaxIter - before,
		}
		if opts != nil && opts.Progress != nil {
			solver.progress = func(step int) { opts.Progress(before+step, p.MaxIter) }
		}
		converged, steps, err := solver.minimise(ctx, u)
		m.converged, m.iterations = converged, before+steps
		return err
	}
	part := l.sample()
	near, err := part.correlations(ctx)
	if err != nil {
		return nil, err
	}
	cheap := l.cheap(part.rows)
	if cheap || part != l {
		// A sample of the rows gets close, at little cost; all rows get there,
		// with the second derivatives from close by.
		if err := run(part, near, max(p.Tolerance, 1e-2)); err != nil {
			return nil, err
		}
	}
	if cheap {
		if near, err = part.newton(ctx, u); err != nil {
			return nil, err
		}
	}
	return u, run(l, near, p.Tolerance)
}
