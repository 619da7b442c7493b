package learntest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

// nearest predicts the target of the nearest training row: the least that
// passes the suite. A fault makes it break one promise.
type nearest struct{ fault string }

func (e nearest) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	if opts == nil {
		opts = &learn.Options{}
	}
	if e.fault == "panics on nothing" {
		_ = x.Columns[0][0]
	}
	if e.fault == "fits any task" && !y.Task.Supervised() {
		return &memory{task: y.Task, outputs: 1, rows: []float64{0}, targets: []float64{0}}, nil
	}
	if e.fault != "fits anything" {
		if err := learn.CheckFit(x, y, opts); err != nil {
			return nil, err
		}
		total := 1.0
		if opts.Weights != nil {
			total = 0
		}
		for i, w := range opts.Weights {
			if total += w; !(w >= 0) || math.IsInf(w, 0) {
				return nil, fmt.Errorf("row %d weighs %v", i, w)
			}
		}
		if total == 0 {
			return nil, errors.New("no row has weight")
		}
	}
	for j, col := range x.Columns {
		if slices.ContainsFunc(col, math.IsNaN) {
			if e.fault == "names no feature" {
				return nil, errors.New("a value is missing")
			}
			return nil, fmt.Errorf("feature %q has missing values", x.Names[j])
		}
	}
	if e.fault != "ignores the context" && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if e.fault == "writes to its input" {
		x.Columns[0][0]++
	}
	m := &memory{task: y.Task, outputs: 1, fault: e.fault}
	if y.Task == learn.Classification {
		m.outputs = len(y.Classes)
		if e.fault == "forgets absent classes" {
			m.outputs = 1 + int(slices.Max(y.Labels))
		}
	}
	for i := range x.Rows {
		if opts.Weights != nil && opts.Weights[i] == 0 && e.fault != "ignores weights" {
			continue
		}
		for _, col := range x.Columns {
			m.rows = append(m.rows, col[i])
		}
		if y.Task == learn.Classification {
			m.targets = append(m.targets, float64(y.Labels[i]))
		} else {
			m.targets = append(m.targets, y.Values[i])
		}
	}
	switch e.fault {
	case "depends on chance":
		m.targets[0] = rand.Float64()
	case "depends on threads":
		m.targets[0] = float64(opts.Threads % 2)
	case "depends on order":
		m.targets[0] = 1 - m.targets[0]
	case "learns nothing":
		clear(m.targets)
	}
	if opts.Progress != nil && e.fault != "stops reporting" {
		opts.Progress(1, 1)
	} else if opts.Progress != nil {
		opts.Progress(1, 2)
	}
	return m, nil
}

type memory struct {
	task          learn.Task
	outputs       int
	rows, targets []float64
	fault         string
}

func (m *memory) Outputs() int { return m.outputs }

func (m *memory) Predict(x *learn.Matrix) []float64 {
	out := make([]float64, x.Rows*m.outputs)
	for i := range x.Rows {
		best, at := math.Inf(1), 0
		for r := range m.targets {
			d := 0.0
			for j, col := range x.Columns {
				e := col[i] - m.rows[r*len(x.Columns)+j]
				d += float64(e * e)
			}
			if d < best {
				best, at = d, r
			}
		}
		if m.task == learn.Regression {
			out[i] = m.targets[at]
			if m.fault == "depends on feature order" || m.fault == "depends on scales" {
				out[i] += m.rows[0]
			}
		} else {
			out[i*m.outputs+int(m.targets[at])] = 1
			if m.fault == "sums to less than 1" {
				out[i*m.outputs+int(m.targets[at])] = 0.9
			}
		}
		if m.fault == "depends on the batch" {
			out[0] *= 1 - 1e-12*float64(x.Rows)
		}
	}
	return out
}

func (m *memory) State() learn.State {
	targets := slices.Clone(m.targets)
	if m.fault == "rounds its state" {
		for i, v := range targets {
			targets[i] = float64(float32(v))
		}
	}
	return learn.State{
		Kind:   "nearest",
		Params: map[string]any{"task": m.task, "outputs": m.outputs},
		Tensors: map[string]learn.Tensor{
			"rows":    {Shape: []int{len(targets), len(m.rows) / len(targets)}, Data: m.rows},
			"targets": {Shape: []int{len(targets)}, Data: targets},
		},
	}
}

