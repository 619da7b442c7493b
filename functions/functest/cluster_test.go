package functest_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/evaluate"
	"github.com/runnel-dev/runnel/functions/explain"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/predict"
	"github.com/runnel-dev/runnel/functions/train"
	"github.com/runnel-dev/runnel/functions/tune"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/search"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
)

// unmeasured are the columns of the penguins that are no lengths or masses.
var unmeasured = []any{"species", "island", "sex", "year"}

// TestSpecies finds the three species of the penguins in four measurements, as
// scikit-learn does: its KMeans(3, n_init=10, random_state=0) of the columns,
// means for missing values and then StandardScaler, has these metrics and an
// adjusted Rand index of .780.
func TestSpecies(t *testing.T) {
	r := functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), functest.Params{
		"ingest": {"task": "clustering"},
		"clean":  {"drop_columns": unmeasured, "missing": "mean", "outliers": "none"},
		"train":  {"kmeans": map[string]any{"k": 3}},
	}).Must(t)
	e := r.Evaluation(t)
	if e.Subset != "train" || e.Target != "" || e.Model.Task != learn.Clustering || e.Model.Rows != 344 || len(e.Clusters.Sizes) != 3 {
		t.Errorf("the evaluation is %+v", e)
	}
	m := r.Model(t)
	raw, _ := r.Env.Read(t, r.Trained.Raw)
	p, err := m.Predict(raw)
	if err != nil {
		t.Fatal(err)
	}
	species := raw.Column("species")
	var labels []int32
	for i := range raw.Rows() {
		labels = append(labels, int32(species.Codes[i]))
	}
	if index := adjustedRand(labels, p.Clusters); index < 0.780 {
		t.Errorf("the clusters are the species by an adjusted Rand index of %.3f, want .78", index)
	}
	inertia := 0.0
	for _, d := range p.Distances {
		inertia += d * d
	}
	if math.Abs(inertia-e.Model.Metrics["inertia"]) > 1e-9*inertia {
		t.Errorf("the inertia is %v, by the predictions %v", e.Model.Metrics["inertia"], inertia)
	}
	for name, want := range map[string]float64{"inertia": 384.2192820153293, "silhouette": 0.4438398792000198, "davies_bouldin": 0.9508477750547838, "calinski_harabasz": 440.10964657843425} {
		if v := e.Model.Metrics[name]; math.Abs(v-want) > 1e-9*want {
			t.Errorf("%s is %v, scikit-learn's %v", name, v, want)
		}
	}
	first := e.Clusters.Traits[0]
	if first.Column != "species" || first.Category != "Gentoo" || first.Explained < 0.98 {
		t.Errorf("what tells most is %+v, want the Gentoo: they are a cluster", first)
	}
	if !slices.ContainsFunc(e.Clusters.Traits, func(t evaluate.Trait) bool {
		return t.Column == "sex" && t.Category == "(missing)" && math.Abs(t.Mean-11./344) < 1e-9
	}) {
		t.Errorf("of 11 of 344 rows without a sex nothing is said: %+v", e.Clusters.Traits)
	}
	for _, trait := range e.Clusters.Traits {
		if trait.Column == "body_mass_g" && trait.Category == "" && (trait.Mean < 4000 || trait.Mean > 4400 || *trait.Groups[1] < 4900) {
			t.Errorf("the mass is %v, in grams", trait)
		}
	}
}

// adjustedRand is how far two groupings agree: 1 where they are the same, about 0
// where they have nothing to do with each other (Hubert and Arabie, 1985).
func adjustedRand(a, b []int32) float64 {
	pairs := func(n int) float64 { return float64(n*(n-1)) / 2 }
	both, left, right := map[[2]int32]int{}, map[int32]int{}, map[int32]int{}
	for i := range a {
		both[[2]int32{a[i], b[i]}]++
		left[a[i]]++
		right[b[i]]++
	}
	var same, sameA, sameB float64
	for _, n := range both {
		same += pairs(n)
	}
	for _, n := range left {
		sameA += pairs(n)
	}
	for _, n := range right {
		sameB += pairs(n)
	}
	chance := sameA * sameB / pairs(len(a))
	return (same - chance) / ((sameA+sameB)/2 - chance)
}

