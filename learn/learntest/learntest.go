// Package learntest is the conformance suite that every estimator and transformer
// passes: what learn.Estimator, learn.Model and a transform of tables promise,
// checked on small made-up data. An estimator's package calls it from a test:
//
//	learntest.Estimator(t, func() learn.Estimator { return ridge }, learntest.Config{
//		Tasks:   []learn.Task{learn.Regression},
//		Restore: FromState,
//	})
//
// A transformer's goes by [Transform].
package learntest

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

// A Config says what an estimator can do, so which promises it is held to.
type Config struct {
	// Tasks are the tasks that the estimator fits; nil means classification and
	// regression. A fit of any other task must be an error.
	Tasks []learn.Task
	// Missing says that NaN in the features is handled. Where it is not, a fit
	// on data with NaN must be an error that names the feature.
	Missing bool
	// Blind says that the estimator does not look at the features, as a baseline:
	// it need not learn from them, and they may be missing.
	Blind bool
	// Unweighted says that the rows have no weights: a fit with some must be an error.
	Unweighted bool
	// Restore makes a model from its state. It is required.
	Restore func(learn.State) (learn.Model, error)
	// Optional are tensors that a state may do without.
	Optional []string
	// RowOrder says that the order of the training rows does not matter, but
	// for rounding.
	RowOrder bool
	// Copies says that a row of weight k is the same as k copies of the row,
	// and a row of weight 0 the same as no row, but for rounding.
	Copies bool
	// ColumnOrder says that the order of the features does not matter, but for
	// rounding.
	ColumnOrder bool
	// Monotone says that only the order of a feature's values matters: another
	// increasing scale changes no prediction for a row of the training data.
	Monotone bool
	// Tolerance bounds the absolute difference between predictions that are the
	// same but for rounding; 0 means 1e-6.
	Tolerance float64
	// Accuracy and R2 are what the estimator must reach on the rows that it was
	// fitted on, where classes are separated by a plane and the value is linear
	// with some noise. Of groups, of rows that lie far out and of what users do,
	// Accuracy is the share that is found. 0 means 0.9 and 0.8.
	Accuracy, R2 float64
}

func (c Config) withDefaults() Config {
	if c.Tasks == nil {
		c.Tasks = []learn.Task{learn.Classification, learn.Regression}
	}
	if c.Tolerance == 0 {
		c.Tolerance = 1e-6
	}
	if c.Accuracy == 0 {
		c.Accuracy = 0.9
	}
	if c.R2 == 0 {
		c.R2 = 0.8
	}
	return c
}

// tasks are those that there are.
var tasks = []learn.Task{learn.Classification, learn.Regression, learn.Clustering, learn.AnomalyDetection, learn.Recommendation}

// A check is one promise: what is tested, and how.
type check struct {
	name string
	run  func(t *testing.T, s suite)
}

// A suite is what a check needs: the estimator, its abilities and the task at hand.
type suite struct {
	Config
	make func() learn.Estimator
	task learn.Task
}

// Estimator runs the whole suite for each task that the estimator fits. The
// function makes a new estimator with the same parameters at each call.
func Estimator(t *testing.T, make func() learn.Estimator, config Config) {
	t.Helper()
	if config.Restore == nil {
		t.Fatal("learntest: Config.Restore is required")
	}
	config = config.withDefaults()
	checks := append(append(append([]check{}, fitChecks...), sameChecks...), modelChecks...)
	for _, task := range tasks {
		s := suite{Config: config, make: make, task: task}
		if !s.fits(task) {
			t.Run(string(task)+"/refused", func(t *testing.T) {
				x, y := Data(task, 40, 1)
				if _, err := s.make().Fit(t.Context(), x, y, nil); err == nil {
					t.Errorf("a fit of %s is no error, though it is none of the estimator's tasks", task)
				}
			})
			continue
		}
		for _, c := range checks {
			t.Run(string(task)+"/"+c.name, func(t *testing.T) { c.run(t, s) })
		}
	}
}

func (s suite) fits(task learn.Task) bool { return slices.Contains(s.Tasks, task) }

// features tells whether the columns of the task's data are numbers to learn from.
func (s suite) features() bool { return s.task != learn.Recommendation }

// fit fits a new estimator and fails the test where that is an error.
func (s suite) fit(t *testing.T, x *learn.Matrix, y *learn.Target, opts *learn.Options) learn.Model {
	t.Helper()
	m, err := s.make().Fit(t.Context(), x, y, opts)
	if err != nil {
		t.Fatalf("fit: %v", err)
	}
	return m
}

// refuses fails the test unless the fit is an error, and returns its text.
func (s suite) refuses(t *testing.T, x *learn.Matrix, y *learn.Target, opts *learn.Options) string {
	t.Helper()
	m, err := s.make().Fit(context.Background(), x, y, opts)
	if err == nil {
		t.Fatalf("fit gave a %T, want an error", m)
	}
	return err.Error()
}

// predict predicts, and checks what holds for every prediction: its length,
// that all of it is finite, and that probabilities are such.
func predict(t *testing.T, m learn.Model, x *learn.Matrix, task learn.Task) []float64 {
	t.Helper()
	p := m.Predict(x)
	if len(p) != x.Rows*m.Outputs() {
		t.Fatalf("%d predicted values for %d rows of %d outputs", len(p), x.Rows, m.Outputs())
	}
	for i, v := range p {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatalf("row %d is predicted as %v", i/m.Outputs(), v)
		}
	}
	if task != learn.Classification {
		return p
	}
	for i := range x.Rows {
		sum := 0.0
		for _, v := range p[i*m.Outputs() : (i+1)*m.Outputs()] {
			if v < 0 || v > 1 {
				t.Fatalf("row %d has a probability of %v", i, v)
			}
			sum += v
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Fatalf("the probabilities of row %d sum to %v", i, sum)
		}
	}
	return p
}

// sameBits fails the test unless a and b agree bit by bit.
func sameBits(t failer, what string, a, b []float64) {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%s: %d values, want %d", what, len(b), len(a))
	}
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			t.Fatalf("%s: value %d is %v, want %v bit by bit", what, i, b[i], a[i])
		}
	}
}

// near fails the test unless a and b agree but for rounding.
func near(t *testing.T, what string, a, b []float64, tolerance float64) {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%s: %d values, want %d", what, len(b), len(a))
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > tolerance {
			t.Fatalf("%s: value %d is %v, want %v within %v", what, i, b[i], a[i], tolerance)
		}
	}
}
