package crossval_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/search/crossval"
	"github.com/runnel-dev/runnel/learn/split"
	"github.com/runnel-dev/runnel/table"
)

// classes are rows of two classes, in folds.
func classes(n int) crossval.Data {
	d := crossval.Data{X: &table.Table{Columns: []*table.Column{{Name: "x", Kind: table.Float64, Floats: make([]float64, n)}}},
		Y: &learn.Target{Task: learn.Classification, Classes: []string{"no", "yes"}, Labels: make([]int32, n)}}
	var one, other []int
	for i := range n {
		d.Y.Labels[i] = int32(i / 2 % 2)
		if i%2 == 0 {
			one = append(one, i)
		} else {
			other = append(other, i)
		}
	}
	d.Folds = []split.Fold{{Train: one, Test: other}, {Train: other, Test: one}}
	return d
}

// TestNeverWorse: the bag of more candidates, which begin as those of fewer, has
// a score that is at least as good, and never below the best candidate's; and the
// score is that of the picks' mean prediction.
func TestNeverWorse(t *testing.T) {
	for _, metric := range []string{"accuracy", "log_loss", "roc_auc"} {
		t.Run(metric, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				d := classes(24)
				e, err := crossval.New(d, &crossval.Options{Metric: metric})
				if err != nil {
					t.Fatal(err)
				}
				sign := 1.0
				if metric == "log_loss" {
					sign = -1
				}
				measure := func(outputs [][]float64) float64 {
					scores := make([]float64, len(outputs))
					for k, out := range outputs {
						if scores[k], err = crossval.Measure(metric, d.Y.Take(d.Folds[k].Test), out, nil); err != nil {
							t.Fatal(err)
						}
					}
					return crossval.Mean(scores)
				}
				bag := e.NewBag()
				before, best := math.Inf(-1), math.Inf(-1)
				var all [][][]float64
				for number := range rapid.IntRange(1, 25).Draw(t, "candidates") {
					outputs := make([][]float64, 2)
					for k := range outputs {
						for range d.Folds[k].Test {
							p := rapid.Float64Range(0.05, 0.95).Draw(t, "p")
							outputs[k] = append(outputs[k], 1-p, p)
						}
					}
					all = append(all, outputs)
					score := measure(outputs)
					if err := bag.Add(number, score, outputs); err != nil {
						t.Fatal(err)
					}
					now := sign * bag.Score()
					best = max(best, sign*score)
					if now < before || now < best {
						t.Fatalf("after candidate %d the score is %v, before %v, the best candidate's %v", number, now, before, best)
					}
					before = now
				}
				sums, n := [][]float64{make([]float64, 24), make([]float64, 24)}, 0.0
				for number, times := range bag.Picks() {
					n += float64(times)
					for k := range sums {
						for i, v := range all[number][k] {
							sums[k][i] += float64(times) * v
						}
					}
				}
				for k := range sums {
					for i := range sums[k] {
						sums[k][i] /= n
					}
				}
				if got := measure(sums); math.Abs(got-bag.Score()) > 1e-9 {
					t.Fatalf("the picks %v have the score %v, said to be %v", bag.Picks(), got, bag.Score())
				}
			})
		})
	}
}
