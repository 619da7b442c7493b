package boost

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

// readJSON reads a file that testdata/make.py wrote.
func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// features makes a matrix of columns; null is a missing value.
func features(columns [][]*float64) *learn.Matrix {
	x := &learn.Matrix{Rows: len(columns[0])}
	for j, from := range columns {
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

// A small ensemble predicts what scikit-learn's does, whose gradients are float32.
func TestPredictsWhatScikitLearnPredicts(t *testing.T) {
	var file struct {
		X, Holes             [][]*float64
		Value, Count, Weight []float64
		Two, Three           []int32
		Cases                []struct {
			Name, Target, Loss string
			Missing, Weighted  bool
			L2                 float64
			Depth              int
			Predicted          []float64
		}
	}
	readJSON(t, "testdata/fits.json", &file)
	targets := map[string]*learn.Target{
		"value": {Task: learn.Regression, Values: file.Value},
		"count": {Task: learn.Regression, Values: file.Count},
		"two":   {Task: learn.Classification, Labels: file.Two, Classes: []string{"0", "1"}},
		"three": {Task: learn.Classification, Labels: file.Three, Classes: []string{"0", "1", "2"}},
	}
	losses := map[string]string{"squared_error": "squared", "absolute_error": "absolute", "poisson": "poisson", "log_loss": "auto"}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			b := New()
			b.Loss, b.Estimators, b.MaxLeaves, b.MinLeaf, b.L2, b.MaxDepth = losses[c.Loss], 20, 8, 10, c.L2, c.Depth
			x, opts := features(file.X), &learn.Options{}
			if c.Missing {
				x = features(file.Holes)
			}
			if c.Weighted {
				opts.Weights = file.Weight
			}
			m, err := b.Fit(t.Context(), x, targets[c.Target], opts)
			if err != nil {
				t.Fatal(err)
			}
			worst, wrong := 0.0, 0
			for i, p := range m.Predict(x) {
				d := math.Abs(p - c.Predicted[i])
				worst = max(worst, d)
				if d > 2e-5 {
					wrong++
				}
			}
			t.Logf("the greatest difference is %.2g", worst)
			if wrong > 0 {
				t.Errorf("%d of %d predictions differ, by up to %.3g", wrong, len(c.Predicted), worst)
			}
		})
	}
}

// On the folds of real data it is as good as scikit-learn's, within two standard errors.
func TestScoresAsScikitLearn(t *testing.T) {
	var file map[string]struct {
		Fold  string
		Score []float64
	}
	readJSON(t, "testdata/scores.json", &file)
	for name, reference := range file {
		t.Run(name, func(t *testing.T) {
			x, y := (*learn.Matrix)(nil), (*learn.Target)(nil)
			if name == "diabetes" {
				x, y = learntest.ReadCSV(t, "../linear/testdata/diabetes.csv", learn.Regression)
			} else {
				x, y = learntest.ReadCSV(t, "../tree/testdata/"+name+".csv", learn.Classification)
			}
			folds := float64(len(reference.Score))
			ours, theirs, spread := 0.0, 0.0, 0.0
			for fold, score := range reference.Score {
				var train, test []int
				for i, f := range reference.Fold {
					if int(f-'0') == fold {
						test = append(test, i)
					} else {
						train = append(train, i)
					}
				}
				m, err := New().Fit(t.Context(), x.Take(train), y.Take(train), nil)
				if err != nil {
					t.Fatal(err)
				}
				ours += score01(m.Predict(x.Take(test)), m.Outputs(), y.Take(test)) / folds
				theirs += score / folds
			}
			for _, score := range reference.Score {
				spread += (score - theirs) * (score - theirs) / (folds - 1)
			}
			standard := math.Sqrt(spread / folds)
			t.Logf("score %.4f, scikit-learn's %.4f with standard error %.4f", ours, theirs, standard)
			if ours < theirs-2*standard {
				t.Errorf("score %.4f, want at least %.4f", ours, theirs-2*standard)
			}
		})
	}
}

// score01 is the accuracy, of a regression R2.
func score01(p []float64, outputs int, y *learn.Target) float64 {
	if y.Task == learn.Classification {
		right := 0
		for i, l := range learn.Argmax(p, outputs) {
			if l == y.Labels[i] {
				right++
			}
		}
		return float64(right) / float64(len(y.Labels))
	}
	center, residual, total := mean(y.Values, nil), 0.0, 0.0
	for i, v := range y.Values {
		residual += (v - p[i]) * (v - p[i])
		total += (v - center) * (v - center)
	}
	return 1 - residual/total
}
