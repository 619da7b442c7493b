// Package model is the model artifact: the whole fitted pipeline with all that
// is needed to predict from raw rows, and to say where the model came from.
//
// It is stored as a readable model.json and a binary weights file; see [Encode].
// Reading them executes nothing, and hostile bytes give an error.
package model

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/cluster"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table"
)

// A Model is a fitted pipeline. It is immutable once made, and then safe for
// concurrent use.
type Model struct {
	Task       learn.Task
	Target     string     // name of the column that is predicted; "" where the task has none
	TargetKind table.Kind // its type: labels are given back in it
	Classes    []string   // of a classification, in the order of the probabilities
	Inputs     []Input    // the raw columns, in order
	Graph      *preprocess.Graph
	Features   []string // the columns of the transformed table that the estimator takes, in order
	Estimator  learn.Model
	Params     map[string]any // the parameters of the training
	Metrics    map[string]float64
	Threshold  float64 // of two classes: the probability of the second from which a row is said to be of it; 0: that above a half
	Seed       uint64
	Statistics json.RawMessage // of the training rows; opaque here
	Lineage    json.RawMessage // opaque here
}

// An Input describes a raw column that the model takes.
type Input struct {
	Name     string     `json:"name"`
	Kind     table.Kind `json:"type"`
	Required bool       `json:"required"`         // an absent column is an error; a null is a missing value in any case
	Values   []string   `json:"values,omitempty"` // the categories in training, where there are at most MaxValues
	Min      *float64   `json:"min,omitempty"`    // the range in training, of numbers
	Max      *float64   `json:"max,omitempty"`

	// DateOrder is how 01/02/2006 was read in the training's files: month_first or
	// day_first, "" where it was not there. Rows given as JSON have ISO dates only.
	DateOrder string `json:"date_order,omitempty"`
}

// MaxValues is how many categories an Input lists.
const MaxValues = 100

// Describe lists the inputs of a model that is trained on the rows of t: every
// column but those aside, such as the target. One that always has a value and is no identifier is required.
func Describe(t *table.Table, aside ...string) []Input {
	columns := t.Without(aside...).Columns
	inputs := make([]Input, len(columns))
	var all sync.WaitGroup
	for j, c := range columns {
		all.Go(func() { inputs[j] = describe(c) })
	}
	all.Wait()
	return inputs
}

func describe(c *table.Column) Input {
	in := Input{Name: c.Name, Kind: c.Kind, Required: c.Nulls() == 0 && !preprocess.Identifier(c)}
	switch {
	case c.Kind == table.String:
		if values := preprocess.Classes(c); len(values) <= MaxValues {
			in.Values = values
		}
	case c.Kind == table.Float64:
		in.Min, in.Max = extent(c, c.Floats)
	case c.Kind.Numeric():
		in.Min, in.Max = extent(c, c.Ints)
	}
	return in
}

// extent is the least and the greatest of the values of c that are finite; nil
// where there are none.
func extent[T int64 | float64](c *table.Column, values []T) (lo, hi *float64) {
	var least, great T
	any := false
	for i, v := range values {
		if v-v != 0 || c.Missing(i) {
			continue
		}
		if !any {
			least, great, any = v, v, true
		}
		least, great = min(least, v), max(great, v)
	}
	if !any {
		return nil, nil
	}
	return new(float64(least)), new(float64(great))
}

// A Prediction is what a model says of the rows of a table.
type Prediction struct {
	Task          learn.Task
	Classes       []string  // of a classification
	Labels        []string  // of a classification: the likeliest class of each row
	Probabilities []float64 // of a classification: rows x Classes, row-major
	Values        []float64 // of a regression: a value a row
	Clusters      []int32   // of a clustering: the cluster of each row, from 0
	Distances     []float64 // of a clustering: how far each row is from the centre of its cluster
	Anomalies     []bool    // of anomaly detection: whether a row is one
	Scores        []float64 // of anomaly detection: of each row, from 0 to 1, the larger the more unlike all others
	Lists         []List    // of a recommendation: a list a row

	kind table.Kind
}

