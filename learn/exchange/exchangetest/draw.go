package exchangetest

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
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

// Draw fits any model that ONNX can hold to one of Data's targets, after any of
// the transforms that it can hold.
func Draw(outer testing.TB, t *rapid.T, data *table.Table) *model.Model {
	target := rapid.SampledFrom([]string{"species", "big", "price", ""}).Draw(t, "target")
	var specs []preprocess.Spec
	family := rapid.SampledFrom([]string{trees, either}).Draw(t, "family")
	if target == "" {
		family = either
	}
	yes := func(what string) bool { return rapid.Bool().Draw(t, what) }
	if yes("tidy") {
		specs = append(specs, &preprocess.Tidy{})
	}
	if yes("impute") || family == either {
		fill := &preprocess.Impute{Indicators: yes("indicators"), Numeric: rapid.SampledFrom([]string{"mean", "median", "mode", "constant", "iterative"}).Draw(t, "numeric"),
			Categorical: rapid.SampledFrom([]string{"mode", "constant", "keep"}).Draw(t, "categorical")}
		specs = append(specs, fill)
	}
	if yes("cap") {
		specs = append(specs, &preprocess.Cap{Method: rapid.SampledFrom([]string{"upper", "both", "iqr"}).Draw(t, "cap by"), Quantile: .9})
	}
	if family == either {
		specs = append(specs, made(t)...)
	}
	first := preprocess.Spec(&preprocess.Drop{Columns: []string{"kind"}})
	columns := rapid.SampledFrom([][]string{{"kind"}, {"island", "wild"}, {"year", "kind"}, {"island", "kind", "wild"}}).Draw(t, "columns")
	switch rapid.SampledFrom([]string{"drop", "one-hot", "ordinal", "frequency", "target", "none"}).Draw(t, "encode") {
	case "drop":
		specs = append(specs, first)
	case "one-hot":
		specs = append(specs, &preprocess.OneHot{Columns: columns, DropFirst: yes("drop first"), MaxCategories: rapid.SampledFrom([]int{0, 5}).Draw(t, "most"),
			Missing: rapid.SampledFrom([]string{"zeros", "category"}).Draw(t, "missing")})
	case "ordinal":
		specs = append(specs, &preprocess.Ordinal{Columns: columns, Unseen: rapid.SampledFrom([]*float64{nil, new(-1.0)}).Draw(t, "unseen")})
	case "frequency":
		specs = append(specs, &preprocess.Frequency{Columns: columns})
	case "target":
		if target == "" {
			break
		}
		specs = append(specs, &preprocess.TargetEncode{Columns: columns, Smooth: 5})
	}
	if yes("scale") {
		specs = append(specs, &preprocess.Scale{Method: rapid.SampledFrom([]string{"standard", "minmax", "robust"}).Draw(t, "scale by")})
	}
	if family == trees {
		specs = append(specs, &preprocess.Auto{})
	} else {
		specs = append(specs, &preprocess.Auto{Family: "linear"}, &preprocess.Impute{})
		if yes("components") {
			specs = append(specs, &preprocess.PCA{Components: 3, Unscaled: yes("unscaled"), Uncentred: yes("uncentred"), Keep: yes("keep")})
		}
	}
	return Fit(outer, data, target, whole(t, target, family), specs...)
}

// made draws transforms that make columns of others.
func made(t *rapid.T) []preprocess.Spec {
	var specs []preprocess.Spec
	yes := func(what string) bool { return rapid.Bool().Draw(t, what) }
	number := rapid.SampledFrom([]string{"length", "mass", "year"})
	for range rapid.IntRange(0, 2).Draw(t, "interactions") {
		pair := [2]string{number.Draw(t, "of"), rapid.SampledFrom([]string{"length", "mass", "year", "wild"}).Draw(t, "with")}
		specs = append(specs, &preprocess.Interact{Pairs: [][2]string{pair}, Op: rapid.SampledFrom([]string{"product", "ratio", "sum", "difference"}).Draw(t, "op")})
	}
	if yes("bin") {
		cut := number.Draw(t, "cut")
		b := &preprocess.Bin{Columns: []string{cut}, Bins: 4, Codes: yes("codes"), Replace: cut == "length"}
		if b.IncludeLowest = yes("lowest"); yes("edges") {
			b.Edges = []float64{300, 400, 500, 2008, 2010}
		}
		specs = append(specs, b)
	}
	if yes("texts") {
		specs = append(specs, &preprocess.Interact{Pairs: [][2]string{{"island", rapid.SampledFrom([]string{"kind", "island"}).Draw(t, "and")}}, Op: "concat"})
	}
	if yes("clusters") {
		specs = append(specs, &preprocess.Cluster{Columns: []string{"mass", "wild"}, Clusters: 3, Starts: 1, Output: rapid.SampledFrom([]string{"distance", "label", "both"}).Draw(t, "groups"), Unscaled: yes("their own units")})
	}
	return specs
}

