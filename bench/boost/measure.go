package main

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/boost"
)

// predicted is how many rows are predicted at once.
const predicted = 100_000

// measure fits on the data in a folder, with 2 threads.
func measure(dir string, depth int, part compare.Part) (r compare.Side, err error) {
	x, y, err := load(dir, "train")
	if err != nil {
		return r, err
	}
	testX, testY, err := load(dir, "test")
	if err != nil {
		return r, err
	}
	b := boost.New()
	if depth > 0 {
		b.MaxDepth, b.MaxLeaves = depth, 1<<depth
	}
	var m learn.Model
	fit, err := part.Measure(func() (err error) {
		m, err = b.Fit(context.Background(), x, y, &learn.Options{Threads: 2})
		return err
	})
	if err != nil {
		return r, err
	}
	r.Fit, r.Busy = fit.Wall, fit.Busy
	r.Score = auc(m.Predict(testX), testY.Labels)
	rows := make([]int, min(predicted, testX.Rows))
	for i := range rows {
		rows[i] = i
	}
	many, one := testX.Take(rows), testX.Take(rows[:1])
	batch := compare.Least(10, func() { m.Predict(many) })
	r.Predict, r.PredictBusy = batch.Wall, batch.Busy
	const calls = 50
	r.Row = compare.Least(200, func() {
		for range calls {
			m.Predict(one)
		}
	}).Wall / calls
	return r, nil
}

// load reads what the peers' script wrote.
func load(dir, name string) (*learn.Matrix, *learn.Target, error) {
	labels, err := compare.Floats(filepath.Join(dir, name+".y"))
	if err != nil {
		return nil, nil, err
	}
	x, err := compare.Columns(filepath.Join(dir, name+".x"), len(labels))
	return x, compare.Classes(labels), err
}

// auc is the area under the ROC curve of two classes' probabilities, ties halved.
func auc(p []float64, labels []int32) float64 {
	order := make([]int, len(labels))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p[2*a+1], p[2*b+1]) })
	var ranks, ones float64
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && p[2*order[to]+1] == p[2*order[from]+1] {
			to++
		}
		for _, i := range order[from:to] {
			if labels[i] == 1 {
				ranks += float64(from+to+1) / 2
				ones++
			}
		}
		from = to
	}
	return (ranks - ones*(ones+1)/2) / (ones * (float64(len(order)) - ones))
}
