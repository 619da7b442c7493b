// Package learn holds what the algorithms share: the feature matrix, the
// target, and the contracts of estimators and fitted models. The algorithms
// live in the packages below it.
//
// Nothing here or below does I/O, and all of it builds for wasip1. Fitting is
// deterministic: the same data, parameters and seed give the same bits for any
// number of threads.
package learn

import (
	"context"
	"fmt"
	"math"
	"runtime"
)

// A Task is what is predicted.
type Task string

// The tasks.
const (
	Classification Task = "classification"
	Regression     Task = "regression"
	Clustering     Task = "clustering" // which rows are alike; there is no target

	AnomalyDetection Task = "anomaly_detection" // which rows are unlike all others; there is no target

	// Recommendation is of rows that are events, each of a user and an item: which
	// other items the user will come to. Its rows have no features.
	Recommendation Task = "recommendation"
)

// Supervised tells whether a task has a target: a column of the data that says
// what is right.
func (t Task) Supervised() bool {
	return t != Clustering && t != AnomalyDetection && t != Recommendation
}

// A Matrix is the feature matrix: one contiguous slice a feature (column-major),
// NaN where a value is missing. Columns are read, never written, by estimators.
type Matrix struct {
	Names   []string
	Columns [][]float64
	Rows    int
}

// Take returns a matrix of the given rows, in that order.
func (m *Matrix) Take(rows []int) *Matrix {
	out := &Matrix{Names: m.Names, Columns: make([][]float64, len(m.Columns)), Rows: len(rows)}
	for j, col := range m.Columns {
		v := make([]float64, len(rows))
		for i, r := range rows {
			v[i] = col[r]
		}
		out.Columns[j] = v
	}
	return out
}

// A Target is what a model learns to predict: a class index a row for
// classification (Labels, an index into Classes), a value a row for regression.
// Of a task without a target there is the number of rows alone.
type Target struct {
	Task    Task
	Labels  []int32
	Classes []string
	Values  []float64
	Rows    int // where the task is not supervised
}

// Len is the number of rows.
func (y *Target) Len() int {
	switch {
	case !y.Task.Supervised():
		return y.Rows
	case y.Task == Classification:
		return len(y.Labels)
	}
	return len(y.Values)
}

// Take returns the target of the given rows, in that order. Classes stay as
// they are, also where the rows lack one.
func (y *Target) Take(rows []int) *Target {
	out := &Target{Task: y.Task, Classes: y.Classes}
	if !y.Task.Supervised() {
		out.Rows = len(rows)
		return out
	}
	if y.Task == Classification {
		out.Labels = make([]int32, len(rows))
		for i, r := range rows {
			out.Labels[i] = y.Labels[r]
		}
		return out
	}
	out.Values = make([]float64, len(rows))
	for i, r := range rows {
		out.Values[i] = y.Values[r]
	}
	return out
}

// Options say how a fit is done, never what it results in: every field but Seed,
// Weights and Groups leaves the fitted model the same bit by bit.
type Options struct {
	Seed     uint64
	Threads  int                   // 0: as many as GOMAXPROCS
	Weights  []float64             // sample weights, nil: all 1
	Groups   []int32               // the group of each row, whose rows the folds of stacking and calibration do not part; nil: they are divided at random
	Progress func(done, total int) // nil: none; called from one goroutine at a time
}

// ThreadCount is Threads with its default filled in. A nil receiver is all defaults.
func (o *Options) ThreadCount() int {
	if o != nil && o.Threads > 0 {
		return o.Threads
	}
	return runtime.GOMAXPROCS(0)
}

// An Estimator is a set of parameters that can be fitted. Constructors only
// store parameters; Fit checks them. A nil opts means the defaults. Fit returns
// ctx's error soon after ctx ends.
type Estimator interface {
	Fit(ctx context.Context, x *Matrix, y *Target, opts *Options) (Model, error)
}

// A Model is a fitted estimator. It is immutable and safe for concurrent use.
type Model interface {
	// Outputs is the number of values a row that Predict gives: the number of
	// classes for classification, 1 for regression.
	Outputs() int
	// Predict returns rows x Outputs values, row-major: class probabilities that
	// sum to 1, or the predicted value. x has the features of the fit, in order.
	Predict(x *Matrix) []float64
	// State is all there is to the model, for writing it down.
	State() State
}

