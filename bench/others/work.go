package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bayes"
	"github.com/runnel-dev/runnel/learn/cluster"
	"github.com/runnel-dev/runnel/learn/decompose"
	"github.com/runnel-dev/runnel/learn/neighbors"
	"github.com/runnel-dev/runnel/learn/recommend"
)

// A work is one comparison: what both sides do, and what the score of it is.
type work struct {
	key, name, score string
	of               *side
	// prepare loads the data. What it returns is measured, but for score.
	prepare func() (do task, err error)
}

// A task does a case's work, and returns how to tell how good it was.
type task func(opts *learn.Options) (score func() (float64, error), err error)

// A side is a peer, whose script makes the data of its cases.
type side struct{ name, script, folder, last, module string }

var (
	scikitLearn = &side{"scikit-learn", "bench/peers/others.py", "bench/data/others", "rows.f8", "sklearn"}
	implicit    = &side{"implicit", "bench/peers/als.py", "bench/data/als", "events", "implicit"}
)

var works = []work{
	{"kmeans", "k-means, 1,000,000 x 20, k = 20, best of 4 starts", "mean inertia", scikitLearn, onRows(clusters(cluster.KMeans{K: 20, Starts: 4, Tolerance: 1e-4}))},
	{"passes", "k-means++ and 30 passes", "mean inertia", scikitLearn, onRows(clusters(cluster.KMeans{K: 20, Starts: 1, MaxIter: 30}))},
	{"batches", "k-means by mini-batches of 1,024, one start", "mean inertia", scikitLearn, onRows(clusters(cluster.KMeans{K: 20, Starts: 1, MaxIter: 100, Batch: 1024}))},
	{"neighbors", "5 nearest of 100,000 x 6 for 20,000 rows", "accuracy", scikitLearn, onRows(nearest)},
	{"bayes", "Gaussian naive Bayes, fit and predict, 1,000,000 x 20", "accuracy", scikitLearn, onRows(naive)},
	{"pca", "5 principal components, 1,000,000 x 20", "share of variance", scikitLearn, onRows(components)},
	{"als", "64 factors of 1,000,000 events of 20,000 users and 5,000 items, 15 turns", "hit rate of 10", implicit, factors},
}

// onRows is a case on the rows of scikit-learn's.
func onRows(do func(x *learn.Matrix, y *learn.Target, opts *learn.Options) (score float64, err error)) func() (task, error) {
	return func() (task, error) {
		x, y, err := load(filepath.Join(scikitLearn.folder, scikitLearn.last))
		return func(opts *learn.Options) (func() (float64, error), error) {
			score, err := do(x, y, opts)
			return func() (float64, error) { return score, nil }, err
		}, err
	}
}

// factors fits those of users and items, and says how often what a user did last is
// on the user's list.
func factors() (task, error) {
	train, err := events(filepath.Join(implicit.folder, implicit.last))
	if err != nil {
		return nil, err
	}
	last, err := events(filepath.Join(implicit.folder, "test"))
	return func(opts *learn.Options) (func() (float64, error), error) {
		m, err := recommend.ALS{}.Fit(context.Background(), train, opts)
		return func() (float64, error) {
			r, err := m.Judge(context.Background(), last, 10, opts.Threads)
			if err != nil {
				return 0, err
			}
			return r.HitRate, nil
		}, err
	}, err
}

// events reads pairs of user and item.
func events(path string) ([]recommend.Event, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []recommend.Event
	for ; len(b) >= 8; b = b[8:] {
		out = append(out, recommend.Event{User: fmt.Sprint(binary.LittleEndian.Uint32(b)), Item: fmt.Sprint(binary.LittleEndian.Uint32(b[4:]))})
	}
	return out, nil
}

func clusters(k cluster.KMeans) func(*learn.Matrix, *learn.Target, *learn.Options) (float64, error) {
	return func(x *learn.Matrix, _ *learn.Target, opts *learn.Options) (float64, error) {
		c, _, err := k.Fit(context.Background(), x, opts)
		if err != nil {
			return 0, err
		}
		return c.Inertia, nil
	}
}

func nearest(x *learn.Matrix, y *learn.Target, opts *learn.Options) (float64, error) {
	few := &learn.Matrix{Names: x.Names[:6], Columns: x.Columns[:6], Rows: x.Rows}
	rows := func(from, until int) []int {
		var out []int
		for i := from; i < until; i++ {
			out = append(out, i)
		}
		return out
	}
	train, test := rows(0, 100_000), rows(100_000, 120_000)
	m, err := neighbors.Neighbors{}.Fit(context.Background(), few.Take(train), y.Take(train), opts)
	if err != nil {
		return 0, err
	}
	return accuracy(m.Predict(few.Take(test)), y.Take(test)), nil
}

func naive(x *learn.Matrix, y *learn.Target, opts *learn.Options) (float64, error) {
	m, err := bayes.NaiveBayes{}.Fit(context.Background(), x, y, opts)
	if err != nil {
		return 0, err
	}
	return accuracy(m.Predict(x), y), nil
}

func components(x *learn.Matrix, _ *learn.Target, opts *learn.Options) (float64, error) {
	d, err := decompose.SVD{Components: 5, Centre: true}.Fit(context.Background(), x, opts)
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for _, s := range d.Share {
		sum += s
	}
	return sum, nil
}

func accuracy(p []float64, y *learn.Target) float64 {
	right := 0
	for i, l := range learn.Argmax(p, len(y.Classes)) {
		if l == y.Labels[i] {
			right++
		}
	}
	return float64(right) / float64(len(y.Labels))
}

// measure does the work with 2 threads.
func (w work) measure(part compare.Part) (r compare.Side, err error) {
	runtime.GOMAXPROCS(2)
	do, err := w.prepare()
	if err != nil {
		return r, err
	}
	var score func() (float64, error)
	cost, err := part.Measure(func() (err error) {
		score, err = do(&learn.Options{Threads: 2, Seed: part.Seed})
		return err
	})
	if err != nil {
		return r, err
	}
	r.Fit, r.Busy = cost.Wall, cost.Busy
	r.Score, err = score()
	return r, err
}

// load reads what the peers' script wrote.
func load(path string) (*learn.Matrix, *learn.Target, error) {
	x, err := compare.Columns(path, 1_000_000)
	if err != nil {
		return nil, nil, err
	}
	y := &learn.Target{Task: learn.Classification, Classes: []string{"less", "more"}, Labels: make([]int32, x.Rows)}
	for i := range y.Labels {
		if x.Columns[0][i]+x.Columns[1][i] > 0 {
			y.Labels[i] = 1
		}
	}
	return x, y, nil
}