// TestChosenClusters: k is chosen by the silhouette where it is not given, and
// the model says how many there are.
func TestChosenClusters(t *testing.T) {
	r := functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), functest.Params{
		"ingest": {"task": "clustering"}, "clean": {"drop_columns": unmeasured},
	}).Must(t)
	m := r.Model(t)
	k, _ := m.Params["kmeans"].(map[string]any)["k"].(float64)
	if n := m.Estimator.Outputs(); n != 2 || int(k) != n {
		t.Errorf("%d clusters, and params of %v: the silhouette is for 2", n, k)
	}
	if e := r.Evaluation(t); len(e.Clusters.Tried) != 9 || e.Clusters.Tried[0] != slices.Max(e.Clusters.Tried) {
		t.Errorf("tried %v", e.Clusters.Tried)
	}
	if notes := r.Results["train"].Notes; !slices.ContainsFunc(notes, func(n string) bool { return strings.HasPrefix(n, "k: 2 clusters") }) {
		t.Errorf("notes %q", notes)
	}
}

// TestClusterSplit: rows that are kept to judge by have no part in the clusters.
func TestClusterSplit(t *testing.T) {
	content := functest.Example(t, "penguins/penguins.csv")
	r := functest.Chain(t, "penguins.csv", content, functest.Params{
		"ingest": {"task": "clustering", "split": "random"}, "train": {"kmeans": map[string]any{"k": 4, "batch": 64, "init": "random"}},
		"evaluate": {"gate": map[string]any{"silhouette": 0.1, "davies_bouldin": 3}},
	}).Must(t)
	if e := r.Evaluation(t); e.Subset != "test" || e.Model.Rows > 80 || len(e.Gates) != 2 || !e.Gates[0].Passed || !e.Gates[1].Passed {
		t.Errorf("%s rows: %d, gates %+v", e.Subset, e.Model.Rows, e.Gates)
	}
	for _, c := range []struct {
		step string
		p    functest.Params
		want string
	}{
		{"ingest", functest.Params{"ingest": {"task": "clustering", "target": "species"}}, `clustering has no target, and "species" is named as one`},
		{"ingest", functest.Params{"ingest": {"task": "clustering", "split": "stratified"}}, "stratified keeps the shares of classes"},
		{"train", functest.Params{"ingest": {"task": "clustering"}, "train": {"model": "ridge"}}, "ridge is for regression, the task is clustering"},
		{"train", functest.Params{"ingest": {"task": "clustering"}, "train": {"threshold": map[string]any{"metric": "f1"}}}, "threshold is of two classes, and the task is clustering"},
		{"train", functest.Params{"ingest": {"task": "clustering"}, "train": {"balance": "weights"}}, "balance: weights is of classes, and the task is clustering"},
		{"featurize", functest.Params{"ingest": {"task": "clustering"}, "featurize": {"target": []any{map[string]any{}}}}, "target encoding needs the target"},
		{"evaluate", functest.Params{"ingest": {"task": "clustering"}, "evaluate": {"beat_baseline": true}}, "clusters have no baseline"},
		{"evaluate", functest.Params{"ingest": {"task": "clustering"}, "evaluate": {"gate": map[string]any{"accuracy": 0.5}}}, "no metric \"accuracy\""},
		{"evaluate", functest.Params{"ingest": {"task": "clustering"}, "evaluate": {"gate": map[string]any{"silhouette": 0.99}}}, "silhouette 0.49 is below the gate of 0.99"},
	} {
		r := functest.Chain(t, "penguins.csv", content, c.p)
		if r.Last != c.step || r.Err == nil || !strings.Contains(r.Err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s: %s", r.Last, r.Err, c.step, c.want)
		}
	}
}

// TestClusterPredictions: a table's rows get their cluster and the distance from
// its centre, one of missing values too.
func TestClusterPredictions(t *testing.T) {
	r := functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), functest.Params{"ingest": {"task": "clustering"}}).Must(t)
	m := r.Model(t)
	raw, _ := r.Env.Read(t, r.Trained.Raw)
	out, err := predict.Table(m, raw, predict.Params{Inputs: true})
	if err != nil {
		t.Fatal(err)
	}
	cluster, distance := out.Column("prediction"), out.Column("distance")
	if cluster.Kind != table.Int64 || distance.Kind != table.Float64 || cluster.Nulls()+distance.Nulls() > 0 {
		t.Fatalf("predictions are of %v and %v", cluster.Kind, distance.Kind)
	}
	for i, k := range cluster.Ints {
		if k < 0 || int(k) >= m.Estimator.Outputs() || !(distance.Floats[i] >= 0) {
			t.Fatalf("row %d is of cluster %d at %v", i, k, distance.Floats[i])
		}
	}
	b, err := json.Marshal(r.Evaluation(t))
	if err != nil {
		t.Fatal(err)
	}
	if again := (&evaluate.Evaluation{}); json.Unmarshal(b, again) != nil || len(again.Clusters.Traits) == 0 {
		t.Errorf("the evaluation does not come back: %s", b)
	}
}

