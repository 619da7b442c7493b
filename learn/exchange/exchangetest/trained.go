package exchangetest

import (
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/baseline"
	"github.com/runnel-dev/runnel/learn/bayes"
	"github.com/runnel-dev/runnel/learn/boost"
	"github.com/runnel-dev/runnel/learn/calibrate"
	"github.com/runnel-dev/runnel/learn/cluster"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/neural"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/tree"
	"github.com/runnel-dev/runnel/table"
)

// Data is a table of columns of every kind that formats carry, with missing
// values, and of a target of three classes, of two, and of a number.
func Data(t testing.TB, n int) *table.Table {
	r := rand.New(rand.NewPCG(3, 4))
	length, mass, year := make([]float64, n), make([]float64, n), make([]int64, n)
	wild, island, kind := make([]bool, n), make([]string, n), make([]string, n)
	species, big, price := make([]string, n), make([]string, n), make([]float64, n)
	for i := range n {
		k := r.IntN(3)
		length[i] = math.Round(1000*(3+float64(k)+float64(r.NormFloat64()/2))) / 8
		mass[i] = float64(float32(r.ExpFloat64() * 100))
		year[i] = int64(2007 + r.IntN(5))
		wild[i] = r.IntN(2) == 0
		island[i] = []string{"Biscoe", "Dream", "Torgersen"}[(k+r.IntN(2))%3]
		kind[i] = string(rune('a'+r.IntN(20))) + "-kind"
		species[i] = []string{"Adelie", "Chinstrap", "Gentoo"}[k]
		price[i] = length[i]/100 + mass[i]/300 + float64(k)
		big[i] = map[bool]string{true: "yes", false: "no"}[price[i] > 3.2]
		if r.IntN(8) == 0 {
			length[i] = math.NaN()
		}
	}
	out, err := table.New(table.FloatColumn("length", length), table.FloatColumn("mass", mass), table.IntColumn("year", year),
		table.BoolColumn("wild", wild), table.StringColumn("island", island), table.StringColumn("kind", kind),
		table.StringColumn("species", species), table.StringColumn("big", big), table.FloatColumn("price", price))
	if err != nil {
		t.Fatal(err)
	}
	for i := range n / 7 {
		out.Column("island").SetMissing(7 * i)
	}
	return out
}

