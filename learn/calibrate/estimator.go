package calibrate

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/neural"
	"github.com/runnel-dev/runnel/learn/portable"
)

// Kind is the kind of the models' states.
const Kind = "calibrated"

// The methods.
const (
	None     = "none"
	Platt    = "sigmoid"  // a sigmoid of the margin or the probability: two numbers a class
	Stepwise = "isotonic" // any rising function of the probability: for some thousand rows and more
)

// What a curve maps.
const (
	LogOdds     = "log_odds"    // of a probability: the margin, where a model has one
	Probability = "probability" // as it is
)

// Params say how the probabilities of a classification are calibrated.
type Params struct {
	Method string `json:"method" default:"none" enum:"none,sigmoid,isotonic" doc:"sigmoid (Platt) suits few rows, isotonic some thousand and more; none leaves probabilities as they are"`
	Folds  int    `json:"folds" default:"5" min:"2" max:"20" doc:"folds whose rows are predicted by a model that was fitted on the others"`
}

// An Estimator calibrates another: Of is fitted on all rows, and the calibration
// on what it predicts for the rows of a fold when fitted on the others (as
// scikit-learn's CalibratedClassifierCV with ensemble=False). Each class is
// calibrated against the rest, and the probabilities are then divided by their
// sum; where all are 0 those of the estimator stay.
//
// As there, the sigmoid is of the margin of a model that makes probabilities of
// one (linear models, boosting, networks, stackings that end with these), and of
// the probability of any other.
type Estimator struct {
	Of     learn.Estimator
	Params Params
}

// Fit implements learn.Estimator.
func (e Estimator) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	if e.Params.Method != Platt && e.Params.Method != Stepwise {
		return nil, fmt.Errorf("calibration: no method %q: there are %s and %s", e.Params.Method, Platt, Stepwise)
	}
	if y.Task != learn.Classification {
		return nil, fmt.Errorf("calibration is of probabilities, and the task is %s: take it out", y.Task)
	}
	predicted, err := combine.Unseen(ctx, e.Of, x, y, e.Params.Folds, opts)
	if err != nil {
		return nil, fmt.Errorf("calibration: %w", err)
	}
	m := &Model{method: e.Params.Method, maps: Probability, clip: 1 / (2 * float64(x.Rows))}
	if m.of, err = e.Of.Fit(ctx, x, y, silent(opts)); err != nil {
		return nil, err
	}
	if m.method == Platt && hasMargin(m.of) {
		m.maps = LogOdds
	}
	var weights []float64
	if opts != nil {
		weights = opts.Weights
	}
	n := len(y.Classes)
	for _, k := range m.classes() {
		scores, positive, truth := make([]float64, x.Rows), make([]bool, x.Rows), make([]float64, x.Rows)
		any := false
		for i, l := range y.Labels {
			scores[i] = m.score(predicted[i*n+k])
			if positive[i] = int(l) == k; positive[i] {
				truth[i], any = 1, true
			}
		}
		c := curve{absent: !any}
		switch {
		case c.absent: // of a class without rows: it stays at 0
		case m.method == Platt:
			c.sigmoid, err = FitSigmoid(scores, positive, weights)
		default:
			c.isotonic, err = FitIsotonic(scores, truth, weights)
		}
		if err != nil {
			return nil, fmt.Errorf("class %q: %w", y.Classes[k], err)
		}
		m.curves = append(m.curves, c)
	}
	if opts != nil && opts.Progress != nil {
		opts.Progress(1, 1)
	}
	return m, nil
}

// hasMargin reports whether the probabilities of a model are made of scores that
// have no bounds.
func hasMargin(m learn.Model) bool {
	switch m := m.(type) {
	case *linear.Model, *neural.Model:
		return true
	case *combine.Model:
		final, stacks := m.Final()
		return stacks && hasMargin(final.Model)
	case ensemble.Opener:
		return m.Ensemble().Link != ensemble.Identity
	}
	return false
}

func silent(opts *learn.Options) *learn.Options {
	if opts == nil {
		return nil
	}
	o := *opts
	o.Progress = nil
	return &o
}

// A Model is a calibrated model.
type Model struct {
	of     learn.Model
	method string
	maps   string  // what curves map: LogOdds or Probability
	clip   float64 // probabilities nearer to 0 or 1 are taken for this near, where there are log-odds
	curves []curve // of each class; of two, of the second alone
}

// A curve maps the scores of a class.
type curve struct {
	absent   bool
	sigmoid  Sigmoid
	isotonic Isotonic
}

// classes are those that have a curve.
func (m *Model) classes() []int {
	if m.of.Outputs() == 2 {
		return []int{1}
	}
	out := make([]int, m.of.Outputs())
	for k := range out {
		out[k] = k
	}
	return out
}

// score is what a curve maps.
func (m *Model) score(p float64) float64 {
	if m.maps != LogOdds {
		return p
	}
	p = min(max(p, m.clip), 1-m.clip)
	return portable.Log(p / (1 - p))
}

func (m *Model) at(c *curve, p float64) float64 {
	switch {
	case c.absent:
		return 0
	case m.method == Platt:
		return c.sigmoid.At(m.score(p))
	}
	return c.isotonic.At(p)
}

// Of is the model that is calibrated.
func (m *Model) Of() learn.Model { return m.of }

// Outputs implements learn.Model.
func (m *Model) Outputs() int { return m.of.Outputs() }

// Predict implements learn.Model.
func (m *Model) Predict(x *learn.Matrix) []float64 {
	out, n := m.of.Predict(x), m.of.Outputs()
	for i := 0; i < len(out); i += n {
		row := out[i : i+n]
		if n == 2 {
			row[1] = m.at(&m.curves[0], row[1])
			row[0] = 1 - row[1]
			continue
		}
		sum, curved := 0.0, make([]float64, n)
		for k, p := range row {
			curved[k] = m.at(&m.curves[k], p)
			sum += curved[k]
		}
		for k := range row {
			if sum > 0 {
				row[k] = curved[k] / sum
			}
		}
	}
	return out
}