// TestTunedClusters: tune tries every number of clusters once on the rows
// themselves, and train fits the one whose metric is best.
func TestTunedClusters(t *testing.T) {
	for _, metric := range []string{"", "davies_bouldin"} {
		r := functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), functest.Params{
			"ingest": {"task": "clustering"}, "clean": {"drop_columns": unmeasured},
		}).Must(t)
		res := r.Env.Invoke(t, tune.Function, r.Built, map[string]any{"metric": metric})
		tuned := steptest.Emitted[events.FeaturesTunedData](t, res, 0)
		var study struct{ Trials []search.Trial }
		r.Env.JSON(t, res.Outputs["study"], &study)
		if len(study.Trials) != 11 {
			t.Fatalf("%d trials, want one for each of 2 to 12 clusters", len(study.Trials))
		}
		for i, trial := range study.Trials {
			if i > 0 && trial.Also["inertia"] >= study.Trials[i-1].Also["inertia"] {
				t.Errorf("the inertia of %v is %v, that of fewer clusters %v", trial.Params, trial.Also["inertia"], study.Trials[i-1].Also["inertia"])
			}
		}
		if page := string(r.Env.Bytes(t, res.Outputs["report"])); !strings.Contains(page, "inertia by number of clusters") {
			t.Error("the report has no curve of the inertia")
		}
		m := steptest.Emitted[events.ModelTrainedData](t, r.Env.Invoke(t, train.Function, tuned, nil), 0)
		if tuned.Score != study.Trials[0].Score || m.Estimator != "kmeans" || m.Metrics["silhouette"] < 0.5 {
			t.Errorf("%s %v was chosen of %+v; the model has %v", tuned.Metric, tuned.Score, study.Trials, m.Metrics)
		}
	}
}

// TestExplainedClusters: what the columns add sums to how much nearer a row is to
// a centre than to all of them, and no column moves rows that does not count.
func TestExplainedClusters(t *testing.T) {
	r := functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), functest.Params{
		"ingest": {"task": "clustering"}, "clean": {"drop_columns": unmeasured}, "train": {"kmeans": map[string]any{"k": 3}},
	}).Must(t)
	res := r.Env.Invoke(t, explain.Function, r.Evaluated, nil)
	var e explain.Explanation
	r.Env.JSON(t, res.Outputs["explanation"], &e)
	m := r.Model(t)
	raw, _ := r.Env.Read(t, r.Trained.Raw)
	x, err := m.Matrix(raw.Take(e.Rows))
	if err != nil {
		t.Fatal(err)
	}
	distances := m.Estimator.Predict(x)
	for i := range e.Rows {
		mean := 0.0
		for _, d := range distances[3*i : 3*i+3] {
			mean += d * d / 3
		}
		for k := range e.Outputs {
			d := distances[3*i+k]
			if got, want := e.Outputs[k].Total(i), mean-d*d; math.Abs(got-want) > 1e-9*(1+mean) {
				t.Fatalf("row %d is nearer to cluster %d by %v, explained are %v", i, k, want, got)
			}
		}
	}
	if e.Outputs[1].Class != "cluster 1" || e.Scale != explain.Nearness || e.Permuted.Value != 1 || len(e.Columns) != 4 {
		t.Errorf("%+v, %+v", e.Outputs[1].Class, e.Permuted)
	}
	for _, c := range e.Permuted.Columns {
		if c.Mean < 0.02 || c.Mean > 0.7 {
			t.Errorf("%s moves %v of the rows", c.Name, c.Mean)
		}
	}
	if _, err := r.Env.Try(t, explain.Function, r.Evaluated, map[string]any{"metric": "silhouette"}); err == nil || !strings.Contains(err.Error(), "stay in their cluster") {
		t.Errorf("error %v", err)
	}
}