// estimators are those of a target: trees, what is linear or a network, or any.
func estimators(t *rapid.T, target, family string) map[string]learn.Estimator {
	few := boost.New()
	few.Estimators, few.MaxLeaves = 3, 6
	forest, extra := tree.NewForest(), tree.NewExtraTrees()
	forest.Estimators, forest.MaxDepth, extra.Estimators, extra.MaxDepth = 3, 4, 3, 4
	net := neural.New()
	net.Hidden, net.Epochs, net.BatchNorm = []int{4, 3}, 2, rapid.Bool().Draw(t, "batch norm")
	net.Activation = rapid.SampledFrom([]string{"relu", "tanh", "gelu"}).Draw(t, "activation")
	logistic, sgd := linear.NewLogistic(), linear.NewSGD()
	logistic.MaxIter, sgd.MaxIter = 20, 3
	if target != "price" {
		sgd.Loss = rapid.SampledFrom([]string{"log_loss", "hinge", "modified_huber"}).Draw(t, "loss")
	}
	all := map[string]learn.Estimator{}
	if family != smooth {
		all["boosting"], all["forest"], all["extra"] = few, forest, extra
	}
	if family == trees {
		return all
	}
	all["network"], all["sgd"] = net, sgd
	if target == "price" {
		all["ridge"], all["linear"], all["elastic"], all["lasso"] = linear.Ridge{Alpha: 1}, linear.LeastSquares{}, linear.NewElasticNet(), linear.NewLasso()
		return all
	}
	all["logistic"] = logistic
	if family == either {
		all["bayes"] = bayes.NaiveBayes{}
	}
	return all
}

// The families of estimators.
const (
	trees  = "trees"  // take missing values
	smooth = "smooth" // what they say of numbers that are almost the same is, too
	either = "either"
)

// pick draws one of a family, or of combinations.
func pick(t *rapid.T, target, family string, combinations ...string) (string, learn.Estimator) {
	all := estimators(t, target, family)
	name := rapid.SampledFrom(append(slices.Sorted(maps.Keys(all)), combinations...)).Draw(t, "estimator")
	return name, all[name]
}

// whole draws an estimator of a target, or several that are combined, and
// calibrates some.
func whole(t *rapid.T, target, family string) learn.Estimator {
	prepare := func() []preprocess.Spec {
		if rapid.Bool().Draw(t, "prepare") {
			return []preprocess.Spec{&preprocess.Impute{}, &preprocess.Scale{}}
		}
		return nil
	}
	if target == "" {
		return cluster.Estimator{KMeans: cluster.KMeans{K: rapid.IntRange(1, 4).Draw(t, "k"), Starts: 1}}
	}
	name, e := pick(t, target, family, "voting", "stacking")
	var members []combine.Member
	if e == nil {
		for range rapid.IntRange(1, 3).Draw(t, "members") {
			_, member := pick(t, target, family)
			members = append(members, combine.Member{Name: "member", Estimator: member, Prepare: prepare(), Weight: float64(rapid.IntRange(1, 3).Draw(t, "weight"))})
		}
	}
	switch name {
	case "voting":
		e = combine.Voting{Members: members}
	case "stacking":
		_, final := pick(t, target, smooth)
		e = combine.Stacking{Members: members, Final: combine.Member{Name: "final", Estimator: final, Prepare: prepare()}, Folds: 2}
	}
	if target != "price" && rapid.IntRange(0, 2).Draw(t, "calibrate") == 0 {
		e = calibrate.Estimator{Of: e, Params: calibrate.Params{Method: rapid.SampledFrom([]string{calibrate.Platt, calibrate.Stepwise}).Draw(t, "method"), Folds: 2}}
	}
	return e
}
