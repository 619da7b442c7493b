package cluster

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// From the same first centres Lloyd's passes end where scikit-learn's do, and the
// scores are its.
func TestScikitLearn(t *testing.T) {
	raw, err := os.ReadFile("testdata/sklearn.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name             string
		X                [][]float64
		Start, Centers   [][]float64
		Tolerance        float64
		Weights          []float64
		Labels           []int32
		Inertia          float64
		Silhouette       float64
		DaviesBouldin    float64 `json:"davies_bouldin"`
		CalinskiHarabasz float64 `json:"calinski_harabasz"`
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			x := &learn.Matrix{Columns: c.X, Rows: len(c.X[0]), Names: make([]string, len(c.X))}
			f := &fit{KMeans: KMeans{K: len(c.Start), MaxIter: 300, Tolerance: c.Tolerance}, Options: &learn.Options{Weights: c.Weights}, threads: 2}
			if f.points, f.variance, err = centred(t.Context(), x, 2); err != nil {
				t.Fatal(err)
			}
			f.scratch = make([][]float64, 2)
			var start []float64
			for _, center := range c.Start {
				for j, v := range center {
					start = append(start, (v-f.points.mean[j])*f.points.scale)
				}
			}
			s := f.start(start)
			if err := f.lloyd(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			if err := f.measure(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			got := f.result(s, x.Names)
			if !reflect.DeepEqual(s.labels, c.Labels) {
				t.Errorf("the labels are %v, want %v", s.labels, c.Labels)
			}
			near(t, "inertia", got.Inertia, c.Inertia)
			for k, want := range c.Centers {
				for j := range want {
					near(t, "centre", got.Centers[k][j], want[j])
				}
			}
			silhouette, err := Silhouette(t.Context(), x, c.Labels, nil)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "silhouette", silhouette, c.Silhouette)
			db, err := DaviesBouldin(x, c.Labels)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "Davies-Bouldin", db, c.DaviesBouldin)
			ch, err := CalinskiHarabasz(x, c.Labels)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "Calinski-Harabasz", ch, c.CalinskiHarabasz)
		})
	}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-9*max(1, math.Abs(want))) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

// blobs are rows around some centres that lie apart.
func blobs(rows, features, centers int, seed uint64) *learn.Matrix {
	rng := splitmix.Source{State: seed}
	x := &learn.Matrix{Rows: rows}
	at := make([]float64, centers*features)
	for i := range at {
		at[i] = 40 * rng.Unit()
	}
	for j := range features {
		col := make([]float64, rows)
		for i := range col {
			col[i] = at[i%centers*features+j] + rng.Unit() + rng.Unit() + rng.Unit()
		}
		x.Names, x.Columns = append(x.Names, string(rune('a'+j))), append(x.Columns, col)
	}
	return x
}

// The loops and the assembly write the same bits, and so do all numbers of threads.
func TestSameBits(t *testing.T) {
	for _, batch := range []int{0, 200} {
		x := blobs(9001, 7, 11, 1)
		weights := make([]float64, x.Rows)
		for i := range weights {
			weights[i] = float64(i % 5)
		}
		k := KMeans{K: 13, Tolerance: 0, Starts: 2, Batch: batch}
		run := func(threads int) (*Clusters, []int32) {
			c, labels, err := k.Fit(t.Context(), x, &learn.Options{Threads: threads, Weights: weights, Seed: 3})
			if err != nil {
				t.Fatal(err)
			}
			return c, labels
		}
		want, labels := run(1)
		for _, threads := range []int{2, 7} {
			got, same := run(threads)
			if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(same, labels) {
				t.Fatalf("batch %d: %d threads find %v, want %v", batch, threads, got, want)
			}
		}
	}
}

// Blobs that lie apart are found, also with mini-batches, and Assign agrees.
func TestFinds(t *testing.T) {
	for _, k := range []KMeans{{K: 6}, {K: 6, Batch: 100}, {K: 6, Starts: 3}} {
		x := blobs(3000, 4, 6, 5)
		c, labels, err := k.Fit(t.Context(), x, nil)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[[2]int32]bool{}
		for i, l := range labels {
			seen[[2]int32{int32(i % 6), l}] = true
		}
		if len(seen) != 6 {
			t.Errorf("%+v: blobs and clusters meet in %d ways, want 6", k, len(seen))
		}
		assigned, distances := c.Assign(x)
		if !reflect.DeepEqual(assigned, labels) {
			t.Errorf("%+v: Assign gives other labels than Fit", k)
		}
		all, sum := c.Distances(x), 0.0
		for i, d := range distances {
			if all[i*6+int(labels[i])] != d {
				t.Fatalf("row %d: the distance is %v, and %v among all", i, d, all[i*6:][:6])
			}
			sum += d * d
		}
		if math.Abs(sum-c.Inertia) > 1e-9*sum {
			t.Errorf("%+v: inertia %v, want %v", k, c.Inertia, sum)
		}
	}
}