// Rows is the number of rows.
func (p *Prediction) Rows() int {
	switch p.Task {
	case learn.Classification:
		return len(p.Labels)
	case learn.Clustering:
		return len(p.Clusters)
	case learn.AnomalyDetection:
		return len(p.Anomalies)
	case learn.Recommendation:
		return len(p.Lists)
	}
	return len(p.Values)
}

// Value is the prediction for a row in the type of the target: a float64, or a
// class as a string, bool, int64 or float64; of a clustering the cluster, an int64;
// of anomaly detection whether it is one, a bool; of a recommendation the items, []Item.
func (p *Prediction) Value(row int) any {
	switch p.Task {
	case learn.Classification:
	case learn.Clustering:
		return int64(p.Clusters[row])
	case learn.AnomalyDetection:
		return p.Anomalies[row]
	case learn.Recommendation:
		return p.Lists[row].Items
	default:
		return p.Values[row]
	}
	return typed(p.Labels[row], p.kind)
}

// Distribution is the probability of each class for a row of a classification.
func (p *Prediction) Distribution(row int) map[string]float64 {
	out := make(map[string]float64, len(p.Classes))
	for k, class := range p.Classes {
		out[class] = p.Probabilities[row*len(p.Classes)+k]
	}
	return out
}

// Predict predicts each row of a raw table. The table is checked with CheckInput.
// A row for which the estimator has no finite answer, as a linear model has none
// for an infinite number, is an *InputError too.
func (m *Model) Predict(t *table.Table) (*Prediction, error) {
	if m.Task == learn.Recommendation {
		return m.Recommend(t, 0, false)
	}
	t, err := m.CheckInput(t)
	if err != nil {
		return nil, err
	}
	return m.PredictChecked(t, 0)
}

// PredictChecked is Predict of a table that CheckInput made, or of some of its rows
// that follow each other: the number of the first is added to the row that an error
// names. What CheckInput makes of a value may go by others of its column, so that
// rows are to be parted after it.
func (m *Model) PredictChecked(t *table.Table, first int) (*Prediction, error) {
	x, err := m.features(t)
	if err != nil {
		return nil, err
	}
	out := m.Estimator.Predict(x)
	if i := slices.IndexFunc(out, func(v float64) bool { return v-v != 0 }); i >= 0 { // infinite or NaN
		return nil, unanswered(x, i/m.Estimator.Outputs(), first)
	}
	return m.said(out, x.Rows), nil
}

// unanswered names the feature for which a row has no finite prediction.
func unanswered(x *learn.Matrix, row, first int) error {
	for j, column := range x.Columns {
		if v := column[row]; v-v != 0 {
			return &InputError{x.Names[j], first + row, fmt.Sprintf("%v has no prediction: give a finite number", v)}
		}
	}
	return fmt.Errorf("row %d has no finite prediction: its numbers are too large", first+row)
}

// Matrix checks a raw table and makes its feature matrix.
func (m *Model) Matrix(t *table.Table) (*learn.Matrix, error) {
	t, err := m.CheckInput(t)
	if err != nil {
		return nil, err
	}
	return m.features(t)
}

// features is the feature matrix of a table that CheckInput made.
func (m *Model) features(t *table.Table) (*learn.Matrix, error) {
	t, err := m.Graph.Transform(t)
	if err != nil {
		return nil, err
	}
	return preprocess.Matrix(t, m.Features)
}

// A Detector is a fitted estimator of anomalies, whose outputs are scores.
type Detector interface {
	learn.Model
	Threshold() float64 // the score above which a row is an anomaly
}

// PredictMatrix predicts each row of a feature matrix that Matrix made.
func (m *Model) PredictMatrix(x *learn.Matrix) *Prediction {
	return m.said(m.Estimator.Predict(x), x.Rows)
}

