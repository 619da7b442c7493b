package tree

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
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func matrix(columns [][]*float64) *learn.Matrix {
	x := &learn.Matrix{Rows: len(columns[0])}
	for j, from := range columns {
		col := make([]float64, x.Rows)
		for i, v := range from {
			col[i] = math.NaN()
			if v != nil {
				col[i] = *v
			}
		}
		x.Names, x.Columns = append(x.Names, fmt.Sprint("x", j)), append(x.Columns, col)
	}
	return x
}

// A single tree is scikit-learn's: the same leaves, rows, values and importances.
func TestTreeIsThatOfScikitLearn(t *testing.T) {
	var file struct {
		X, Holes   [][]*float64
		Value      []float64
		Two, Three []int32
		Cases      []struct {
			Name    string
			Classes int
			Params  struct {
				MaxDepth int     `json:"max_depth"`
				MinLeaf  int     `json:"min_samples_leaf"`
				MinSplit int     `json:"min_samples_split"`
				MinCut   float64 `json:"min_impurity_decrease"`
			}
			Missing                         bool
			Weights, Importances, Predicted []float64
			Leaves                          int
		}
	}
	readJSON(t, "testdata/trees.json", &file)
	x, holes := matrix(file.X), matrix(file.Holes)
	for _, c := range file.Cases {
		t.Run(fmt.Sprintf("%s, %d classes", c.Name, c.Classes), func(t *testing.T) {
			f := NewForest()
			f.Estimators, f.Bootstrap, f.MaxFeatures = 1, false, "all"
			f.MaxDepth, f.MinCut = c.Params.MaxDepth, c.Params.MinCut
			f.MinLeaf, f.MinSplit = max(1, c.Params.MinLeaf), max(2, c.Params.MinSplit)
			y := &learn.Target{Task: learn.Classification, Labels: file.Two, Classes: []string{"0", "1"}}
			switch c.Classes {
			case 3:
				y.Labels, y.Classes = file.Three, []string{"0", "1", "2"}
			case 0:
				y = &learn.Target{Task: learn.Regression, Values: file.Value}
			}
			x := x
			if c.Missing {
				x = holes
			}
			fitted, err := f.Fit(t.Context(), x, y, &learn.Options{Weights: c.Weights})
			if err != nil {
				t.Fatal(err)
			}
			m := fitted.(*ForestModel)
			if leaves := (m.Nodes() + 1) / 2; leaves != c.Leaves {
				t.Errorf("%d leaves, want %d", leaves, c.Leaves)
			}
			near(t, "predicted", m.Predict(x), c.Predicted)
			near(t, "importance", m.Importances(), c.Importances)
		})
	}
}

func near(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	wrong := 0
	for i := range got {
		if math.Abs(got[i]-want[i]) > 1e-6 {
			if wrong++; wrong < 4 {
				t.Errorf("%s %d is %v, want %v", what, i, got[i], want[i])
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%s: %d of %d differ", what, wrong, len(got))
	}
}

// The forest is as accurate as scikit-learn's, on the same folds.
func TestForestIsAsAccurateAsScikitLearn(t *testing.T) {
	var file map[string]struct {
		Fold     string
		Accuracy []float64
	}
	readJSON(t, "testdata/forests.json", &file)
	for name, reference := range file {
		t.Run(name, func(t *testing.T) {
			x, y := learntest.ReadCSV(t, "testdata/"+name+".csv", learn.Classification)
			mean, theirs, spread := 0.0, 0.0, 0.0
			for _, a := range reference.Accuracy {
				theirs += a / float64(len(reference.Accuracy))
			}
			for fold, a := range reference.Accuracy {
				spread += (a - theirs) * (a - theirs) / float64(len(reference.Accuracy)-1)
				var train, test []int
				for i, f := range reference.Fold {
					if int(f-'0') == fold {
						test = append(test, i)
					} else {
						train = append(train, i)
					}
				}
				m, err := NewForest().Fit(t.Context(), x.Take(train), y.Take(train), nil)
				if err != nil {
					t.Fatal(err)
				}
				right := 0
				labels := y.Take(test).Labels
				for i, l := range learn.Argmax(m.Predict(x.Take(test)), m.Outputs()) {
					if l == labels[i] {
						right++
					}
				}
				mean += float64(right) / float64(len(test)) / float64(len(reference.Accuracy))
			}
			standard := math.Sqrt(spread / float64(len(reference.Accuracy)))
			t.Logf("accuracy %.4f, scikit-learn's %.4f with standard error %.4f", mean, theirs, standard)
			if mean < theirs-2*standard {
				t.Errorf("accuracy %.4f, want at least %.4f", mean, theirs-2*standard)
			}
		})
	}
}
