package main

import (
	"bufio"
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
)

// A work is one comparison: what both sides do, and what the score of it is.
type work struct {
	key, name, score string
	do               func(x *learn.Matrix, y *learn.Target, opts *learn.Options) (score float64, err error)
}

var cases = []work{
	{"kmeans", "k-means, 1,000,000 x 20, k = 20, best of 4 starts", "mean inertia", clusters(cluster.KMeans{K: 20, Starts: 4, Tolerance: 1e-4})},
	{"passes", "k-means++ and 30 passes", "mean inertia", clusters(cluster.KMeans{K: 20, Starts: 1, MaxIter: 30})},
	{"batches", "k-means by mini-batches of 1,024, one start", "mean inertia", clusters(cluster.KMeans{K: 20, Starts: 1, MaxIter: 100, Batch: 1024})},
	{"neighbors", "5 nearest of 100,000 x 6 for 20,000 rows", "accuracy", nearest},
	{"bayes", "Gaussian naive Bayes, fit and predict, 1,000,000 x 20", "accuracy", naive},
	{"pca", "5 principal components, 1,000,000 x 20", "share of variance", components},
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

// measure does one case's work with 2 threads.
func measure(key string, seed uint64, profile string) (r result, err error) {
	runtime.GOMAXPROCS(2)
	x, y, err := load(filepath.Join(folder, "rows.f8"))
	if err != nil {
		return r, err
	}
	for _, c := range cases {
		if c.key != key {
			continue
		}
		cost, err := compare.Measure(func() error {
			return compare.Profile(profile, func() (err error) {
				r.Score, err = c.do(x, y, &learn.Options{Threads: 2, Seed: seed})
				return err
			})
		})
		r.Fit, r.Busy = cost.Wall, cost.Busy
		return r, err
	}
	return r, fmt.Errorf("no case %q", key)
}

// load reads the columns that the peers' script wrote, one at a time.
func load(path string) (*learn.Matrix, *learn.Target, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	x, from := &learn.Matrix{Rows: int(info.Size() / 8 / features)}, bufio.NewReader(file)
	for j := range features {
		col := make([]float64, x.Rows)
		if err := binary.Read(from, binary.LittleEndian, col); err != nil {
			return nil, nil, err
		}
		x.Names, x.Columns = append(x.Names, fmt.Sprint("x", j)), append(x.Columns, col)
	}
	y := &learn.Target{Task: learn.Classification, Classes: []string{"less", "more"}, Labels: make([]int32, x.Rows)}
	for i := range y.Labels {
		if x.Columns[0][i]+x.Columns[1][i] > 0 {
			y.Labels[i] = 1
		}
	}
	return x, y, nil
}
