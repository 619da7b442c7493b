// Package cluster finds groups of rows that are alike: k-means, and the scores
// that tell how well rows are grouped.
package cluster

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/moments"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// KMeans are the parameters of k-means: K centres, each the mean of the rows
// that are nearest to it (Lloyd, "Least squares quantization in PCM", 1982). In
// Go a zero field but Tolerance means scikit-learn's default: 8 clusters, one
// start from k-means++, 300 passes.
type KMeans struct {
	K         int     `json:"k,omitempty" default:"0" min:"0" max:"10000" doc:"how many clusters; fewer are made where fewer rows differ; 0: as many, from 2 to 10, as have the largest silhouette on 2,000 rows"`
	Init      string  `json:"init,omitempty" default:"k-means++" enum:"k-means++,random" doc:"first centres: rows that are far from each other, or any rows"`
	Starts    int     `json:"starts,omitempty" default:"10" min:"1" max:"1000" doc:"how often to start over from other centres; the best is kept"`
	MaxIter   int     `json:"max_iter,omitempty" default:"300" min:"1" max:"100000" doc:"passes over the rows at most; with batches, how often each row is drawn on average"`
	Tolerance float64 `json:"tolerance,omitempty" default:"0.0001" min:"0" max:"1" doc:"stop where the centres move by no more, squared, than this times the features' mean variance; 0: once no row changes its cluster"`
	Batch     int     `json:"batch,omitempty" default:"0" min:"0" max:"1000000" doc:"rows of a mini-batch; 0: all rows in every pass"`
}

// New returns the defaults.
func New() KMeans { return KMeans{K: 8, Starts: 1, MaxIter: 300, Tolerance: 1e-4} }

// Clusters are what k-means found: a centre each. They are immutable and safe
// for concurrent use.
type Clusters struct {
	Names   []string    // of the features
	Centers [][]float64 // of the rows that are nearest, their weighted mean
	Sizes   []float64   // sum of their weights
	// Inertia is the weighted sum of squared distances to the nearest centre,
	// of the rows that the clusters were found in.
	Inertia    float64
	Iterations int
	// Tried are the silhouettes of 2, 3, ... clusters, where these decided how many
	// there are.
	Tried []float64
}

// Fit finds clusters, and which is the nearest of each row of x. Features are
// taken as they are, so scale them first; a missing value is an error. Beside x
// it takes some 20 bytes a row.
func (k KMeans) Fit(ctx context.Context, x *learn.Matrix, opts *learn.Options) (*Clusters, []int32, error) {
	k.K, k.Starts, k.MaxIter = or(k.K, 8), or(k.Starts, 1), or(k.MaxIter, 300)
	if err := k.check(x, opts); err != nil {
		return nil, nil, err
	}
	if opts == nil {
		opts = &learn.Options{}
	}
	all := x
	x, opts, err := weighed(x, opts)
	if err != nil {
		return nil, nil, err
	}
	f := &fit{KMeans: k, Options: opts, threads: opts.ThreadCount()}
	if f.points, f.variance, err = centred(ctx, x, f.threads); err != nil {
		return nil, nil, err
	}
	f.scratch = make([][]float64, f.threads)
	var best *state
	for start := range k.Starts {
		f.begun = start
		rng := splitmix.Stream(opts.Seed, start)
		s, err := f.seed(ctx, &rng)
		if err != nil {
			return nil, nil, err
		}
		if f.batched() {
			err = f.batches(ctx, s, &rng)
		} else {
			err = f.lloyd(ctx, s)
		}
		if err == nil {
			err = f.measure(ctx, s)
		}
		if err != nil {
			return nil, nil, err
		}
		f.report(f.steps())
		if best == nil || s.inertia < best.inertia {
			best = s
		}
	}
	c, labels := f.result(best, x.Names), best.labels
	if x.Rows < all.Rows {
		labels, _ = c.Assign(all)
	}
	return c, labels, nil
}

// weighed leaves out the rows of weight 0: they must not decide on anything.
func weighed(x *learn.Matrix, opts *learn.Options) (*learn.Matrix, *learn.Options, error) {
	if opts == nil || !slices.Contains(opts.Weights, 0) {
		return x, opts, nil
	}
	if err := moments.Finite(x); err != nil { // it names rows of x
		return nil, nil, err
	}
	some := *opts
	x, _, some.Weights = learn.WithWeight(x, &learn.Target{Task: learn.Clustering, Rows: x.Rows}, opts.Weights)
	return x, &some, nil
}

func or[T int | float64](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

func (k KMeans) check(x *learn.Matrix, opts *learn.Options) error {
	switch {
	case k.K < 1:
		return fmt.Errorf("k is %d: want at least 1 cluster", k.K)
	case k.Starts < 1 || k.MaxIter < 1 || k.Batch < 0:
		return fmt.Errorf("starts is %d, max_iter %d and batch %d: want at least 1, 1 and 0", k.Starts, k.MaxIter, k.Batch)
	case k.Init != "" && k.Init != "k-means++" && k.Init != "random":
		return fmt.Errorf("init is %q: want k-means++ or random", k.Init)
	case !(k.Tolerance >= 0) || math.IsInf(k.Tolerance, 0):
		return fmt.Errorf("tolerance is %v: want a number that is not negative", k.Tolerance)
	case x.Rows == 0 || len(x.Columns) == 0:
		return fmt.Errorf("%d rows of %d features to cluster: want at least one of each", x.Rows, len(x.Columns))
	}
	if opts == nil || opts.Weights == nil {
		return nil
	}
	if len(opts.Weights) != x.Rows {
		return fmt.Errorf("%d rows of features but %d sample weights", x.Rows, len(opts.Weights))
	}
	return learn.CheckWeights(opts.Weights)
}

// A fit is what all starts share.
type fit struct {
	KMeans
	*learn.Options
	points   *points
	variance float64 // mean of the features', as points are scaled
	threads  int
	scratch  [][]float64 // a block for each thread to work in
	begun    int         // starts before the one at hand
}

func (f *fit) batched() bool { return f.Batch > 0 && f.Batch < f.points.rows }

// steps is how many passes, or batches, a start has at most.
func (f *fit) steps() int {
	if !f.batched() {
		return f.MaxIter
	}
	return max(1, int(float64(f.MaxIter)*float64(f.points.rows)/float64(f.Batch)))
}

// report says that so many steps of a start are done. One that ends before its
// last step has done all that it has to.
func (f *fit) report(done int) {
	if f.Progress != nil {
		f.Progress(f.begun*f.steps()+done, f.Starts*f.steps())
	}
}

func (f *fit) block(thread int) []float64 {
	if f.scratch[thread] == nil {
		f.scratch[thread] = make([]float64, wide*len(f.points.columns))
	}
	return f.scratch[thread]
}

func (f *fit) weight(i int) float64 {
	if f.Weights == nil {
		return 1
	}
	return f.Weights[i]
}

// centred finds the features' means, the scale, and the mean of the variances by it.
func centred(ctx context.Context, x *learn.Matrix, threads int) (*points, float64, error) {
	all, err := moments.All(ctx, x, nil, threads)
	if err != nil {
		return nil, 0, err
	}
	p := &points{columns: x.Columns, rows: x.Rows}
	if p.scale, err = moments.Scale(x, all, true); err != nil {
		return nil, 0, err
	}
	variance := 0.0
	for _, c := range all {
		p.mean = append(p.mean, c.Mean)
		variance += float64(c.Squares/float64(x.Rows)*p.scale) * p.scale / float64(len(all))
	}
	return p, variance, nil
}
