package tree

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/learntest"
	"github.com/runnel-dev/runnel/learn/metrics"
)

var _ ensemble.Opener = (*IsolationModel)(nil)

// The margin of the ensemble is the logarithm to base 2 of the score, of a restored
// forest, too, and its covers are the rows drawn.
func TestIsolationEnsemble(t *testing.T) {
	x, _ := learntest.Data(learn.AnomalyDetection, 300, 2)
	for i := range x.Columns[1] {
		if i%7 == 0 {
			x.Columns[1][i] = math.NaN()
		}
	}
	for name, c := range map[string]struct {
		forest IsolationForest
		rows   int
	}{"all rows": {IsolationForest{Estimators: 9, MaxSamples: 1}, 300}, "some": {IsolationForest{Estimators: 20}, 256}, "single rows": {IsolationForest{Estimators: 3, MaxSamples: 0.001}, 1}} {
		m, err := IsolationFromState(isolated(t, &c.forest, x, nil).State())
		if err != nil {
			t.Fatal(err)
		}
		e := m.Ensemble()
		e.Features = x.Names
		if err := e.Check(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		row := make([]float64, len(x.Columns))
		for i, score := range m.Scores(x, 1) {
			for j := range row {
				row[j] = x.Columns[j][i]
			}
			if got, want := e.Margins(row)[0], math.Log2(score); math.Abs(got-want) > 1e-12 {
				t.Fatalf("%s: the margin of row %d is %v, want %v", name, i, got, want)
			}
		}
		for i := range e.Trees {
			if cover := e.Trees[i].Cover[0]; cover != float64(c.rows) {
				t.Errorf("%s: %v rows came to tree %d, want %d", name, cover, i, c.rows)
			}
		}
	}
}

// Rows of a class that is rare are found among those of others as well as by
// scikit-learn's, on average over seeds.
func TestIsolationFindsAsScikitLearn(t *testing.T) {
	type spread struct{ Mean, Deviation float64 }
	var cases []struct {
		Name   string
		Normal []string
		Strays string
		Kept   int
		AUC    spread `json:"roc_auc"`
		AP     spread `json:"average_precision"`
	}
	learntest.ReadJSON(t, "testdata/detection.json", &cases)
	const seeds, theirs = 12, 40
	for _, c := range cases {
		x, y := learntest.ReadCSV(t, "testdata/"+c.Name+".csv", learn.Classification)
		truth := &learn.Target{Task: learn.Classification, Classes: []string{"normal", "stray"}}
		var rows []int
		kept := 0
		for i, l := range y.Labels {
			switch class := y.Classes[l]; {
			case slices.Contains(c.Normal, class):
				rows, truth.Labels = append(rows, i), append(truth.Labels, 0)
			case class == c.Strays && kept < c.Kept:
				rows, truth.Labels = append(rows, i), append(truth.Labels, 1)
				kept++
			}
		}
		x = x.Take(rows)
		var auc, ap float64
		for seed := range uint64(seeds) {
			var p []float64
			for _, s := range isolated(t, NewIsolationForest(), x, &learn.Options{Seed: seed}).Scores(x, 1) {
				p = append(p, 1-s, s)
			}
			r, err := metrics.Evaluate(truth, p, nil)
			if err != nil {
				t.Fatal(err)
			}
			auc += r.Metrics["roc_auc"] / seeds
			ap += r.Metrics["average_precision"] / seeds
		}
		for name, v := range map[string]struct {
			got  float64
			want spread
		}{"ROC AUC": {auc, c.AUC}, "average precision": {ap, c.AP}} {
			if math.Abs(v.got-v.want.Mean) > 4*v.want.Deviation*math.Sqrt(1.0/seeds+1.0/theirs) {
				t.Errorf("%s: a mean %s of %.4f, scikit-learn's is %.4f ± %.4f", c.Name, name, v.got, v.want.Mean, v.want.Deviation)
			}
		}
	}
}

// chip is the state of two trees of a split each, grown on 5 rows.
func chip() learn.State {
	return learn.State{
		Kind:   KindIsolation,
		Params: map[string]any{"threshold": 0.5, "features": 2},
		Tensors: map[string]learn.Tensor{
			"trees":        {Shape: []int{3}, Data: []int64{0, 3, 6}},
			"feature":      {Shape: []int{6}, Data: []int32{0, -1, -1, 1, -1, -1}},
			"threshold":    {Shape: []int{6}, Data: []float64{1.5, 0, 0, -2, 0, 0}},
			"left":         {Shape: []int{6}, Data: []int32{1, 1, 4, 1, 3, 2}},
			"missing_left": {Shape: []int{6}, Data: []uint8{1, 0, 0, 0, 0, 0}},
		},
	}
}

func TestIsolationFromStateRefuses(t *testing.T) {
	if m, err := IsolationFromState(chip()); err != nil || m.Features() != 2 || m.scale != 2*averagePath(5) {
		t.Fatalf("%+v, %v", m, err)
	}
	ints := func(name string, at int, v int32) func(learn.State) {
		return func(s learn.State) { s.Tensors[name].Data.([]int32)[at] = v }
	}
	for want, damage := range map[string]func(learn.State){
		"its kind is \"random_forest\"":                  nil,
		"threshold is <nil>":                             func(s learn.State) { delete(s.Params, "threshold") },
		"threshold is 1.5, want a score":                 func(s learn.State) { s.Params["threshold"] = 1.5 },
		"features are -1":                                func(s learn.State) { s.Params["features"] = -1.0 },
		"node 0 of tree 0: the left child is 0":          ints("left", 0, 0),
		"node 0 of tree 0: the left child is 2":          ints("left", 0, 2),
		"feature 2 of 2":                                 ints("feature", 0, 2),
		"of feature -2":                                  ints("feature", 0, -2),
		"leaf 1 has 0 rows":                              ints("left", 1, 0),
		"grown on 6 rows, the first on 5":                ints("left", 5, 3),
		"node 0 has threshold NaN":                       func(s learn.State) { s.Tensors["threshold"].Data.([]float64)[0] = math.NaN() },
		"node 0 has threshold -Inf":                      func(s learn.State) { s.Tensors["threshold"].Data.([]float64)[0] = math.Inf(-1) },
		"leaf 1 has 1 rows and threshold 3":              func(s learn.State) { s.Tensors["threshold"].Data.([]float64)[1] = 3 },
		"missing_left of node 0 is 2":                    func(s learn.State) { s.Tensors["missing_left"].Data.([]uint8)[0] = 2 },
		"do not begin at 0":                              func(s learn.State) { s.Tensors["trees"].Data.([]int64)[2] = 5 },
		"tree 0 is of nodes 0 to 0 of 6":                 func(s learn.State) { s.Tensors["trees"].Data.([]int64)[1] = 0 },
		"tensor left is missing":                         func(s learn.State) { delete(s.Tensors, "left") },
		"node 1 of tree 0 is nobody's child":             func(s learn.State) { joined(s, []int32{0, -1, -1, -1}, []int32{2, 1, 1, 3}) },
		"node 1 of tree 0 has children that another has": func(s learn.State) { joined(s, []int32{0, 0, -1, -1}, []int32{1, 2, 1, 1}) },
		"it was grown on 4294967294 rows":                func(s learn.State) { joined(s, []int32{0, -1, -1}, []int32{1, math.MaxInt32, math.MaxInt32}) },
		"node 62 is deeper than 31":                      func(s learn.State) { chained(s, 40) },
		"tensor trees is a []int32, want a []int64":      func(s learn.State) { s.Tensors["trees"] = learn.Tensor{Shape: []int{1}, Data: []int32{0}} },
	} {
		s := chip()
		if damage == nil {
			s.Kind = Kind
		} else {
			damage(s)
		}
		if _, err := IsolationFromState(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one that says %q", err, want)
		}
	}
}

// joined makes a state one of a single tree of these nodes.
func joined(s learn.State, feature, left []int32) {
	n := len(feature)
	threshold, missing := make([]float64, n), make([]uint8, n)
	s.Tensors["trees"] = learn.Tensor{Shape: []int{2}, Data: []int64{0, int64(n)}}
	s.Tensors["feature"] = learn.Tensor{Shape: []int{n}, Data: feature}
	s.Tensors["left"] = learn.Tensor{Shape: []int{n}, Data: left}
	s.Tensors["threshold"] = learn.Tensor{Shape: []int{n}, Data: threshold}
	s.Tensors["missing_left"] = learn.Tensor{Shape: []int{n}, Data: missing}
}

// chained makes a state one of a tree of so many splits, each below the one before.
func chained(s learn.State, splits int) {
	var feature, left []int32
	for i := range int32(splits) {
		feature, left = append(feature, 0, -1), append(left, 2*i+1, 1)
	}
	joined(s, append(feature, -1), append(left, 1))
}

// Whatever the state, it is refused or it scores, and its own state is the same.
func FuzzIsolationFromState(f *testing.F) {
	x, _ := learntest.Data(learn.AnomalyDetection, 40, 1)
	for _, m := range []*IsolationModel{isolated(f, &IsolationForest{Estimators: 2}, x, nil), isolated(f, &IsolationForest{Estimators: 1, MaxSamples: 1, Contamination: 0.1}, x, nil)} {
		s := m.State()
		f.Add(m.threshold, packInts(s.Tensors["trees"].Data.([]int64)), packInts(s.Tensors["feature"].Data.([]int32)),
			packInts(s.Tensors["left"].Data.([]int32)), packFloats(s.Tensors["threshold"].Data.([]float64)), s.Tensors["missing_left"].Data.([]uint8), 4)
	}
	f.Fuzz(func(t *testing.T, cut float64, trees, feature, left, threshold, missing []byte, features int) {
		if features < 0 || features > 100 {
			return
		}
		s := chip()
		s.Params = map[string]any{"threshold": cut, "features": features}
		set := func(name string, data any, n int) { s.Tensors[name] = learn.Tensor{Shape: []int{n}, Data: data} }
		starts := []int64{}
		for _, v := range unpackInts(trees) {
			starts = append(starts, int64(v))
		}
		nodes, children, thresholds := unpackInts(feature), unpackInts(left), unpackFloats(threshold)
		set("trees", starts, len(starts))
		set("feature", nodes, len(nodes))
		set("left", children, len(children))
		set("threshold", thresholds, len(thresholds))
		set("missing_left", missing, len(missing))
		m, err := IsolationFromState(s)
		if err != nil {
			return
		}
		x := &learn.Matrix{Rows: 70, Columns: make([][]float64, features)}
		for j := range x.Columns {
			x.Columns[j] = slices.Repeat([]float64{0, 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, 1e-300, 0.5, float64(j)}, 7)
		}
		scores := m.Predict(x)
		for i, s := range scores {
			if !(s >= 0 && s <= 1) {
				t.Fatalf("the score of row %d is %v", i, s)
			}
		}
		if err := m.Ensemble().Check(); err != nil {
			t.Fatal(err)
		}
		again, err := IsolationFromState(m.State())
		if err != nil {
			t.Fatalf("its own state is refused: %v", err)
		}
		if !slices.Equal(again.Predict(x), scores) || again.Threshold() != m.Threshold() {
			t.Fatal("a restored forest has other scores")
		}
	})
}
