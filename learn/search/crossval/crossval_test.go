package crossval_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/search/crossval"
	"github.com/runnel-dev/runnel/learn/split"
	"github.com/runnel-dev/runnel/learn/tree"
	"github.com/runnel-dev/runnel/table"
)

// data has two numbers that tell the class, and a category of many values that
// tells nothing.
func data(t *testing.T, rows int) crossval.Data {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	a, b, noise := make([]float64, rows), make([]float64, rows), make([]string, rows)
	y := &learn.Target{Task: learn.Classification, Classes: []string{"no", "yes"}, Labels: make([]int32, rows)}
	for i := range rows {
		a[i], b[i], noise[i] = r.NormFloat64(), r.NormFloat64(), fmt.Sprint("v", r.IntN(rows))
		if a[i]+b[i]+0.5*r.NormFloat64() > 0 {
			y.Labels[i] = 1
		}
	}
	x, err := table.New(table.FloatColumn("a", a), table.FloatColumn("b", b), table.StringColumn("noise", noise))
	if err != nil {
		t.Fatal(err)
	}
	d := crossval.Data{X: x, Y: y, Specs: []preprocess.Spec{&preprocess.TargetEncode{Columns: []string{"noise"}}}}
	if d.Folds, _, err = (crossval.Scheme{Seed: 3}).Plan(y); err != nil {
		t.Fatal(err)
	}
	return d
}

func candidates(t *testing.T) []crossval.Candidate {
	t.Helper()
	forest, err := estimator.Find("random_forest", learn.Classification)
	if err != nil {
		t.Fatal(err)
	}
	logistic, err := estimator.Find("logistic", learn.Classification)
	if err != nil {
		t.Fatal(err)
	}
	small := tree.NewForest()
	small.Estimators = 20
	return []crossval.Candidate{{Entry: forest, Params: estimator.Params{Forest: *small}}, {Entry: logistic, Params: estimator.Params{Logistic: linear.NewLogistic()}}}
}

func score(t *testing.T, d crossval.Data, o crossval.Options, first, last int) []crossval.Result {
	t.Helper()
	e, err := crossval.New(d, &o)
	if err != nil {
		t.Fatal(err)
	}
	results, err := e.Score(context.Background(), candidates(t), first, last, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	return results
}

// TestSameForAnyThreads gives the same bits for any number of threads, whether
// the features of the folds are kept or not, and fold by fold.
func TestSameForAnyThreads(t *testing.T) {
	d := data(t, 200)
	want := score(t, d, crossval.Options{Threads: 1}, 0, 5)
	for _, o := range []crossval.Options{{Threads: 2}, {Threads: 7}, {Threads: 64}, {Threads: 3, Memory: 1}} {
		if got := score(t, d, o, 0, 5); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: %v, want %v", o, got, want)
		}
	}
	for k := range 5 {
		for i, r := range score(t, d, crossval.Options{}, k, k+1) {
			if r.Scores[0] != want[i].Scores[k] {
				t.Errorf("candidate %d, fold %d: %v alone, %v with the others", i, k, r.Scores[0], want[i].Scores[k])
			}
		}
	}
	for _, r := range want {
		if m := crossval.Mean(r.Scores); m < 0.8 || m > 0.95 || crossval.Deviation(r.Scores) == 0 {
			t.Errorf("mean %v of %v", m, r.Scores)
		}
	}
}

// TestNothingLeaks finds a target that nothing tells to be guessed no better than
// by chance: a transform that is fitted outside the fold would tell it.
func TestNothingLeaks(t *testing.T) {
	d := data(t, 400)
	r := rand.New(rand.NewPCG(2, 2))
	for i := range d.Y.Labels {
		d.Y.Labels[i] = int32(r.IntN(2))
	}
	for _, res := range score(t, d, crossval.Options{Metric: "roc_auc"}, 0, 5) {
		if auc := crossval.Mean(res.Scores); auc > 0.58 || auc < 0.42 {
			t.Errorf("an AUC of %v where there is nothing to learn", auc)
		}
	}
	// Fitted on all rows first, the same transform tells nearly everything.
	graph, _, err := preprocess.Fit(context.Background(), d.X, d.Y, nil, &preprocess.TargetEncode{Columns: []string{"noise"}, Smooth: 1e-6})
	if err != nil {
		t.Fatal(err)
	}
	if d.X, err = graph.Transform(d.X); err != nil {
		t.Fatal(err)
	}
	d.Specs = nil
	for _, res := range score(t, d, crossval.Options{Metric: "roc_auc"}, 0, 5) {
		if auc := crossval.Mean(res.Scores); auc < 0.8 {
			t.Errorf("an AUC of %v: this test could not find a leak", auc)
		}
	}
}

// TestOutputs gives the predictions of each fold that was asked for.
func TestOutputs(t *testing.T) {
	for _, r := range score(t, data(t, 50), crossval.Options{}, 1, 4) {
		if len(r.Outputs) != 3 || len(r.Outputs[0]) != 20 {
			t.Errorf("%d folds", len(r.Outputs))
		}
	}
}