// A State is a fitted object taken apart: what it is, its readable parameters,
// and its arrays. It is how models and transformers are stored; restoring is a
// function in the package that made it, found by Kind.
type State struct {
	Kind    string            `json:"kind"`
	Params  map[string]any    `json:"params,omitempty"` // JSON values only
	Tensors map[string]Tensor `json:"-"`
}

// A Tensor is a named array of a State. Data is one of []float64, []float32,
// []int64, []int32, []uint16 or []uint8, in row-major order.
type Tensor struct {
	Shape []int
	Data  any
}

// CheckFit reports data that no estimator can be fitted on: no rows, no
// features, lengths that differ, an infinite value, a missing target or one class.
func CheckFit(x *Matrix, y *Target, opts *Options) error {
	if err := CheckShape(x, y, opts); err != nil {
		return err
	}
	for j, col := range x.Columns {
		for i, v := range col {
			if math.IsInf(v, 0) {
				return fmt.Errorf("feature %q is infinite in row %d: cap or remove such values first", x.Names[j], i)
			}
		}
	}
	return nil
}

// CheckShape is CheckFit without a look at the features' values, for estimators
// that find an infinite one on the way.
func CheckShape(x *Matrix, y *Target, opts *Options) error {
	if !y.Task.Supervised() {
		return fmt.Errorf("the task is %s, which has no target to learn", y.Task)
	}
	if err := CheckRows(x, y, opts); err != nil {
		return err
	}
	if y.Task == Classification {
		if len(y.Classes) < 2 {
			return fmt.Errorf("the target has %d class(es): classification needs at least 2", len(y.Classes))
		}
		for i, l := range y.Labels {
			if l < 0 || int(l) >= len(y.Classes) {
				return fmt.Errorf("label %d in row %d is none of the %d classes", l, i, len(y.Classes))
			}
		}
		return nil
	}
	for i, v := range y.Values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("the target is %v in row %d: a regression target is finite", v, i)
		}
	}
	return nil
}

// mostRows is how many rows 32 bits number, with one to spare.
const mostRows = math.MaxInt32 / 2

// CheckRows is the part of CheckShape that is about how many there are: of rows,
// features, targets and weights. It is all there is to check of a task without a target.
func CheckRows(x *Matrix, y *Target, opts *Options) error {
	switch {
	case x.Rows > mostRows:
		return fmt.Errorf("%d rows: at most %d can be fitted on; fit on a sample of them", x.Rows, mostRows)
	case x.Rows == 0:
		return fmt.Errorf("no rows to fit on")
	case len(x.Columns) == 0:
		return fmt.Errorf("no features to fit on")
	case y.Len() != x.Rows:
		return fmt.Errorf("%d rows of features but %d of target", x.Rows, y.Len())
	case opts != nil && opts.Weights != nil && len(opts.Weights) != x.Rows:
		return fmt.Errorf("%d rows of features but %d sample weights", x.Rows, len(opts.Weights))
	}
	for j, col := range x.Columns {
		if len(col) != x.Rows {
			return fmt.Errorf("feature %q has %d rows, want %d", x.Names[j], len(col), x.Rows)
		}
	}
	return nil
}

// Decide is Argmax, but for two classes with a threshold that is not 0: the
// second where its value is at least that.
func Decide(values []float64, n int, threshold float64) []int32 {
	if n != 2 || threshold == 0 {
		return Argmax(values, n)
	}
	out := make([]int32, len(values)/2)
	for i := range out {
		if values[2*i+1] >= threshold {
			out[i] = 1
		}
	}
	return out
}

// Argmax returns, for each row of row-major values with n a row, the index of
// the largest; the first of equals.
func Argmax(values []float64, n int) []int32 {
	out := make([]int32, len(values)/n)
	for i := range out {
		row := values[i*n : (i+1)*n]
		for k, v := range row {
			if v > row[out[i]] {
				out[i] = int32(k)
			}
		}
	}
	return out
}
