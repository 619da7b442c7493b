package metrics

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
)

type fixture[Y any] struct {
	Name        string
	Y           []Y
	P, W        []float64
	Classes     int
	Want        map[string]float64
	PerClass    [][]float64 `json:"per_class"`
	Confusion   [][]float64
	Calibration [][]float64
	ROC         [][]float64
}

func load(t *testing.T) (cases struct {
	Classification []fixture[int32]
	Regression     []fixture[float64]
}) {
	t.Helper()
	data, err := os.ReadFile("testdata/sklearn.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*max(1, math.Abs(b)) }

func compare(t *testing.T, r *Report, want map[string]float64) {
	t.Helper()
	for name, v := range want {
		if got, ok := r.Metrics[name]; !ok || !near(got, v) {
			t.Errorf("%s = %v (there: %v), want %v", name, got, ok, v)
		}
	}
	for name, v := range r.Metrics {
		if _, ok := want[name]; !ok {
			t.Errorf("%s = %v, which scikit-learn does not define here", name, v)
		}
		if _, known := Greater(name); !known {
			t.Errorf("Greater does not know %s", name)
		}
	}
	if _, err := json.Marshal(r); err != nil {
		t.Errorf("not JSON: %v", err)
	}
}

func TestClassificationAsScikitLearn(t *testing.T) {
	for _, f := range load(t).Classification {
		t.Run(f.Name, func(t *testing.T) {
			classes := strings.Split("abcdefgh", "")[:f.Classes]
			r, err := Classification(f.Y, f.P, classes, f.W)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, r, f.Want)
			for k, row := range f.PerClass {
				c := r.Classes[k]
				if !near(c.Precision, row[0]) || !near(c.Recall, row[1]) || !near(c.F1, row[2]) {
					t.Errorf("class %d: %+v, want %v", k, c.ClassScore, row)
				}
				for j, v := range f.Confusion[k] {
					if !near(r.Confusion[k][j], v) {
						t.Errorf("confusion[%d][%d] = %v, want %v", k, j, r.Confusion[k][j], v)
					}
				}
				if !near(c.Support, sum(f.Confusion[k])) {
					t.Errorf("class %d: support %v, want %v", k, c.Support, sum(f.Confusion[k]))
				}
			}
			if f.Classes > 2 {
				macro, weighted := ROCAUCOvR(f.Y, f.P, f.Classes, f.W)
				if v, ok := f.Want["roc_auc_ovr"]; ok && !near(macro, v) || !ok && !math.IsNaN(macro) {
					t.Errorf("ROCAUCOvR macro = %v, want %v", macro, v)
				}
				if v, ok := f.Want["roc_auc_ovr_weighted"]; ok && !near(weighted, v) {
					t.Errorf("ROCAUCOvR weighted = %v, want %v", weighted, v)
				}
			}
			if f.Calibration == nil {
				return
			}
			bins := r.Classes[1].Reliability
			if len(bins) != len(f.Calibration) {
				t.Fatalf("%d bins, want %d", len(bins), len(f.Calibration))
			}
			for i, row := range f.Calibration {
				if !near(bins[i].Positive, row[0]) || !near(bins[i].Mean, row[1]) {
					t.Errorf("bin %d: %+v, want %v", i, bins[i], row)
				}
			}
			positive, scores := oneVsRest(f.Y, f.P, 2, 1)
			points := ROC(positive, scores, nil, 0)
			if len(points) != len(f.ROC) {
				t.Fatalf("%d points, want %d", len(points), len(f.ROC))
			}
			for i, row := range f.ROC {
				if !near(points[i].FalsePositive, row[0]) || !near(points[i].TruePositive, row[1]) {
					t.Errorf("point %d: %+v, want %v", i, points[i], row)
				}
			}
		})
	}
}

func TestRegressionAsScikitLearn(t *testing.T) {
	for _, f := range load(t).Regression {
		t.Run(f.Name, func(t *testing.T) {
			r, err := Evaluate(&learn.Target{Task: learn.Regression, Values: f.Y}, f.P, f.W)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, r, f.Want)
		})
	}
}

