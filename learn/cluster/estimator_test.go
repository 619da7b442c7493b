package cluster

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

// groups are rows around n points, far from each other; the k-th has a share of k+1.
func groups(n, rows int) (*learn.Matrix, *learn.Target) {
	r := rand.New(rand.NewPCG(3, 4))
	x := &learn.Matrix{Names: []string{"a", "b", "c"}, Columns: [][]float64{nil, nil, nil}, Rows: rows}
	for i := range rows {
		k := 0
		for at := i % (n * (n + 1) / 2); at > k; at -= k {
			k++
		}
		for j := range x.Columns {
			x.Columns[j] = append(x.Columns[j], float64(10*k*(j+1)%37)+r.NormFloat64()/2)
		}
	}
	return x, &learn.Target{Task: learn.Clustering, Rows: rows}
}

// An estimator finds groups that there are, how many they are too; the largest
// is the first, and it comes back from its state as JSON has it.
func TestEstimator(t *testing.T) {
	x, y := groups(4, 600)
	for name, k := range map[string]KMeans{"chosen": {Starts: 3}, "given": {K: 4, Starts: 3}, "random": {K: 4, Init: "random", Starts: 20},
		"batches": {K: 4, Batch: 100, Starts: 3}, "random batches": {K: 4, Init: "random", Batch: 100, Starts: 20}} {
		t.Run(name, func(t *testing.T) {
			var models []*Clusters
			for _, threads := range []int{1, 3} {
				m, err := Estimator{k}.Fit(t.Context(), x, y, &learn.Options{Seed: 5, Threads: threads})
				if err != nil {
					t.Fatal(err)
				}
				models = append(models, m.(*Clusters))
			}
			c := models[0]
			if !reflect.DeepEqual(c, models[1]) {
				t.Error("two numbers of threads have two models")
			}
			if c.Outputs() != 4 || !slices.IsSortedFunc(c.Sizes, func(a, b float64) int { return int(b - a) }) {
				t.Fatalf("%d clusters of %v rows, want 4 from large to small", c.Outputs(), c.Sizes)
			}
			if (len(c.Tried) > 0) != (k.K == 0) {
				t.Errorf("tried %v", c.Tried)
			}
			labels, nearest := c.Assign(x)
			byDistance, distances := Nearest(c.Predict(x), 4)
			if !slices.Equal(labels, byDistance) || !slices.Equal(nearest, distances) {
				t.Error("the nearest centres are others by all distances")
			}
			s := c.State()
			b, err := json.Marshal(s.Params)
			if err == nil {
				s.Params = nil
				err = json.Unmarshal(b, &s.Params)
			}
			if err != nil {
				t.Fatal(err)
			}
			if back, err := FromState(s); err != nil || !reflect.DeepEqual(back, c) {
				t.Errorf("restored %+v (%v), want %+v", back, err, c)
			}
		})
	}
	if _, err := (Estimator{KMeans{Init: "far"}}).Fit(t.Context(), x, y, nil); err == nil || !strings.Contains(err.Error(), `init is "far": want k-means++ or random`) {
		t.Errorf("error %v", err)
	}
	if _, err := (Estimator{}).Fit(t.Context(), x, &learn.Target{Task: learn.Clustering, Rows: 3}, nil); err == nil {
		t.Error("600 rows of features have a target of 3")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Estimator{}).Fit(ctx, x, y, nil); err == nil {
		t.Error("a fit that was cancelled has a model")
	}
}

// Where fewer rows differ, or weigh anything, there are fewer clusters.
func TestFewerClusters(t *testing.T) {
	x := &learn.Matrix{Names: []string{"a"}, Columns: [][]float64{{1, 1, 1, 5, 5, 5}}, Rows: 6}
	y := &learn.Target{Task: learn.Clustering, Rows: 6}
	for _, init := range []string{"k-means++", "random"} {
		m, err := Estimator{KMeans{K: 5, Init: init}}.Fit(t.Context(), x, y, nil)
		if err != nil || m.Outputs() != 2 {
			t.Errorf("%s: %d clusters of 2 different rows, %v", init, m.Outputs(), err)
		}
		m, err = Estimator{KMeans{K: 5, Init: init}}.Fit(t.Context(), x, y, &learn.Options{Weights: []float64{0, 0, 0, 0, 2, 0}})
		if err != nil || m.Outputs() != 1 || m.(*Clusters).Centers[0][0] != 5 {
			t.Errorf("%s: %+v, %v", init, m, err)
		}
	}
}

// TestEvaluate: the silhouette of many rows is near that of all, and the same for
// the same seed; rows of one cluster have none.
func TestEvaluate(t *testing.T) {
	x, y := groups(3, 7000)
	m, err := Estimator{KMeans{K: 3}}.Fit(t.Context(), x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	distances := m.Predict(x)
	r, err := Evaluate(t.Context(), x, distances, 3, &learn.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	again, _ := Evaluate(t.Context(), x, distances, 3, &learn.Options{Seed: 1, Threads: 3})
	other, _ := Evaluate(t.Context(), x, distances, 3, &learn.Options{Seed: 2})
	if !reflect.DeepEqual(r, again) || r.Metrics["silhouette"] == other.Metrics["silhouette"] {
		t.Errorf("%v, again %v, by another seed %v", r.Metrics, again.Metrics, other.Metrics)
	}
	labels, _ := Nearest(distances, 3)
	all, err := Silhouette(t.Context(), x, labels, nil)
	if err != nil || math.Abs(all-r.Metrics["silhouette"]) > 0.01 {
		t.Errorf("a silhouette of %v on some rows, %v on all (%v)", r.Metrics["silhouette"], all, err)
	}
	if c := m.(*Clusters); math.Abs(c.Inertia-r.Metrics["inertia"]) > 1e-9*c.Inertia {
		t.Errorf("inertia %v, of the fit %v", r.Metrics["inertia"], c.Inertia)
	}
	one, err := Estimator{KMeans{K: 1}}.Fit(t.Context(), x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err = Evaluate(t.Context(), x, one.Predict(x), 1, nil)
	if single := Single(x, nil).Metrics["inertia"]; err != nil || len(r.Metrics) != 1 || math.Abs(r.Metrics["inertia"]-single) > 1e-9*single {
		t.Errorf("%v, as a single cluster %v, %v", r.Metrics, single, err)
	}
}

// TestScores: the linear form is by how much a squared distance is below the mean.
func TestScores(t *testing.T) {
	x, y := groups(4, 200)
	m, err := Estimator{KMeans{K: 4}}.Fit(t.Context(), x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	coefficients, intercepts := m.(*Clusters).Scores()
	distances := m.Predict(x)
	for i := range x.Rows {
		mean := 0.0
		for _, d := range distances[4*i : 4*i+4] {
			mean += d * d / 4
		}
		for k, row := range coefficients {
			score := intercepts[k]
			for j, c := range row {
				score += c * x.Columns[j][i]
			}
			if want := mean - distances[4*i+k]*distances[4*i+k]; math.Abs(score-want) > 1e-9*(1+mean) {
				t.Fatalf("row %d, cluster %d: a score of %v, want %v", i, k, score, want)
			}
		}
	}
}