// TestFailures keeps a candidate's failure from the others, and ends with the context.
func TestFailures(t *testing.T) {
	e, err := crossval.New(data(t, 50), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := candidates(t)
	c[0].Params.Forest.MaxFeatures = "many"
	results, err := e.Score(context.Background(), c, 0, 5, nil)
	if err != nil || results[0].Err == nil || !strings.HasPrefix(results[0].Err.Error(), "fold 1: random forest: max_features") || results[1].Err != nil {
		t.Errorf("%v, %v", err, results)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Score(ctx, c, 0, 5, nil); err != context.Canceled {
		t.Error(err)
	}
	if _, err := crossval.New(crossval.Data{Y: &learn.Target{}}, nil); err == nil {
		t.Error("no folds, and no error")
	}
	if _, err := crossval.New(data(t, 50), &crossval.Options{Metric: "acuracy"}); err == nil {
		t.Error("no such metric, and no error")
	}
}

func TestPlan(t *testing.T) {
	labels := &learn.Target{Task: learn.Classification, Classes: []string{"a", "b"}, Labels: []int32{0, 1, 0, 1, 0, 1, 0, 1}}
	values := &learn.Target{Task: learn.Regression, Values: make([]float64, 8)}
	for _, c := range []struct {
		scheme crossval.Scheme
		y      *learn.Target
		folds  int
		want   string
	}{
		{crossval.Scheme{Folds: 4}, labels, 4, ""},
		{crossval.Scheme{Folds: 4, Repeats: 3}, values, 12, ""},
		{crossval.Scheme{Kind: "plain", Folds: 2, InOrder: true}, labels, 2, ""},
		{crossval.Scheme{Kind: "group", Folds: 2, Groups: []int32{0, 0, 1, 1, 2, 2, 3, 3}}, values, 2, ""},
		{crossval.Scheme{Kind: "stratified"}, values, 0, "the task is regression: use plain"},
		{crossval.Scheme{Kind: "group"}, values, 0, "0 groups for 8 rows"},
		{crossval.Scheme{Kind: "leave"}, values, 0, `no kind "leave" of folds`},
		{crossval.Scheme{Folds: 9}, values, 0, "8 rows cannot be divided"},
	} {
		folds, _, err := c.scheme.Plan(c.y)
		if len(folds) != c.folds || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %d folds, error %v; want %d, %q", c.scheme, len(folds), err, c.folds, c.want)
		}
	}
}

// TestWeights gives a forest the scores that it has without the rows of weight 0,
// however many of them are wrong.
func TestWeights(t *testing.T) {
	d := data(t, 240)
	d.Specs = []preprocess.Spec{&preprocess.Drop{Columns: []string{"noise"}}}
	without := d
	without.Folds = make([]split.Fold, len(d.Folds))
	d.Weights = make([]float64, 240)
	d.Y = d.Y.Take(allRows(240))
	for i := range d.Weights {
		if d.Weights[i] = 1; i%4 == 1 {
			d.Weights[i], d.Y.Labels[i] = 0, 1-d.Y.Labels[i]
		}
	}
	counts := func(rows []int) []int {
		return slices.DeleteFunc(slices.Clone(rows), func(i int) bool { return d.Weights[i] == 0 })
	}
	for k, f := range d.Folds {
		without.Folds[k] = split.Fold{Train: counts(f.Train), Test: counts(f.Test)}
	}
	wrong := d
	wrong.Weights = nil
	want := score(t, without, crossval.Options{Metric: "roc_auc"}, 0, 5)[0].Scores
	if got := score(t, d, crossval.Options{Metric: "roc_auc"}, 0, 5)[0].Scores; !reflect.DeepEqual(got, want) {
		t.Errorf("scores %v, without the rows of weight 0 %v", got, want)
	}
	if got := score(t, wrong, crossval.Options{Metric: "roc_auc"}, 0, 5)[0].Scores; crossval.Mean(got) > crossval.Mean(want)-0.05 {
		t.Errorf("what is wrong in a quarter of the rows makes no difference: %v, %v", got, want)
	}
}

func allRows(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}

// TestGroupsWithin gives a candidate that fits on folds of its own the groups of its rows.
func TestGroupsWithin(t *testing.T) {
	d := data(t, 200)
	c := candidates(t)[1]
	c.Params.Calibration.Method = "sigmoid"
	scores := func(d crossval.Data) []float64 {
		e, err := crossval.New(d, &crossval.Options{Metric: "log_loss"})
		if err != nil {
			t.Fatal(err)
		}
		results, err := e.Score(context.Background(), []crossval.Candidate{c}, 0, 5, nil)
		if err != nil || results[0].Err != nil {
			t.Fatal(err, results[0].Err)
		}
		return results[0].Scores
	}
	plain := scores(d)
	d.Groups = make([]int32, d.Y.Len())
	if !slices.Equal(plain, scores(d)) {
		t.Error("one group is divided otherwise than none")
	}
	for i := range d.Groups {
		d.Groups[i] = int32(i / 30)
	}
	if slices.Equal(plain, scores(d)) {
		t.Error("groups change nothing")
	}
}