func TestChoose(t *testing.T) {
	k, scores, err := New().Choose(t.Context(), blobs(2000, 3, 5, 9), 9, 500, nil)
	if err != nil || k != 5 || len(scores) != 8 {
		t.Errorf("chose %d by %v (%v), want 5 of 8 silhouettes", k, scores, err)
	}
	constant := &learn.Matrix{Names: []string{"a"}, Columns: [][]float64{{1, 1, 1, 1}}, Rows: 4}
	if k, _, err := New().Choose(t.Context(), constant, 9, 500, nil); err != nil || k != 1 {
		t.Errorf("chose %d of equal rows (%v), want 1", k, err)
	}
}

// As many clusters are found as there are different rows that weigh anything, or as
// were asked for, whatever the units; copies are as good as weights.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rows, features := rapid.IntRange(1, 40).Draw(r, "rows"), rapid.IntRange(1, 4).Draw(r, "features")
		x := &learn.Matrix{Rows: rows, Names: make([]string, features)}
		unit := math.Pow(10, float64(rapid.IntRange(-150, 140).Draw(r, "unit")))
		for range features {
			x.Columns = append(x.Columns, make([]float64, rows))
			for i := range rows {
				x.Columns[len(x.Columns)-1][i] = unit * float64(rapid.IntRange(-5, 5).Draw(r, "value"))
			}
		}
		weights := make([]float64, rows)
		var copies []int
		for i := range weights {
			weights[i] = float64(rapid.IntRange(0, 3).Draw(r, "weight"))
			for range int(weights[i]) {
				copies = append(copies, i)
			}
		}
		if len(copies) == 0 {
			return
		}
		different := map[string]bool{}
		for i := range rows {
			key, _ := json.Marshal(x.Take([]int{i}).Columns)
			if weights[i] > 0 {
				different[string(key)] = true
			}
		}
		k := KMeans{K: rapid.IntRange(1, 6).Draw(r, "k")}
		c, labels, err := k.Fit(t.Context(), x, &learn.Options{Weights: weights})
		if err != nil {
			r.Fatal(err)
		}
		if want := min(k.K, len(different)); len(c.Centers) != want {
			r.Fatalf("%d clusters, want %d", len(c.Centers), want)
		}
		assigned, _ := c.Assign(x)
		for i := range rows { // others may be as far from two centres
			if len(different) <= k.K && weights[i] > 0 && assigned[i] != labels[i] {
				r.Fatalf("Assign gives %v, Fit %v", assigned, labels)
			}
		}
		total := 0.0
		for _, s := range c.Sizes {
			total += s
		}
		if total != float64(len(copies)) {
			r.Fatalf("the sizes %v are not those of %d rows", c.Sizes, len(copies))
		}
		if len(different) > k.K {
			return // the optimum that is found depends on the draws
		}
		if c.Inertia > 1e-20*unit*unit {
			r.Fatalf("inertia %v though there are %d different rows", c.Inertia, len(different))
		}
		again, _, err := k.Fit(t.Context(), x.Take(copies), nil)
		if err != nil || len(again.Centers) != len(c.Centers) {
			r.Fatalf("%d clusters of copies (%v), want %d", len(again.Centers), err, len(c.Centers))
		}
	})
}

