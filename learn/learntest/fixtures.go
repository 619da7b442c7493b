package learntest

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

// ReadJSON reads reference values that a script wrote. Anything wrong fails the test.
func ReadJSON(t testing.TB, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// Columns are a feature matrix in JSON, where null is a missing value.
type Columns [][]*float64

// Matrix is the matrix of the columns, which are named x0, x1 and so on.
func (c Columns) Matrix() *learn.Matrix {
	x := &learn.Matrix{Rows: len(c[0])}
	for j, from := range c {
		col := make([]float64, x.Rows)
		for i, v := range from {
			if col[i] = math.NaN(); v != nil {
				col[i] = *v
			}
		}
		x.Names, x.Columns = append(x.Names, fmt.Sprint("x", j)), append(x.Columns, col)
	}
	return x
}

// Folds say how well a peer does on the folds of a data set.
type Folds struct {
	Fold  string    // of each row, a digit
	Score []float64 // of each fold: accuracy, of a regression R2
}

// AsGood fits on the same folds, and fails the test where the mean score is more
// than two standard errors below the peer's.
func (f Folds) AsGood(t *testing.T, make func() learn.Estimator, x *learn.Matrix, y *learn.Target) {
	t.Helper()
	folds := float64(len(f.Score))
	ours, theirs, spread := 0.0, 0.0, 0.0
	for fold, score := range f.Score {
		var train, test []int
		for i, of := range f.Fold {
			if int(of-'0') == fold {
				test = append(test, i)
			} else {
				train = append(train, i)
			}
		}
		m, err := make().Fit(t.Context(), x.Take(train), y.Take(train), nil)
		if err != nil {
			t.Fatal(err)
		}
		ours += Score(m.Predict(x.Take(test)), m.Outputs(), y.Take(test)) / folds
		theirs += score / folds
	}
	for _, score := range f.Score {
		spread += (score - theirs) * (score - theirs) / (folds - 1)
	}
	standard := math.Sqrt(spread / folds)
	t.Logf("score %.4f, the peer's %.4f with standard error %.4f", ours, theirs, standard)
	if ours < theirs-2*standard {
		t.Errorf("score %.4f, want at least %.4f", ours, theirs-2*standard)
	}
}

// Score is the accuracy of predictions, of a regression R2.
func Score(p []float64, outputs int, y *learn.Target) float64 {
	if y.Task == learn.Classification {
		right := 0
		for i, l := range learn.Argmax(p, outputs) {
			if l == y.Labels[i] {
				right++
			}
		}
		return float64(right) / float64(len(y.Labels))
	}
	mean, residual, total := 0.0, 0.0, 0.0
	for _, v := range y.Values {
		mean += v / float64(len(y.Values))
	}
	for i, v := range y.Values {
		residual += float64((v - p[i]) * (v - p[i]))
		total += float64((v - mean) * (v - mean))
	}
	return 1 - residual/total
}
