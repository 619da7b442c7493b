package cluster

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/vector"
)

// An Estimator fits clusters as a model of learn.Clustering. Where K is 0 the
// silhouette chooses it. Clusters are in the order of their sizes, the largest first.
type Estimator struct{ KMeans }

// The most clusters that are tried where K is 0, and the rows that they are tried on.
const (
	mostTried = 10
	triedRows = 2000
)

// Fit implements learn.Estimator. Nothing of y but its length is looked at.
func (e Estimator) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	if y.Task != learn.Clustering {
		return nil, fmt.Errorf("k-means: the task is %s: it is for %s", y.Task, learn.Clustering)
	}
	if err := learn.CheckRows(x, y, opts); err != nil {
		return nil, err
	}
	if opts != nil {
		if err := learn.CheckWeights(opts.Weights); err != nil {
			return nil, err
		}
	}
	x, opts, err := weighed(x, opts)
	if err != nil {
		return nil, err
	}
	var tried []float64
	if e.K == 0 {
		if e.K, tried, err = e.Choose(ctx, x, mostTried, triedRows, opts); err != nil {
			return nil, err
		}
	}
	c, _, err := e.KMeans.Fit(ctx, x, opts)
	if err != nil {
		return nil, err
	}
	c.Tried = tried
	return c.sorted(), nil
}

// sorted is c with the largest cluster first, and without those of no rows,
// which there are where fewer rows differ.
func (c *Clusters) sorted() *Clusters {
	var order []int
	for k, size := range c.Sizes {
		if size > 0 {
			order = append(order, k)
		}
	}
	sorting.Stable(order, func(a, b int) int {
		switch {
		case c.Sizes[a] > c.Sizes[b]:
			return -1
		case c.Sizes[a] < c.Sizes[b]:
			return 1
		}
		return 0
	})
	out := *c
	out.Centers, out.Sizes = make([][]float64, len(order)), make([]float64, len(order))
	for to, from := range order {
		out.Centers[to], out.Sizes[to] = c.Centers[from], c.Sizes[from]
	}
	return &out
}

// Nearest is the cluster of each row, and its distance from the centre, by the
// distances from all of n centres that Predict gave. The first of equals is taken.
func Nearest(distances []float64, n int) ([]int32, []float64) {
	labels, nearest := make([]int32, len(distances)/n), make([]float64, len(distances)/n)
	for i := range labels {
		row := distances[i*n : (i+1)*n]
		for k, d := range row {
			if d < row[labels[i]] {
				labels[i] = int32(k)
			}
		}
		nearest[i] = row[labels[i]]
	}
	return labels, nearest
}

// SilhouetteRows is how many rows Evaluate measures the silhouette on at most.
const SilhouetteRows = 5000

// Evaluate reports on how the rows of x are grouped, by the distances from all
// of n centres that Predict gave: inertia, and where there are rows in several
// clusters silhouette, davies_bouldin and calinski_harabasz, as scikit-learn
// defines them. Of more than SilhouetteRows rows, the silhouette is that of so
// many among themselves, drawn by the seed.
func Evaluate(ctx context.Context, x *learn.Matrix, distances []float64, n int, opts *learn.Options) (*metrics.Report, error) {
	labels, nearest := Nearest(distances, n)
	inertia := 0.0
	for i, d := range nearest {
		inertia += float64(weight(opts, i) * float64(d*d))
	}
	r := &metrics.Report{Task: learn.Clustering, Rows: x.Rows, Metrics: map[string]float64{"inertia": inertia}}
	put := func(name string, v float64, err error) {
		if err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) { // not defined for rows of one cluster
			r.Metrics[name] = v
		}
	}
	v, err := DaviesBouldin(x, labels)
	put("davies_bouldin", v, err)
	v, err = CalinskiHarabasz(x, labels)
	put("calinski_harabasz", v, err)
	if x.Rows > SilhouetteRows {
		seed := uint64(0)
		if opts != nil {
			seed = opts.Seed
		}
		rows := sample(x.Rows, SilhouetteRows, seed)
		some := make([]int32, len(rows))
		for i, row := range rows {
			some[i] = labels[row]
		}
		x, labels = x.Take(rows), some
	}
	v, err = Silhouette(ctx, x, labels, opts)
	put("silhouette", v, err)
	return r, ctx.Err()
}

func weight(opts *learn.Options, i int) float64 {
	if opts == nil || opts.Weights == nil {
		return 1
	}
	return opts.Weights[i]
}

// Single is Evaluate's report of all rows as one cluster.
func Single(x *learn.Matrix, opts *learn.Options) *metrics.Report {
	distances := make([]float64, x.Rows)
	total := 0.0
	for i := range distances {
		total += weight(opts, i)
	}
	for _, col := range x.Columns {
		mean := 0.0
		for i, v := range col {
			mean += float64(v * weight(opts, i) / total)
		}
		for i, v := range col {
			distances[i] += float64(weight(opts, i) * float64((v-mean)*(v-mean)))
		}
	}
	return &metrics.Report{Task: learn.Clustering, Rows: x.Rows, Metrics: map[string]float64{"inertia": sum(distances)}}
}

// Scores is a linear form of the distances: (2 (c_k - c)) x + |c|^2 - |c_k|^2 summed
// up, where c stands for the mean over the centres. It is by how much a row's squared
// distance from centre k is below the mean of those from all centres, so that a
// row is of the cluster of its largest score. Coefficients are centres x features.
func (c *Clusters) Scores() (coefficients [][]float64, intercepts []float64) {
	n := float64(len(c.Centers))
	mean, squared := make([]float64, len(c.Names)), 0.0
	for _, center := range c.Centers {
		for j, v := range center {
			mean[j] += v / n
		}
		squared += vector.Inner(center, center) / n
	}
	for _, center := range c.Centers {
		row := slices.Clone(mean)
		for j, v := range center {
			row[j] = 2 * (v - mean[j])
		}
		coefficients, intercepts = append(coefficients, row), append(intercepts, squared-vector.Inner(center, center))
	}
	return coefficients, intercepts
}