func TestErrors(t *testing.T) {
	two := func(values ...float64) *learn.Matrix {
		return &learn.Matrix{Names: []string{"age"}, Columns: [][]float64{values}, Rows: len(values)}
	}
	for _, c := range []struct {
		k    KMeans
		x    *learn.Matrix
		w    []float64
		want string
	}{
		{New(), two(1, math.NaN()), nil, `feature "age" is NaN in row 1`},
		{New(), two(1, math.Inf(-1)), nil, `feature "age" is -Inf in row 1`},
		{New(), two(1e200, -1e200), nil, "too large to take means of: scale it first"},
		{New(), two(), nil, "0 rows"},
		{KMeans{K: -1}, two(1), nil, "k is -1"},
		{KMeans{Tolerance: math.NaN()}, two(1), nil, "tolerance is NaN"},
		{New(), two(1, 2), []float64{1}, "2 rows of features but 1 sample weights"},
		{New(), two(1, 2), []float64{0, 0}, "sum to 0"},
		{New(), two(1, 2, math.NaN()), []float64{0, 1, 0}, `feature "age" is NaN in row 2`},
		{New(), two(1, 2, math.Inf(1)), []float64{0, 1, 1}, `feature "age" is +Inf in row 2`},
	} {
		_, _, err := c.k.Fit(t.Context(), c.x, &learn.Options{Weights: c.w})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	for _, labels := range [][]int32{{0, 0}, {0, 1}, {0}, {0, -1}, {0, 7}} {
		if _, err := Silhouette(t.Context(), two(1, 2), labels, nil); err == nil {
			t.Errorf("labels %v have a silhouette", labels)
		}
	}
	c := &Clusters{Names: []string{"age"}, Centers: [][]float64{{0}, {10}}, Sizes: []float64{1, 1}}
	labels, distances := c.Assign(two(9, math.NaN(), 1e300))
	if labels[0] != 1 || labels[1] != -1 || !math.IsNaN(distances[1]) || labels[2] != 0 {
		t.Errorf("labels %v, distances %v", labels, distances)
	}
}

// A row of weight 0 is as if it were not there, however far off, but for its label.
func TestWeightless(t *testing.T) {
	x := &learn.Matrix{Names: []string{"a"}, Columns: [][]float64{{1e15, 0, 1, 10, 11, -1e300}}, Rows: 6}
	opts := &learn.Options{Weights: []float64{0, 1, 1, 1, 1, 0}, Seed: 3}
	c, labels, err := KMeans{K: 2}.Fit(t.Context(), x, opts)
	if err != nil {
		t.Fatal(err)
	}
	low := labels[1]
	if want := []int32{1 - low, low, low, 1 - low, 1 - low}; !slices.Equal(labels[:5], want) {
		t.Errorf("labels %v, want %v", labels, want)
	}
	if c.Centers[low][0] != 0.5 || c.Centers[1-low][0] != 10.5 || c.Inertia != 1 {
		t.Errorf("centres %v, inertia %v", c.Centers, c.Inertia)
	}
	m, err := Estimator{}.Fit(t.Context(), x, &learn.Target{Task: learn.Clustering, Rows: 6}, opts)
	if err != nil {
		t.Fatal(err)
	}
	if m.Outputs() != 2 {
		t.Errorf("%d clusters were chosen, want 2", m.Outputs())
	}
}

// A constant column does not make the squares of small numbers vanish.
func TestSmallBesideConstant(t *testing.T) {
	x := &learn.Matrix{Names: []string{"a", "b"}, Columns: [][]float64{{1e9, 1e9, 1e9, 1e9}, {0, 1e-170, 1e-169, 1.1e-169}}, Rows: 4}
	c, labels, err := KMeans{K: 2}.Fit(t.Context(), x, nil)
	if err != nil {
		t.Fatal(err)
	}
	if labels[0] != labels[1] || labels[2] != labels[3] || labels[0] == labels[2] {
		t.Errorf("labels %v of centres %v", labels, c.Centers)
	}
}

// A state comes back as it was; whatever else is an error, and no panic.
func FuzzFromState(f *testing.F) {
	f.Add("kmeans", `["a","b"]`, 2, 2, 2, 1.5, 3, 0.5)
	f.Add("kmeans", `["a"]`, 2, 1, 3, -1.0, 0, 0.0)
	f.Add("other", `7`, 0, 0, 0, 0.0, -1, math.NaN())
	f.Fuzz(func(t *testing.T, kind, names string, rows, columns, sizes int, inertia float64, tried int, silhouette float64) {
		var list any
		if json.Unmarshal([]byte(names), &list) != nil {
			return
		}
		s := learn.State{Kind: kind, Params: map[string]any{"features": list, "inertia": inertia, "iterations": 3.0}, Tensors: map[string]learn.Tensor{
			"centers": {Shape: []int{rows, columns}, Data: make([]float64, max(0, min(64, rows*columns)))},
			"sizes":   {Shape: []int{sizes}, Data: make([]float64, max(0, min(64, sizes)))},
		}}
		if tried >= 0 {
			s.Tensors["tried"] = learn.Tensor{Shape: []int{tried}, Data: slices.Repeat([]float64{silhouette}, min(64, tried))}
		}
		c, err := FromState(s)
		if err != nil {
			return
		}
		x := &learn.Matrix{Names: c.Names, Columns: make([][]float64, len(c.Names))}
		c.Assign(x)
		if back, err := FromState(c.State()); err != nil || !reflect.DeepEqual(back, c) {
			t.Errorf("restored %v (%v), want %v", back, err, c)
		}
	})
}