// said is what the estimator's outputs for rows mean.
func (m *Model) said(out []float64, rows int) *Prediction {
	p := &Prediction{Task: m.Task, Classes: m.Classes, kind: m.TargetKind}
	switch m.Task {
	case learn.Classification:
		p.Probabilities = out
		p.Labels = make([]string, rows)
		for i, k := range learn.Decide(out, len(m.Classes), m.Threshold) {
			p.Labels[i] = m.Classes[k]
		}
	case learn.Clustering:
		p.Clusters, p.Distances = cluster.Nearest(out, m.Estimator.Outputs())
	case learn.AnomalyDetection:
		p.Scores, p.Anomalies = out, make([]bool, rows)
		above := m.Estimator.(Detector).Threshold()
		for i, score := range out {
			p.Anomalies[i] = score > above
		}
	default:
		p.Values = out
	}
	return p
}

// Check reports a model whose parts do not fit together. Encode and Decode call it.
func (m *Model) Check() error {
	names := make(map[string]bool, len(m.Inputs))
	for _, in := range m.Inputs {
		if names[in.Name] {
			return fmt.Errorf("input %q is there twice", in.Name)
		}
		names[in.Name] = true
		if !slices.Contains([]string{"", "month_first", "day_first"}, in.DateOrder) {
			return fmt.Errorf("input %q has the date_order %q: want month_first or day_first", in.Name, in.DateOrder)
		}
	}
	switch {
	case m.Estimator == nil:
		return errors.New("the model has no estimator")
	case names[m.Target]:
		return fmt.Errorf("the target %q is among the inputs", m.Target)
	case len(m.Features) == 0:
		return errors.New("the model has no features")
	case m.Task == learn.Classification && (len(m.Classes) < 2 || m.Estimator.Outputs() != len(m.Classes)):
		return fmt.Errorf("%d classes, but an estimator of %d", len(m.Classes), m.Estimator.Outputs())
	case m.Task == learn.Regression && m.Estimator.Outputs() != 1:
		return fmt.Errorf("a regression, but an estimator of %d outputs", m.Estimator.Outputs())
	case m.Threshold != 0 && !(m.Threshold > 0 && m.Threshold < 1 && len(m.Classes) == 2):
		return fmt.Errorf("a threshold of %v with %d classes: it is within 0 and 1, and for two", m.Threshold, len(m.Classes))
	case m.Task == learn.Recommendation:
		return m.checkLists()
	case !slices.Contains([]learn.Task{learn.Classification, learn.Regression, learn.Clustering, learn.AnomalyDetection}, m.Task):
		return fmt.Errorf("unknown task %q", m.Task)
	case !m.Task.Supervised() && m.Target != "":
		return fmt.Errorf("%s has no target, and the model has %q", m.Task, m.Target)
	case m.Task == learn.AnomalyDetection:
		if _, ok := m.Estimator.(Detector); !ok {
			return fmt.Errorf("anomaly detection, but an estimator of kind %q", m.Estimator.State().Kind)
		}
	}
	return m.try()
}

// try passes a row of missing values through the whole model, so that parts
// that do not fit together are found when a model is read rather than in use.
func (m *Model) try() (err error) {
	row := &table.Table{}
	for _, in := range m.Inputs {
		c, err := in.column([]any{nil})
		if err != nil {
			return err
		}
		row.Columns = append(row.Columns, c)
	}
	out, err := m.Graph.Transform(row)
	if err != nil {
		return err
	}
	x, err := preprocess.Matrix(out, m.Features)
	if err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the estimator does not take %d features: %v", len(m.Features), p)
		}
	}()
	for _, col := range x.Columns {
		for i, v := range col {
			if v != v {
				col[i] = 0 // an estimator need not take missing values
			}
		}
	}
	if n := len(m.Estimator.Predict(x)); n != m.Estimator.Outputs() {
		return fmt.Errorf("the estimator gives %d values a row, want %d", n, m.Estimator.Outputs())
	}
	return nil
}
