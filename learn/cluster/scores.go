package cluster

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/distance"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// Silhouette is the mean over the rows of (b - a) / max(a, b): a is the mean
// distance to the other rows of the same cluster, b that to the rows of the
// nearest other one (Rousseeuw 1987). 1 is best, 0 means overlap; a row alone in
// its cluster counts 0. It takes rows^2 x features time. Labels are those of at
// least 2 clusters, and of fewer than there are rows.
func Silhouette(ctx context.Context, x *learn.Matrix, labels []int32, opts *learn.Options) (float64, error) {
	sizes, err := sizesOf(x, labels)
	if err != nil {
		return 0, err
	}
	p, _, err := centred(ctx, x, opts.ThreadCount())
	if err != nil {
		return 0, err
	}
	features, k := len(x.Columns), len(sizes)
	rows := make([]float64, x.Rows*features)
	for i := range x.Rows {
		p.row(i, rows[i*features:][:features])
	}
	all := distance.Tiles(rows, features, 1, nil)
	const several = 16 * tile // rows whose distances are computed at a time
	blocks := (x.Rows + wide - 1) / wide
	sums := make([]float64, blocks)
	err = parallel.Each(ctx, opts.ThreadCount(), blocks, func(_, b int) {
		block, out := make([]float64, features*wide), make([]float64, several*wide)
		to := make([]float64, k*wide) // sums of distances, by cluster
		n := p.block(b*wide, block)
		for from := 0; from < x.Rows; from += several {
			until := min(from+several, (x.Rows+tile-1)/tile*tile)
			distance.Squared(block, features, n, all[from*features:until*features], out)
			for r := from; r < min(until, x.Rows); r++ {
				sum := to[int(labels[r])*wide:][:n]
				for i, d := range out[(r-from)*wide:][:n] {
					sum[i] += math.Sqrt(d)
				}
			}
		}
		for i := range n {
			sums[b] += silhouette(to, i, labels[b*wide+i], sizes)
		}
	})
	total := 0.0
	for _, s := range sums {
		total += s
	}
	return total / float64(x.Rows), err
}

func silhouette(to []float64, i int, own int32, sizes []int) float64 {
	if sizes[own] == 1 {
		return 0
	}
	a, b := to[int(own)*wide+i]/float64(sizes[own]-1), math.Inf(1)
	for k, n := range sizes {
		if n > 0 && k != int(own) {
			b = min(b, to[k*wide+i]/float64(n))
		}
	}
	if most := max(a, b); most > 0 {
		return (b - a) / most
	}
	return 0
}

// sizesOf counts the rows of each cluster, and refuses what no score is defined for.
func sizesOf(x *learn.Matrix, labels []int32) ([]int, error) {
	if len(labels) != x.Rows {
		return nil, fmt.Errorf("%d rows and %d labels", x.Rows, len(labels))
	}
	var sizes []int
	for i, l := range labels {
		if l < 0 || int(l) >= len(labels) {
			return nil, fmt.Errorf("the label of row %d is %d: want 0 to %d", i, l, len(labels)-1)
		}
		for int(l) >= len(sizes) {
			sizes = append(sizes, 0)
		}
		sizes[l]++
	}
	clusters := 0
	for _, n := range sizes {
		if n > 0 {
			clusters++
		}
	}
	if clusters < 2 || clusters >= x.Rows {
		return nil, fmt.Errorf("%d rows in %d clusters: want at least 2, and fewer than rows", x.Rows, clusters)
	}
	return sizes, nil
}

// spreads are each cluster's mean, its sum of distances from it, and that of squares.
func spreads(x *learn.Matrix, labels []int32, sizes []int) (means [][]float64, sums, squared []float64) {
	sums, squared = make([]float64, len(sizes)), make([]float64, len(sizes))
	for range sizes {
		means = append(means, make([]float64, len(x.Columns)))
	}
	d := make([]float64, x.Rows)
	for j, col := range x.Columns {
		for i, v := range col {
			means[labels[i]][j] += v / float64(sizes[labels[i]])
		}
		for i, v := range col {
			e := v - means[labels[i]][j]
			d[i] += float64(e * e)
		}
	}
	for i, v := range d {
		sums[labels[i]] += math.Sqrt(v)
		squared[labels[i]] += v
	}
	return means, sums, squared
}