func TestErrors(t *testing.T) {
	two := []string{"no", "yes"}
	nan := math.NaN()
	for _, c := range []struct {
		name, want string
		call       func() error
	}{
		{"no rows", "no rows", func() error { _, err := Classification(nil, nil, two, nil); return err }},
		{"one class", "needs at least 2", func() error { _, err := Classification([]int32{0}, []float64{1}, two[:1], nil); return err }},
		{"lengths", "3 probabilities for 1 rows of 2 classes, want 2", func() error {
			_, err := Classification([]int32{0}, []float64{1, 0, 0}, two, nil)
			return err
		}},
		{"label", "label 2 in row 0", func() error { _, err := Classification([]int32{2}, []float64{1, 0}, two, nil); return err }},
		{"NaN probability", `class "yes" in row 0 is NaN`, func() error { _, err := Classification([]int32{1}, []float64{1, nan}, two, nil); return err }},
		{"weights", "1 sample weights for 2 rows", func() error { _, err := Regression([]float64{1, 2}, []float64{1, 2}, []float64{1}); return err }},
		{"negative weight", "row 1 is -1", func() error { _, err := Regression([]float64{1, 2}, []float64{1, 2}, []float64{1, -1}); return err }},
		{"zero weights", "the sample weights sum to 0", func() error { _, err := Regression([]float64{1}, []float64{1}, []float64{0}); return err }},
		{"NaN value", "row 0 has the value 1 and the prediction NaN", func() error { _, err := Regression([]float64{1}, []float64{nan}, nil); return err }},
		{"prediction lengths", "1 predictions for 2 rows", func() error { _, err := Regression([]float64{1, 2}, []float64{1}, nil); return err }},
	} {
		if err := c.call(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// The area is the chance that a positive row scores above a negative one.
func TestROCAUCIsTheChanceOfRightOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "n")
		positive := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "positive")
		scores := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 6), func(i int) float64 { return float64(i) / 6 }), n, n).Draw(t, "scores")
		weights := rapid.SliceOfN(rapid.Float64Range(0.1, 2), n, n).Draw(t, "weights")
		var right, pairs float64
		for i, p := range positive {
			for j, q := range positive {
				if !p || q {
					continue
				}
				w := weights[i] * weights[j]
				pairs += w
				switch {
				case scores[i] > scores[j]:
					right += w
				case scores[i] == scores[j]:
					right += w / 2
				}
			}
		}
		got := ROCAUC(positive, scores, weights)
		if pairs == 0 {
			if !math.IsNaN(got) {
				t.Fatalf("area %v of one class", got)
			}
			return
		}
		if !near(got, right/pairs) {
			t.Fatalf("area %v, want %v", got, right/pairs)
		}
	})
}

func TestROCIsThinnedEvenly(t *testing.T) {
	const n = 10_000
	positive, scores := make([]bool, n), make([]float64, n)
	for i := range n {
		scores[i] = float64(i) / n
		positive[i] = i%3 == 0
	}
	points := ROC(positive, scores, nil, 50)
	if len(points) < 45 || len(points) > 51 {
		t.Errorf("%d points, want about 50", len(points))
	}
	if first := points[0]; first.FalsePositive != 0 || first.TruePositive != 0 {
		t.Errorf("the curve begins at %+v", first)
	}
	if last := points[len(points)-1]; last.FalsePositive != 1 || last.TruePositive != 1 {
		t.Errorf("the curve ends at %+v", last)
	}
}

func TestGreater(t *testing.T) {
	if greater, known := Greater("roc_auc"); !greater || !known {
		t.Error("roc_auc is better when greater")
	}
	if greater, known := Greater("rmse"); greater || !known {
		t.Error("rmse is better when smaller")
	}
	if _, known := Greater("acuracy"); known {
		t.Error("acuracy is no metric")
	}
}

// Of lists what reports have, no more and no less.
func TestOf(t *testing.T) {
	sorted := func(names []string) []string { slices.Sort(names); return names }
	for classes := 2; classes <= 3; classes++ {
		y, p := []int32{0, 1, 2, 0, 1}, []float64{}
		for i := range y {
			y[i] %= int32(classes)
			for k := range classes {
				p = append(p, float64((i+k)%classes)/float64(classes*(classes-1)/2))
			}
		}
		r, err := Classification(y, p, []string{"a", "b", "c"}[:classes], nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := sorted(Of(learn.Classification, classes)), slices.Sorted(maps.Keys(r.Metrics)); !slices.Equal(got, want) {
			t.Errorf("of %d classes there are %v, and reports have %v", classes, got, want)
		}
	}
	r, err := Regression([]float64{1, 2, 3}, []float64{1, 2, 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sorted(Of(learn.Regression, 0)), slices.Sorted(maps.Keys(r.Metrics)); !slices.Equal(got, want) {
		t.Errorf("of values there are %v, and reports have %v", got, want)
	}
	for _, task := range []learn.Task{learn.Clustering, learn.AnomalyDetection, learn.Recommendation} {
		for _, name := range Of(task, 0) {
			if _, known := Greater(name); !known {
				t.Errorf("%s is none", name)
			}
		}
	}
}

func TestRankAsPlainSort(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	for _, n := range []int{0, 1, 100, 5000} {
		for _, distinct := range []float64{0, 1, 50, 1e9} {
			scores := make([]float64, n)
			for i := range scores {
				scores[i] = math.Round(r.NormFloat64()*distinct) / 7
			}
			want := make([]int32, n)
			for i := range want {
				want[i] = int32(i)
			}
			slices.SortStableFunc(want, func(a, b int32) int { return cmp.Compare(scores[b], scores[a]) })
			for i, row := range rank(scores) {
				if row.row != want[i] || row.score != scores[row.row] {
					t.Fatalf("%d rows: place %d has row %d of score %v, want row %d of %v", n, i, row.row, row.score, want[i], scores[want[i]])
				}
			}
		}
	}
}