// Gaps is Data with more that is missing.
func Gaps(t testing.TB, n int) *table.Table {
	data := Data(t, n)
	mass := slices.Clone(data.Column("mass").Floats)
	for i := 1; i < n; i += 5 {
		mass[i] = math.NaN()
	}
	out, err := data.Without("mass").With(table.FloatColumn("mass", mass))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Fit makes a model of raw rows: of one of Data's targets, without the others, or
// of none where that is "".
func Fit(t testing.TB, data *table.Table, target string, e learn.Estimator, specs ...preprocess.Spec) *model.Model {
	t.Helper()
	raw := data
	for _, other := range []string{"species", "big", "price"} {
		if other != target {
			raw = raw.Without(other)
		}
	}
	task, y, kind := learn.Clustering, &learn.Target{Task: learn.Clustering, Rows: raw.Rows()}, table.Float64
	var err error
	if target != "" {
		task, _ = preprocess.DecideTask(raw.Column(target))
		if y, _, err = preprocess.Target(raw, target, task, nil); err != nil {
			t.Fatal(err)
		}
		kind = raw.Column(target).Kind
	}
	rows := raw.Without(target)
	g, features, err := preprocess.Fit(context.Background(), rows, y, nil, specs...)
	if err != nil {
		t.Fatal(err)
	}
	x, err := preprocess.Matrix(features, nil)
	if err != nil {
		t.Fatal(err)
	}
	fitted, err := e.Fit(context.Background(), x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &model.Model{Task: task, Target: target, TargetKind: kind, Classes: y.Classes,
		Inputs: model.Describe(raw, append(g.Ignored(), target)...), Graph: g, Features: x.Names, Estimator: fitted}
}

// Agree compares two models on raw rows. The classes of the second may have
// other names.
func Agree(t rapid.TB, got, want *model.Model, rows *table.Table, tolerance float64) {
	t.Helper()
	a, err := got.Predict(rows)
	if err != nil {
		t.Fatal(err)
	}
	b, err := want.Predict(rows)
	if err != nil {
		t.Fatal(err)
	}
	Near(t, "prediction", slices.Concat(a.Values, a.Probabilities, a.Distances), slices.Concat(b.Values, b.Probabilities, b.Distances), tolerance)
	if !slices.Equal(a.Clusters, b.Clusters) {
		t.Fatalf("the rows are of the clusters %v, want %v", a.Clusters, b.Clusters)
	}
	for i := range a.Labels {
		if k, of := slices.Index(a.Classes, a.Labels[i]), slices.Index(b.Classes, b.Labels[i]); k != of && !even(b.Probabilities[i*len(b.Classes):][:len(b.Classes)], b.Classes, want.Threshold, tolerance) {
			t.Fatalf("row %d is of class %d, want %d", i, k, of)
		}
	}
}

// even reports probabilities whose class is a matter of rounding.
func even(p []float64, classes []string, threshold, tolerance float64) bool {
	if threshold != 0 && len(classes) == 2 {
		return math.Abs(p[1]-threshold) < tolerance
	}
	p = slices.Sorted(slices.Values(p))
	return p[len(p)-1]-p[len(p)-2] < 2*tolerance
}

// Trained are models of gradient boosting of Data, with the transforms that a
// file of trees can hold.
func Trained(t testing.TB, data *table.Table) map[string]*model.Model {
	few := boost.New()
	few.Estimators, few.MaxLeaves = 8, 7
	sets := boost.New()
	sets.Estimators, sets.MaxLeaves, sets.Categorical = 8, 7, []string{"island", "kind"}
	common := []preprocess.Spec{&preprocess.Tidy{}, &preprocess.Dates{}}
	with := func(specs ...preprocess.Spec) []preprocess.Spec { return append(slices.Clone(common), specs...) }
	return map[string]*model.Model{
		"classes":    Fit(t, data, "species", few, with(&preprocess.Impute{Categorical: "keep"}, &preprocess.Cap{}, &preprocess.Auto{})...),
		"binary":     Fit(t, data, "big", few, with(&preprocess.Impute{Numeric: "keep", Categorical: "keep"}, &preprocess.Auto{OneHot: 30, Indicators: true})...),
		"regression": Fit(t, data, "price", few, with(&preprocess.Impute{Indicators: true}, &preprocess.Scale{Method: "robust"}, &preprocess.Cap{Method: "both", Quantile: .9}, &preprocess.Auto{})...),
		"sets":       Fit(t, data, "price", sets, with(&preprocess.Ordinal{}, &preprocess.Drop{Columns: []string{"year"}})...),
		"dropped":    Fit(t, data, "price", few, append([]preprocess.Spec{&preprocess.Drop{Columns: []string{"year", "wild"}}}, with(&preprocess.Impute{}, &preprocess.Auto{})...)...),
		"frequency":  Fit(t, data, "price", few, with(&preprocess.Impute{}, &preprocess.Frequency{})...),
	}
}

// Others are models that are no gradient boosting, and losses that Trained has not.
func Others(t testing.TB, data *table.Table) map[string]*model.Model {
	forest := tree.NewForest()
	forest.Estimators, forest.MaxDepth = 6, 5
	poisson := boost.New()
	poisson.Estimators, poisson.MaxLeaves, poisson.Loss = 5, 5, "poisson"
	auto := func(family string) []preprocess.Spec {
		return []preprocess.Spec{&preprocess.Impute{Categorical: "keep"}, &preprocess.Cap{}, &preprocess.Auto{Family: family}}
	}
	numbers := []preprocess.Spec{&preprocess.Impute{}, &preprocess.OneHot{Columns: []string{"year", "wild", "island"}}, &preprocess.Ordinal{}, &preprocess.Scale{}}
	out := map[string]*model.Model{
		"forest":       Fit(t, data, "species", forest, auto("tree")...),
		"forest value": Fit(t, data, "price", forest, auto("tree")...),
		"poisson":      Fit(t, data, "price", poisson, auto("tree")...),
		"ridge":        Fit(t, data, "price", linear.Ridge{Alpha: 1}, numbers...),
		"logistic":     Fit(t, data, "big", linear.NewLogistic(), auto("linear")...),
		"softmax":      Fit(t, data, "species", linear.NewLogistic(), auto("linear")...),
		"bayes":        Fit(t, data, "species", bayes.NaiveBayes{}, numbers...),
		"counts":       Fit(t, data, "big", bayes.NaiveBayes{Distribution: "multinomial"}, numbers[:3]...),
		"constant":     Fit(t, data, "species", baseline.Estimator{}, numbers...),
		"clusters":     Fit(t, data, "", cluster.Estimator{KMeans: cluster.KMeans{K: 4}}, numbers...),
		"made": Fit(t, data, "species", linear.NewLogistic(), &preprocess.Impute{},
			&preprocess.Interact{Pairs: [][2]string{{"length", "mass"}, {"mass", "wild"}}, Op: "ratio"},
			&preprocess.Interact{Pairs: [][2]string{{"year", "mass"}, {"length", "length"}}, Op: "difference"},
			&preprocess.Interact{Pairs: [][2]string{{"island", "kind"}}, Op: "concat"},
			&preprocess.Bin{Columns: []string{"mass"}, Edges: []float64{0, 50, 100, 200}, IncludeLowest: true},
			&preprocess.Bin{Columns: []string{"length"}, Codes: true, Replace: true},
			&preprocess.Cluster{Columns: []string{"mass", "year"}, Clusters: 3, Output: "both"},
			&preprocess.Auto{Family: "linear"}, &preprocess.Impute{}, &preprocess.PCA{Components: 6}),
		"rounds": Fit(t, Gaps(t, data.Rows()), "price", linear.Ridge{Alpha: 1}, &preprocess.Impute{Numeric: "iterative", Indicators: true}, &preprocess.Auto{Family: "linear"}),
		"itself": Fit(t, Gaps(t, data.Rows()), "price", linear.Ridge{Alpha: 1}, &preprocess.Interact{Pairs: [][2]string{{"mass", "mass"}}, Op: "difference"},
			&preprocess.Auto{Family: "linear"}, &preprocess.Impute{}),
		"mean": Fit(t, data, "price", baseline.Estimator{}, numbers...),
	}
	for _, loss := range []string{"log_loss", "hinge"} {
		sgd := linear.NewSGD()
		sgd.Loss = loss
		out["sgd "+loss] = Fit(t, data, "species", sgd, numbers...)
		out["sgd of two "+loss] = Fit(t, data, "big", sgd, numbers...)
		out["unseen of sgd "+loss] = without(t, out["sgd "+loss], data, sgd, "Chinstrap")
	}
	out["unseen of bayes"] = without(t, out["bayes"], data, bayes.NaiveBayes{}, "Chinstrap")
	// A network is trained elsewhere: here its weights are drawn.
	r := rand.New(rand.NewPCG(5, 6))
	draw := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = r.NormFloat64() / 2
		}
		return v
	}
	single := func(v []float64) []float32 {
		out := make([]float32, len(v))
		for i := range v {
			out[i] = float32(v[i])
		}
		return out
	}
	layer := func(inputs, units int) neural.Layer {
		return neural.Layer{Units: units, Weights: single(draw(inputs * units)), Bias: single(draw(units))}
	}
	for _, of := range [][2]string{{"relu", "ridge"}, {"tanh", "softmax"}, {"gelu", "logistic"}} {
		activation, m := of[0], *out[of[1]]
		n := len(m.Features)
		net := &neural.Model{Task: m.Task, Activation: activation, Mean: draw(n), Scale: make([]float64, n), Offset: 3, Unit: 2}
		for j := range net.Scale {
			net.Scale[j] = 1 + float64(j)
		}
		last := max(1, len(m.Classes))
		net.Layers = []neural.Layer{layer(n, 5), layer(5, 4), layer(4, last)}
		for k := range m.Classes {
			net.Classes, net.Seen = len(m.Classes), append(net.Seen, int32(k))
		}
		m.Estimator = net
		out["network "+activation] = &m
	}
	return out
}

