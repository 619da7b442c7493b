package tree

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

func isolated(t testing.TB, f *IsolationForest, x *learn.Matrix, opts *learn.Options) *IsolationModel {
	t.Helper()
	m, err := f.Isolate(t.Context(), x, opts)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Scores and thresholds are scikit-learn's with the other sign, on average over seeds.
func TestIsolationIsThatOfScikitLearn(t *testing.T) {
	var cases []struct {
		Contamination    float64
		MaxSamples       float64 `json:"max_samples"`
		Estimators       int     `json:"n_estimators"`
		Rows             int
		Missing          bool
		Threshold        float64
		Score, Deviation []float64
	}
	learntest.ReadJSON(t, "testdata/isolation.json", &cases)
	const seeds = 40
	for i, c := range cases {
		x, _ := learntest.ReadCSV(t, "testdata/breast_cancer.csv", learn.Classification)
		rows := make([]int, c.Rows)
		for i := range rows {
			rows[i] = i
		}
		x = x.Take(rows)
		if c.Missing {
			for j, col := range x.Columns {
				for i := range col {
					if (7*i+3*j)%11 == 0 {
						col[i] = math.NaN()
					}
				}
			}
		}
		f := NewIsolationForest()
		f.Contamination, f.MaxSamples, f.Estimators = c.Contamination, c.MaxSamples, max(c.Estimators, 30)
		if c.Estimators == 0 {
			f.Estimators = 100
		}
		mean, threshold := make([]float64, c.Rows), 0.0
		for seed := range uint64(seeds) {
			m := isolated(t, f, x, &learn.Options{Seed: seed})
			threshold -= m.Threshold() / seeds
			for i, s := range m.Scores(x, 1) {
				mean[i] -= s / seeds
			}
		}
		if math.Abs(threshold-c.Threshold) > 0.004 {
			t.Errorf("case %d: the threshold is %v, want %v", i, threshold, c.Threshold)
		}
		for row, got := range mean {
			// Two means of 40, and 569 rows to be wrong about.
			if d := math.Abs(got - c.Score[row]); d > 5*c.Deviation[row]*math.Sqrt(2.0/seeds)+1e-6 {
				t.Errorf("case %d: the score of row %d is %v, want %v within %v", i, row, got, c.Score[row], c.Deviation[row])
			}
		}
	}
}

func TestIsolationForestIsTheSameForAnyThreads(t *testing.T) {
	x, _ := learntest.Data(learn.Regression, 700, 3)
	f := NewIsolationForest()
	f.Contamination = 0.1
	one := isolated(t, f, x, &learn.Options{Seed: 5, Threads: 1})
	many := isolated(t, f, x, &learn.Options{Seed: 5, Threads: 7})
	if !slices.Equal(one.Scores(x, 1), many.Scores(x, 3)) || one.Threshold() != many.Threshold() {
		t.Error("threads change the scores")
	}
	above := 0
	for _, s := range one.Scores(x, 2) {
		if s > one.Threshold() {
			above++
		}
	}
	if above != 70 {
		t.Errorf("%d of 700 rows are anomalies, want a tenth", above)
	}
}

// A row far out scores most, whatever a value is that is not finite; scores are
// those of the same values on another scale.
func TestIsolationProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "rows")
		value := rapid.OneOf(rapid.Float64Range(-8, 8), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, 0, 1e-300}))
		x := &learn.Matrix{Rows: n}
		for range rapid.IntRange(1, 4).Draw(t, "features") {
			x.Names = append(x.Names, fmt.Sprint("x", len(x.Columns)))
			x.Columns = append(x.Columns, rapid.SliceOfN(value, n, n).Draw(t, "column"))
		}
		f := &IsolationForest{Estimators: 10}
		m, err := f.Isolate(context.Background(), x, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range m.Scores(x, 1) {
			if !(s > 0 && s <= 1) {
				t.Fatalf("the score of row %d is %v", i, s)
			}
		}
		scaled := x.Take(make([]int, 0))
		scaled.Rows = n
		for j, col := range x.Columns {
			for _, v := range col {
				if math.Abs(v) > 8 {
					return
				}
				scaled.Columns[j] = append(scaled.Columns[j], v*1024)
			}
		}
		other, err := f.Isolate(context.Background(), scaled, nil)
		if err != nil || !slices.Equal(other.Scores(scaled, 1), m.Scores(x, 1)) {
			t.Fatalf("scores change with the scale, %v", err)
		}
	})
	x, _ := learntest.Data(learn.Regression, 300, 4)
	for _, far := range []float64{1e9, math.Inf(-1), -math.MaxFloat64} {
		for _, col := range x.Columns {
			col[7] = far
		}
		scores := isolated(t, NewIsolationForest(), x, nil).Scores(x, 1)
		if most := slices.Index(scores, slices.Max(scores)); most != 7 || scores[7] < 0.7 {
			t.Errorf("row 7, of values %v, scores %v; row %d scores %v", far, scores[7], most, scores[most])
		}
	}
}

func TestIsolationForestRefuses(t *testing.T) {
	x, _ := learntest.Data(learn.Regression, 20, 1)
	for want, c := range map[string]struct {
		forest IsolationForest
		x      *learn.Matrix
		opts   *learn.Options
	}{
		"n_estimators is 0":                    {IsolationForest{}, x, nil},
		"max_samples is -1":                    {IsolationForest{Estimators: 1, MaxSamples: -1}, x, nil},
		"contamination is 0.6: it must be fro": {IsolationForest{Estimators: 1, Contamination: 0.6}, x, nil},
		"no rows":                              {IsolationForest{Estimators: 1}, x.Take(nil), nil},
		"no features":                          {IsolationForest{Estimators: 1}, &learn.Matrix{Rows: 3}, nil},
		"rows have weights":                    {IsolationForest{Estimators: 1}, x, &learn.Options{Weights: make([]float64, 20)}},
	} {
		if _, err := c.forest.Isolate(t.Context(), c.x, c.opts); err == nil || !strings.HasPrefix(err.Error(), "isolation forest: "+want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewIsolationForest().Isolate(ctx, x, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want that of the context", err)
	}
}