// DaviesBouldin is the mean over the clusters of how alike each is to the one
// that is most alike: the sum of their rows' mean distances from their means, by
// the distance of the means (Davies and Bouldin 1979). 0 is best.
func DaviesBouldin(x *learn.Matrix, labels []int32) (float64, error) {
	sizes, err := sizesOf(x, labels)
	if err != nil {
		return 0, err
	}
	means, sums, _ := spreads(x, labels, sizes)
	total, clusters := 0.0, 0.0
	for a, n := range sizes {
		if n == 0 {
			continue
		}
		clusters++
		worst := 0.0
		for b, m := range sizes {
			if m == 0 || a == b {
				continue
			}
			apart := 0.0
			for j, v := range means[a] {
				d := v - means[b][j]
				apart += float64(d * d)
			}
			if apart > 0 {
				worst = max(worst, (sums[a]/float64(n)+sums[b]/float64(m))/math.Sqrt(apart))
			}
		}
		total += worst
	}
	return total / clusters, nil
}

// CalinskiHarabasz is the variance between the clusters by that within them,
// each by its degrees of freedom (Calinski and Harabasz 1974). More is better.
func CalinskiHarabasz(x *learn.Matrix, labels []int32) (float64, error) {
	sizes, err := sizesOf(x, labels)
	if err != nil {
		return 0, err
	}
	means, _, squared := spreads(x, labels, sizes)
	within, between, clusters := 0.0, 0.0, 0
	for _, v := range squared {
		within += v
	}
	for j, col := range x.Columns {
		mean := 0.0
		for _, v := range col {
			mean += v / float64(x.Rows)
		}
		for k, n := range sizes {
			d := means[k][j] - mean
			between += float64(float64(n) * d * d)
		}
	}
	for _, n := range sizes {
		if n > 0 {
			clusters++
		}
	}
	if within == 0 {
		return 1, nil // as scikit-learn has it
	}
	return between * float64(x.Rows-clusters) / (within * float64(clusters-1)), nil
}

// Choose finds the number of clusters, from 2 to most, whose silhouette is the
// largest, on rows rows at most drawn with the seed. It returns the silhouettes
// of 2, 3, ... clusters too; k is 1 where there are fewer than 3 different rows.
func (k KMeans) Choose(ctx context.Context, x *learn.Matrix, most, rows int, opts *learn.Options) (best int, scores []float64, err error) {
	if opts == nil {
		opts = &learn.Options{}
	}
	plain := *opts
	plain.Weights, plain.Progress = nil, nil
	if x.Rows > rows {
		x = x.Take(sample(x.Rows, rows, opts.Seed))
	}
	best = 1
	for k.K = 2; k.K <= most && k.K < x.Rows; k.K++ {
		c, labels, err := k.Fit(ctx, x, &plain)
		if err != nil {
			return 0, nil, err
		}
		if len(c.Centers) < k.K {
			break
		}
		score, err := Silhouette(ctx, x, labels, &plain)
		if err != nil {
			if ctx.Err() != nil {
				return 0, nil, err
			}
			break // a cluster lost its rows
		}
		if scores = append(scores, score); score > scores[max(0, best-2)] || best == 1 {
			best = k.K
		}
	}
	return best, scores, nil
}

// sample draws n of rows without repeats, in ascending order (Knuth's algorithm S).
func sample(rows, n int, seed uint64) []int {
	rng := splitmix.Stream(seed, rows)
	out := make([]int, 0, n)
	for i := range rows {
		if rng.Unit()*float64(rows-i) < float64(n-len(out)) {
			out = append(out, i)
		}
	}
	return out
}