func restore(fault string) func(learn.State) (learn.Model, error) {
	return func(s learn.State) (learn.Model, error) {
		task, _ := s.Params["task"].(string)
		outputs, _ := s.Params["outputs"].(float64)
		rows, _ := s.Tensors["rows"].Data.([]float64)
		targets, _ := s.Tensors["targets"].Data.([]float64)
		shape := s.Tensors["rows"].Shape
		m := &memory{task: learn.Task(task), outputs: int(outputs), rows: rows, targets: targets}
		if fault == "restores anything" {
			return m, nil
		}
		whole := s.Kind == "nearest" && (task == "classification" || task == "regression") && outputs >= 1 &&
			len(targets) > 0 && len(shape) == 2 && shape[0] == len(targets) && len(rows) == shape[0]*shape[1] &&
			len(s.Tensors["targets"].Shape) == 1 && s.Tensors["targets"].Shape[0] == len(targets)
		if !whole || slices.ContainsFunc(rows, math.IsNaN) || slices.ContainsFunc(targets, math.IsNaN) {
			return nil, errors.New("the state is damaged")
		}
		return m, nil
	}
}

func suite(t *testing.T, fault string) {
	learntest.Estimator(t, func() learn.Estimator { return nearest{fault} },
		learntest.Config{Restore: restore(fault), RowOrder: true, Copies: true, ColumnOrder: true, Monotone: fault == "depends on scales"})
}

func TestNearestConforms(t *testing.T) { suite(t, "") }

// TestFaulty is run by TestSuiteFindsFaults, in a process of its own, to fail.
func TestFaulty(t *testing.T) {
	fault := os.Getenv("LEARNTEST_FAULT")
	if fault == "" {
		t.Skip("it is run by TestSuiteFindsFaults")
	}
	suite(t, fault)
}

// Every fault is found, by the check that is there for it.
func TestSuiteFindsFaults(t *testing.T) {
	for fault, check := range map[string]string{
		"fits anything":          "refuses",
		"fits any task":          "refused",
		"panics on nothing":      "refuses",
		"names no feature":       "missing_values",
		"ignores the context":    "cancelled",
		"writes to its input":    "inputs_untouched",
		"forgets absent classes": "absent_class",
		"ignores weights":        "weights_and_copies",
		"depends on chance":      "same_seed",
		"depends on threads":     "any_number_of_threads",
		"depends on order":       "row_order",
		"depends on the batch":   "rows_alone",

		"depends on feature order": "column_order",
		"depends on scales":        "monotone_scale",

		"learns nothing":      "learns",
		"stops reporting":     "progress",
		"sums to less than 1": "learns",
		"rounds its state":    "state",
		"restores anything":   "damaged_state",
	} {
		if out := failing(t, "TestFaulty", fault, "", check); !strings.Contains(out, "/"+check) {
			t.Errorf("an estimator that %s passes %q:\n%s", fault, check, out)
		}
	}
	for _, task := range unsupervised {
		if out := failing(t, "TestIndifferent", "is indifferent", string(task), "learns"); !strings.Contains(out, string(task)+"/learns") {
			t.Errorf("an estimator of %s that is indifferent passes:\n%s", task, out)
		}
	}
}

// failing runs a test in a process of its own, which should fail it, and returns
// what that says.
func failing(t *testing.T, name, fault, task, check string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+name+"$/^"+task+"/^"+check+"$", "-rapid.nofailfile", "-rapid.shrinktime=1ms")
	command.Env = append(os.Environ(), "LEARNTEST_FAULT="+fault)
	out, err := command.CombinedOutput()
	if err == nil {
		t.Errorf("%s passes with %q", name, fault)
	}
	return string(out)
}

var unsupervised = []learn.Task{learn.Clustering, learn.AnomalyDetection, learn.Recommendation}

// indifferent has the same values for all rows.
type indifferent struct{}

func (indifferent) Fit(context.Context, *learn.Matrix, *learn.Target, *learn.Options) (learn.Model, error) {
	return indifferent{}, nil
}
func (indifferent) Outputs() int                      { return 18 }
func (indifferent) Predict(x *learn.Matrix) []float64 { return make([]float64, 18*x.Rows) }
func (indifferent) State() learn.State                { return learn.State{} }

// TestIndifferent is run by TestSuiteFindsFaults, in a process of its own, to fail.
func TestIndifferent(t *testing.T) {
	if os.Getenv("LEARNTEST_FAULT") == "" {
		t.Skip("it is run by TestSuiteFindsFaults")
	}
	learntest.Estimator(t, func() learn.Estimator { return indifferent{} },
		learntest.Config{Tasks: unsupervised, Restore: func(learn.State) (learn.Model, error) { return indifferent{}, nil }})
}
