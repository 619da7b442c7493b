package tree

import (
	"fmt"
	"math"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

// A single tree is scikit-learn's: the same leaves, rows, values and importances.
func TestTreeIsThatOfScikitLearn(t *testing.T) {
	var file struct {
		X, Holes   learntest.Columns
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
	learntest.ReadJSON(t, "testdata/trees.json", &file)
	x, holes := file.X.Matrix(), file.Holes.Matrix()
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
