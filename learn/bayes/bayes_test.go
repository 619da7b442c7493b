package bayes

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

func TestConformance(t *testing.T) {
	learntest.Estimator(t, func() learn.Estimator { return NaiveBayes{} }, learntest.Config{
		Tasks: []learn.Task{learn.Classification}, Restore: FromState, RowOrder: true, Accuracy: 0.75,
	})
}

type reference struct {
	Name          string
	Params        NaiveBayes
	X, More       [][]float64
	Labels        []int32
	Weights       []float64
	Probabilities []float64
}

func references(t *testing.T) []reference {
	raw, err := os.ReadFile("testdata/sklearn.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []reference
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func matrix(columns [][]float64) *learn.Matrix {
	return &learn.Matrix{Names: make([]string, len(columns)), Columns: columns, Rows: len(columns[0])}
}

// Probabilities are scikit-learn's, from all rows at once and from parts.
func TestScikitLearn(t *testing.T) {
	for _, c := range references(t) {
		t.Run(c.Name, func(t *testing.T) {
			x, y := matrix(c.X), &learn.Target{Task: learn.Classification, Labels: c.Labels, Classes: []string{"a", "b", "c"}}
			whole, err := c.Params.Fit(t.Context(), x, y, &learn.Options{Weights: c.Weights})
			if err != nil {
				t.Fatal(err)
			}
			same(t, whole.Predict(matrix(c.More)), c.Probabilities)
			p, err := c.Params.Begin(x.Names, y.Classes)
			if err != nil {
				t.Fatal(err)
			}
			for start := 0; start < x.Rows; start += 17 {
				var rows []int
				opts := &learn.Options{}
				for i := start; i < min(start+17, x.Rows); i++ {
					rows = append(rows, i)
					if c.Weights != nil {
						opts.Weights = append(opts.Weights, c.Weights[i])
					}
				}
				if err := p.Add(x.Take(rows), y.Take(rows), opts); err != nil {
					t.Fatal(err)
				}
			}
			parts, err := p.Model()
			if err != nil {
				t.Fatal(err)
			}
			same(t, parts.Predict(matrix(c.More)), c.Probabilities)
		})
	}
}

func same(t *testing.T, got, want []float64) {
	t.Helper()
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= 1e-9) {
			t.Fatalf("probability %d is %v, want %v", i, got[i], want[i])
		}
	}
}

// A row of weight k is as good as k of them, for counts and their frequencies.
func TestCopies(t *testing.T) {
	for _, c := range references(t) {
		x, y := matrix(c.X), &learn.Target{Task: learn.Classification, Labels: c.Labels, Classes: []string{"a", "b", "c"}}
		c.Params.Smoothing = 1e-12 // what smooths is a share of the variance of the rows, not of copies
		opts := &learn.Options{}
		var rows []int
		for i := range x.Rows {
			opts.Weights = append(opts.Weights, float64(i%4))
			for range i % 4 {
				rows = append(rows, i)
			}
		}
		weighted, err := c.Params.Fit(t.Context(), x, y, opts)
		if err != nil {
			t.Fatal(err)
		}
		copied, err := c.Params.Fit(t.Context(), x.Take(rows), y.Take(rows), nil)
		if err != nil {
			t.Fatal(err)
		}
		same(t, weighted.Predict(matrix(c.More)), copied.Predict(matrix(c.More)))
		back, err := FromState(weighted.State())
		if err != nil {
			t.Fatal(err)
		}
		same(t, back.Predict(matrix(c.More)), weighted.Predict(matrix(c.More)))
	}
}

func TestErrors(t *testing.T) {
	y := &learn.Target{Task: learn.Classification, Labels: []int32{0, 1}, Classes: []string{"a", "b"}}
	for _, c := range []struct {
		n      NaiveBayes
		values []float64
		want   string
	}{
		{NaiveBayes{Distribution: "poisson"}, []float64{1, 2}, `distribution is "poisson"`},
		{NaiveBayes{Alpha: -1}, []float64{1, 2}, "alpha -1"},
		{NaiveBayes{Distribution: "multinomial"}, []float64{1, -2}, `feature "words" is -2 in row 1: counts are not negative`},
		{NaiveBayes{}, []float64{1, 1e200}, "too large to square"},
	} {
		x := &learn.Matrix{Names: []string{"words"}, Columns: [][]float64{c.values}, Rows: 2}
		if _, err := c.n.Fit(t.Context(), x, y, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	p, err := NaiveBayes{}.Begin([]string{"a"}, []string{"x", "y"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Model(); err == nil {
		t.Error("a model of no rows")
	}
	if err := p.Add(matrix([][]float64{{1}, {2}}), &learn.Target{Task: learn.Classification, Labels: []int32{0}, Classes: []string{"x", "y"}}, nil); err == nil {
		t.Error("2 features are added to 1")
	}
}

// A state that is restored predicts, and is the same state again.
func FuzzFromState(f *testing.F) {
	f.Add("gaussian", 2, 3, 0.5, 1.0)
	f.Add("multinomial", 4, 1, 0.25, 0.1)
	f.Add("other", 0, -1, 0.0, -1.0)
	f.Fuzz(func(t *testing.T, distribution string, classes, features int, prior, value float64) {
		fill := func(n int, v float64) []float64 {
			out := make([]float64, max(0, min(n, 256)))
			for i := range out {
				out[i] = v
			}
			return out
		}
		all := learn.Tensor{Shape: []int{classes, features}, Data: fill(classes*features, value)}
		m, err := FromState(learn.State{Kind: Kind, Params: map[string]any{"distribution": distribution}, Tensors: map[string]learn.Tensor{
			"priors": {Shape: []int{classes}, Data: fill(classes, prior)}, "frequencies": all, "means": all, "variances": all,
		}})
		if err != nil {
			return
		}
		x := &learn.Matrix{Names: make([]string, features), Columns: make([][]float64, features), Rows: 1}
		for j := range x.Columns {
			x.Columns[j] = []float64{value * 3}
		}
		sum := 0.0
		for _, v := range m.Predict(x) {
			sum += v
		}
		if !(math.Abs(sum-1) < 1e-9) {
			t.Fatalf("probabilities that sum to %v", sum)
		}
		if _, err := FromState(m.State()); err != nil {
			t.Fatal(err)
		}
	})
}
