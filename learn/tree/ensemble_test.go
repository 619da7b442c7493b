package tree

import (
	"math"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/learntest"
)

var _ ensemble.Opener = (*ForestModel)(nil)

// The ensemble predicts as the forest does, and its covers are the rows drawn.
func TestEnsemble(t *testing.T) {
	x, y := learntest.Data(learn.Classification, 300, 1)
	x.Columns[2][5] = math.NaN()
	values := &learn.Target{Task: learn.Regression, Values: x.Columns[3]}
	two := &learn.Target{Task: learn.Classification, Labels: make([]int32, x.Rows), Classes: []string{"no", "yes"}}
	for i, l := range y.Labels {
		two.Labels[i] = min(l, 1)
	}
	for name, y := range map[string]*learn.Target{"three classes": y, "two classes": two, "values": values} {
		f := NewForest()
		f.Estimators, f.MaxDepth = 7, 5
		m := fitted(t, f, x, y, nil)
		restored, err := FromState(m.State())
		if err != nil {
			t.Fatal(err)
		}
		e := restored.(*ForestModel).Ensemble()
		e.Features = x.Names
		if err := e.Check(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		row := make([]float64, len(x.Columns))
		p := m.Predict(x)
		for i := range x.Rows {
			for j := range row {
				row[j] = x.Columns[j][i]
			}
			near(t, name, e.Predict(e.Margins(row)), p[i*m.Outputs():(i+1)*m.Outputs()])
		}
		for i := range e.Trees {
			if c := e.Trees[i].Cover[0]; c != 300 {
				t.Errorf("%s: %v rows came to tree %d, want 300", name, c, i)
			}
		}
	}
}

// A state without covers loads, and its ensemble predicts.
func TestEnsembleWithoutCovers(t *testing.T) {
	m, err := FromState(stump())
	if err != nil {
		t.Fatal(err)
	}
	e := m.(*ForestModel).Ensemble()
	if err := e.Check(); err != nil || e.Trees[0].Cover[0] != 0 {
		t.Errorf("%v, cover %v", err, e.Trees[0].Cover)
	}
	near(t, "margins", e.Margins([]float64{2, 0}), []float64{0.25, 0.75})
}

func TestCoversRefused(t *testing.T) {
	for want, covers := range map[string][]int32{"tensor covers": {1, 2, 3}, "the cover of leaf 1 is 0": {1, 0}} {
		s := stump()
		s.Params["covers"] = true
		s.Tensors["covers"] = learn.Tensor{Shape: []int{len(covers)}, Data: covers}
		if _, err := FromState(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}