// Combined are votes, stackings and calibrated models of Data's targets.
func Combined(t testing.TB, data *table.Table) map[string]*model.Model {
	forest, boosting := tree.NewForest(), boost.New()
	forest.Estimators, forest.MaxDepth = 4, 4
	boosting.Estimators, boosting.MaxLeaves = 4, 5
	scaled := []preprocess.Spec{&preprocess.Impute{}, &preprocess.Scale{}}
	members := func(l learn.Estimator) []combine.Member {
		return []combine.Member{{Name: "forest", Estimator: forest}, {Name: "boosting", Estimator: boosting, Weight: 2}, {Name: "linear", Estimator: l, Prepare: scaled}}
	}
	of := func(e learn.Estimator, method string) learn.Estimator {
		return calibrate.Estimator{Of: e, Params: calibrate.Params{Method: method, Folds: 3}}
	}
	logistic, ridge := linear.NewLogistic(), linear.Ridge{Alpha: 1}
	final := combine.Member{Name: "logistic", Estimator: logistic, Prepare: scaled}
	specs := []preprocess.Spec{&preprocess.Cap{}, &preprocess.Auto{}}
	fit := func(target string, e learn.Estimator) *model.Model { return Fit(t, data, target, e, specs...) }
	out := map[string]*model.Model{
		"vote":            fit("species", combine.Voting{Members: members(logistic)}),
		"vote of two":     fit("big", combine.Voting{Members: members(logistic)}),
		"vote of values":  fit("price", combine.Voting{Members: members(ridge)}),
		"hard vote":       fit("species", combine.Voting{Members: members(logistic), Hard: true}),
		"stack":           fit("species", combine.Stacking{Members: members(logistic), Final: final, Folds: 2}),
		"stack of two":    fit("big", combine.Stacking{Members: members(logistic), Final: final, Folds: 2}),
		"stack of values": fit("price", combine.Stacking{Members: members(ridge), Final: combine.Member{Name: "boosting", Estimator: boosting}, Folds: 2}),
		"sigmoid":         fit("species", of(forest, calibrate.Platt)),
		"sigmoid of two":  fit("big", of(boosting, calibrate.Platt)),
		"sigmoid of none": fit("species", of(baseline.Estimator{}, calibrate.Platt)),
		"isotonic":        fit("species", of(boosting, calibrate.Stepwise)),
		"isotonic vote":   fit("big", of(combine.Voting{Members: members(logistic)}, calibrate.Stepwise)),
	}
	net := neural.New()
	net.Hidden, net.Epochs = []int{4}, 3
	all := Fit(t, data, "species", logistic, &preprocess.Auto{Family: "linear"}, &preprocess.Impute{})
	out["unseen"] = without(t, all, data, logistic, "Chinstrap")
	out["unseen of a network"] = without(t, all, data, net, "Chinstrap")
	out["unseen of trees"] = without(t, all, data, boosting, "Chinstrap")
	out["one seen"] = without(t, all, data, logistic, "Chinstrap", "Adelie")
	late := *out["vote of two"]
	late.Threshold = .3
	out["threshold"] = &late
	return out
}

// All are the models of Trained, Others and Combined.
func All(t testing.TB, data *table.Table) map[string]*model.Model {
	out := Trained(t, data)
	maps.Copy(out, Others(t, data))
	maps.Copy(out, Combined(t, data))
	return out
}

// without is a model whose estimator is fitted on rows that are of none of some
// classes.
func without(t testing.TB, m *model.Model, data *table.Table, e learn.Estimator, classes ...string) *model.Model {
	t.Helper()
	x, err := m.Matrix(data.Without(m.Target))
	if err != nil {
		t.Fatal(err)
	}
	y := &learn.Target{Task: m.Task, Classes: m.Classes}
	var rows []int
	for i := range data.Rows() {
		if label := data.Column(m.Target).Text(i); !slices.Contains(classes, label) {
			rows, y.Labels = append(rows, i), append(y.Labels, int32(slices.Index(m.Classes, label)))
		}
	}
	fitted, err := e.Fit(context.Background(), x.Take(rows), y, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := *m
	out.Estimator = fitted
	return &out
}
