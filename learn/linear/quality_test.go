package linear

import (
	"encoding/csv"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/moments"
	"github.com/runnel-dev/runnel/learn/split"
)

// Five-fold cross-validation on real data reaches what scikit-learn's models
// reach, within two of its standard errors.
func TestQuality(t *testing.T) {
	for _, c := range []struct {
		file, metric string
		estimator    learn.Estimator
		want, se     float64
	}{
		{"../tree/testdata/breast_cancer.csv", "accuracy", NewLogistic(), 0.979, 0.007},
		{"../tree/testdata/digits.csv", "accuracy", NewLogistic(), 0.969, 0.005},
		{"../tree/testdata/wine.csv", "accuracy", NewLogistic(), 0.983, 0.007},
		// By hand the features have a variance of 1/n, as in scikit-learn's copy, so the penalty is a strong one.
		{"testdata/diabetes.csv", "r2", Ridge{Alpha: 1}, 0.42, 0.026},
	} {
		t.Run(c.file, func(t *testing.T) {
			task := learn.Classification
			if c.metric == "r2" {
				task = learn.Regression
			}
			x, y := read(t, c.file, task)
			got := crossValidate(t, x, y, c.estimator, c.metric)
			t.Logf("%s %.4f, scikit-learn %.3f", c.metric, got, c.want)
			if math.Abs(got-c.want) > 2*c.se {
				t.Errorf("%s %.4f, want %.3f within %.3f", c.metric, got, c.want, 2*c.se)
			}
		})
	}
}

func crossValidate(t *testing.T, x *learn.Matrix, y *learn.Target, e learn.Estimator, metric string) float64 {
	t.Helper()
	of := split.Folds{K: 5, Shuffle: true, Seed: 0}
	folds, err := of.Plain(x.Rows)
	if y.Task == learn.Classification {
		folds, _, err = of.Stratified(y.Labels, y.Classes)
	}
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, f := range folds {
		train, test := x.Take(f.Train), x.Take(f.Test)
		for j, column := range train.Columns {
			m := moments.Of(column, nil)
			spread := math.Sqrt(m.Squares / m.Weight)
			if y.Task == learn.Regression {
				spread = math.Sqrt(m.Squares / m.Weight * float64(x.Rows))
			}
			if spread == 0 {
				spread = 1
			}
			for _, c := range [][]float64{column, test.Columns[j]} {
				for i := range c {
					c[i] = (c[i] - m.Mean) / spread
				}
			}
		}
		m, err := e.Fit(t.Context(), train, y.Take(f.Train), nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := metrics.Evaluate(y.Take(f.Test), m.Predict(test), nil)
		if err != nil {
			t.Fatal(err)
		}
		total += r.Metrics[metric] / float64(len(folds))
	}
	return total
}

// read reads a table whose last column is the target.
func read(t *testing.T, file string, task learn.Task) (*learn.Matrix, *learn.Target) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	names, rows := rows[0], rows[1:]
	last := len(names) - 1
	x := &learn.Matrix{Names: names[:last], Columns: make([][]float64, last), Rows: len(rows)}
	y := &learn.Target{Task: task}
	number := func(text string) float64 {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, row := range rows {
		for j := range last {
			x.Columns[j] = append(x.Columns[j], number(row[j]))
		}
		if task == learn.Regression {
			y.Values = append(y.Values, number(row[last]))
			continue
		}
		label := slices.Index(y.Classes, row[last])
		if label < 0 {
			label = len(y.Classes)
			y.Classes = append(y.Classes, row[last])
		}
		y.Labels = append(y.Labels, int32(label))
	}
	return x, y
}
