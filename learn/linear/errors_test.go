package linear

import (
	"math"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

func TestErrors(t *testing.T) {
	values := &learn.Target{Task: learn.Regression, Values: []float64{1, 2, 3, 5}}
	classes := &learn.Target{Task: learn.Classification, Classes: []string{"a", "b"}, Labels: []int32{0, 1, 1, 0}}
	with := func(v float64) *learn.Matrix {
		return &learn.Matrix{Names: []string{"age", "height"}, Columns: [][]float64{{1, 2, 3, 4}, {1, 0, v, 1}}, Rows: 4}
	}
	zero := &learn.Options{Weights: []float64{1, 1, 0, 1}}
	change := func(f func(*Logistic)) Logistic {
		p := NewLogistic()
		f(&p)
		return p
	}
	for _, c := range []struct {
		want      string
		estimator learn.Estimator
		x         *learn.Matrix
		y         *learn.Target
		opts      *learn.Options
	}{
		{`linear: feature "height" is missing in row 2: linear models need every value, impute first`, LeastSquares{}, with(math.NaN()), values, nil},
		{`feature "height" is missing in row 2`, LeastSquares{}, with(math.NaN()), values, zero},
		{`feature "height" is infinite in row 2`, Ridge{}, with(math.Inf(-1)), values, nil},
		{`feature "height" is infinite in row 2`, NewLogistic(), with(math.Inf(1)), classes, zero},
		{`feature "height" has values up to 1e+308, too large to compute with`, LeastSquares{}, with(1e308), values, nil},
		{"ridge: the target is of classification, and this is a regression: use logistic", Ridge{}, with(0), classes, nil},
		{"logistic: the target is of regression, and this is a classification: use ridge or linear", NewLogistic(), with(0), values, nil},
		{"ridge: the sample weights sum to +Inf", Ridge{}, with(0), values, &learn.Options{Weights: []float64{1e308, 1e308, 1e308, 1}}},
		{"ridge: the sample weight of row 1 is NaN", Ridge{}, with(0), values, &learn.Options{Weights: []float64{1, math.NaN(), 1, 1}}},
		{"ridge: alpha is -1", Ridge{Alpha: -1}, with(0), values, nil},
		{"logistic: c is 0, not a number above 0: 1 is usual", change(func(p *Logistic) { p.C = 0 }), with(0), classes, nil},
		{`class_weight is "balance": use none or balanced`, change(func(p *Logistic) { p.ClassWeight = "balance" }), with(0), classes, nil},
		{"logistic: l1_ratio is 2, not from 0 to 1", change(func(p *Logistic) { p.L1Ratio = 2 }), with(0), classes, nil},
		{"lasso: alpha is -1, not a number of at least 0", Lasso{Alpha: -1}, with(0), values, nil},
		{"elastic_net: l1_ratio is NaN, not from 0 to 1", ElasticNet{L1Ratio: math.NaN(), MaxIter: 1}, with(0), values, nil},
		{"lasso: max_iter is 0, not at least 1", Lasso{Alpha: 1}, with(0), values, nil},
		{"elastic_net: tolerance is -1", ElasticNet{MaxIter: 1, Tolerance: -1}, with(0), values, nil},
		{`sgd: loss is "hinge", and the target is of regression: use one of`, SGD{Loss: "hinge"}, with(0), values, nil},
		{`sgd: feature "height" is missing in row 2`, NewSGD(), with(math.NaN()), values, nil},
		{"the coefficients grew beyond all bounds in round 1: scale the features, or take a lower eta0", NewSGD(), with(1e300), values, nil},
		{"max_iter is 0", change(func(p *Logistic) { p.MaxIter = 0 }), with(0), classes, nil},
		{"tolerance is NaN", change(func(p *Logistic) { p.Tolerance = math.NaN() }), with(0), classes, nil},
	} {
		_, err := c.estimator.Fit(t.Context(), c.x, c.y, c.opts)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

// What no fit may break on: classes that can be told apart without error, with
// hardly a penalty; more features than rows; more classes than most; the
// smallest and largest weights.
func TestHardLogistic(t *testing.T) {
	d, y := problemOf(100, 120, false, 7)
	x := &learn.Matrix{Names: make([]string, 120), Columns: d.columns, Rows: 100}
	few := &learn.Matrix{Names: make([]string, 3), Columns: d.columns[:3], Rows: 100}
	labels := func(k int) *learn.Target {
		out := &learn.Target{Task: learn.Classification, Classes: make([]string, k)}
		for _, v := range y {
			out.Labels = append(out.Labels, int32(min(k-1, max(0, int((v+3)/6*float64(k))))))
		}
		return out
	}
	weights := func(w float64) *learn.Options {
		out := &learn.Options{Weights: make([]float64, 100)}
		for i := range out.Weights {
			out.Weights[i] = w
		}
		return out
	}
	weak := NewLogistic()
	weak.C, weak.MaxIter = 1e12, 50
	sparse := weak
	sparse.L1Ratio, sparse.C, sparse.MaxIter = 1, 1, 5
	for name, fit := range map[string]func() (learn.Model, error){
		"separable, sparse": func() (learn.Model, error) { return sparse.Fit(t.Context(), x, labels(2), nil) },
		"separable":         func() (learn.Model, error) { return weak.Fit(t.Context(), x, labels(2), nil) },
		"wide":              func() (learn.Model, error) { return NewLogistic().Fit(t.Context(), x, labels(3), nil) },
		"classes":           func() (learn.Model, error) { return NewLogistic().Fit(t.Context(), few, labels(60), nil) },
		"tiny weights": func() (learn.Model, error) {
			return NewLogistic().Fit(t.Context(), few, labels(2), weights(1e-200))
		},
		"huge weights": func() (learn.Model, error) {
			return NewLogistic().Fit(t.Context(), few, labels(3), weights(1e200))
		},
	} {
		m, err := fit()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		in := x
		if m.(*Model).features == 3 {
			in = few
		}
		p := m.Predict(in)
		for i := range in.Rows {
			sum := 0.0
			for _, v := range p[i*m.Outputs() : (i+1)*m.Outputs()] {
				sum += v
			}
			if !(math.Abs(sum-1) < 1e-9) {
				t.Errorf("%s: the probabilities of row %d sum to %v", name, i, sum)
				break
			}
		}
	}
}
