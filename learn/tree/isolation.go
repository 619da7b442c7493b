package tree

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/portable"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// An IsolationForest finds anomalies (Liu, Ting and Zhou, "Isolation forest", 2008):
// few random splits part a row from all others where it lies far out. The parameters
// and their defaults are scikit-learn's. The zero value is not usable: start from
// NewIsolationForest.
//
// Each tree has a few rows, drawn without replacement. A node is split on a random
// feature, among those that vary there, at a threshold drawn between its least and
// greatest value; a missing value goes to a random side, an infinite one is as far
// out as a number can be.
//
// Contamination decides the threshold; 0 is one of 0.5, as in the paper.
type IsolationForest struct {
	Estimators    int     `json:"n_estimators" default:"100" min:"1" max:"10000" doc:"number of trees"`
	MaxSamples    float64 `json:"max_samples" default:"0" min:"0" max:"2147483647" doc:"rows drawn for each tree: a fraction up to 1, a number above it; 0 is 256"`
	Contamination float64 `json:"contamination" default:"0" min:"0" max:"0.5" doc:"share of anomalies among the rows to learn from, which decides the score above which a row is one; 0 is a score of 0.5"`
}

// NewIsolationForest returns an isolation forest with the default parameters.
func NewIsolationForest() *IsolationForest { return &IsolationForest{Estimators: 100} }

// Fit implements learn.Estimator, for learn.AnomalyDetection. Nothing of y but its
// length is looked at. Unlike Isolate it refuses infinite values, as other estimators do.
func (f *IsolationForest) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	for j, col := range x.Columns {
		for i, v := range col {
			if math.IsInf(v, 0) {
				return nil, fmt.Errorf("isolation forest: feature %q is infinite in row %d: cap or remove such values first", x.Names[j], i)
			}
		}
	}
	m, err := f.fit(ctx, x, y, opts)
	if err != nil {
		return nil, fmt.Errorf("isolation forest: %w", err)
	}
	return m, nil
}

// Isolate grows the trees on x. Weights are refused: they have no meaning here.
func (f *IsolationForest) Isolate(ctx context.Context, x *learn.Matrix, opts *learn.Options) (*IsolationModel, error) {
	m, err := f.fit(ctx, x, &learn.Target{Task: learn.AnomalyDetection, Rows: x.Rows}, opts)
	if err != nil {
		return nil, fmt.Errorf("isolation forest: %w", err)
	}
	return m, nil
}

func (f *IsolationForest) fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (*IsolationModel, error) {
	if opts == nil {
		opts = &learn.Options{}
	}
	switch {
	case y.Task != learn.AnomalyDetection:
		return nil, fmt.Errorf("the task is %s: it is for %s", y.Task, learn.AnomalyDetection)
	case f.Estimators < 1 || f.Estimators > 10_000:
		return nil, fmt.Errorf("n_estimators is %d: it must be from 1 to 10000", f.Estimators)
	case !(f.MaxSamples >= 0 && f.MaxSamples <= math.MaxInt32):
		return nil, fmt.Errorf("max_samples is %v: it must be from 0 to %d", f.MaxSamples, math.MaxInt32)
	case !(f.Contamination >= 0 && f.Contamination <= 0.5):
		return nil, fmt.Errorf("contamination is %v: it must be from 0 to 0.5", f.Contamination)
	case opts.Weights != nil:
		return nil, fmt.Errorf("rows have weights, which mean nothing to it: fit without them")
	}
	if err := learn.CheckRows(x, y, opts); err != nil {
		return nil, err
	}
	samples := min(256, x.Rows)
	switch {
	case f.MaxSamples > 1:
		samples = min(int(f.MaxSamples), x.Rows)
	case f.MaxSamples > 0:
		samples = max(1, int(f.MaxSamples*float64(x.Rows)))
	}
	m := &IsolationModel{features: len(x.Columns), trees: make([]isolationTree, f.Estimators), threshold: 0.5}
	m.scale = float64(f.Estimators) * averagePath(samples)
	report := reporter(opts.Progress, f.Estimators)
	each(f.Estimators, opts.ThreadCount(), func(t int) bool {
		g := isolator{x: x, rng: splitmix.Stream(opts.Seed, t), deepest: bits.Len(uint(max(samples, 2) - 1))}
		m.trees[t] = g.grow(samples)
		report()
		return ctx.Err() == nil
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.Contamination > 0 {
		m.threshold = highest(m.Scores(x, opts.ThreadCount()), f.Contamination)
	}
	return m, nil
}

// each calls do for each of n numbers, on some goroutines, until it says no.
func each(n, threads int, do func(i int) bool) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(threads, n) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && do(i); i = int(next.Add(1)) - 1 {
			}
		})
	}
	all.Wait()
}

// averagePath is how long the path to one of n rows is on average, where they are
// parted at random.
func averagePath(n int) float64 {
	const euler = 0.5772156649015329
	switch {
	case n < 2:
		return 0
	case n == 2:
		return 1
	}
	return 2*(portable.Log(float64(n-1))+euler) - 2*float64(n-1)/float64(n)
}

// highest is what that share of the values is above: their quantile, between the
// two nearest, as numpy's default.
func highest(values []float64, share float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	slices.Reverse(sorted)
	at := float64(share * float64(len(sorted)-1))
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + float64((at-float64(i))*(sorted[i+1]-sorted[i]))
}

// An isolator grows one tree.
type isolator struct {
	x        *learn.Matrix
	rng      splitmix.Source
	deepest  int
	features []int
	tree     isolationTree
}

func (g *isolator) grow(samples int) isolationTree {
	g.features = make([]int, len(g.x.Columns))
	for j := range g.features {
		g.features[j] = j
	}
	g.add()
	g.node(0, 0, g.draw(samples))
	return g.tree
}

// draw draws rows without replacement (Floyd's algorithm).
func (g *isolator) draw(samples int) []int {
	rows, drawn := make([]int, 0, samples), make(map[int]bool, samples)
	for last := g.x.Rows - samples; last < g.x.Rows; last++ {
		row := int(g.rng.Below(uint32(last + 1)))
		if drawn[row] {
			row = last
		}
		drawn[row] = true
		rows = append(rows, row)
	}
	return rows
}

func (g *isolator) add() int32 {
	g.tree.nodes = append(g.tree.nodes, isolationSplit{})
	g.tree.length = append(g.tree.length, 0)
	return int32(len(g.tree.nodes) - 1)
}

// node splits node at of that depth, which has the rows, and those below it.
func (g *isolator) node(at int32, depth int, rows []int) {
	feature, low, high := -1, 0.0, 0.0
	if len(rows) > 1 && depth < g.deepest {
		feature, low, high = g.vary(rows)
	}
	if feature < 0 {
		g.tree.leaf(at, depth, len(rows))
		return
	}
	u := g.rng.Unit()
	s := isolationSplit{feature: int32(feature), threshold: float64(low*(1-u)) + float64(high*u), missingRight: g.rng.Next()>>63 == 1}
	if s.threshold >= high {
		s.threshold = low
	}
	s.left = g.add()
	g.add()
	g.tree.nodes[at] = s
	left := 0
	for i, r := range rows {
		if s.next(g.x.Columns[feature][r]) == s.left {
			rows[left], rows[i] = r, rows[left]
			left++
		}
	}
	g.node(s.left, depth+1, rows[:left])
	g.node(s.left+1, depth+1, rows[left:])
}

// vary draws a feature among those that vary, and says between which finite values;
// -1 where there is none.
func (g *isolator) vary(rows []int) (feature int, low, high float64) {
	for i := range g.features {
		j := i + int(g.rng.Below(uint32(len(g.features)-i)))
		g.features[i], g.features[j] = g.features[j], g.features[i]
		low, high = math.Inf(1), math.Inf(-1)
		col := g.x.Columns[g.features[i]]
		for _, r := range rows {
			if v := col[r]; v == v {
				low, high = min(low, v), max(high, v)
			}
		}
		if low < high {
			return g.features[i], max(low, -math.MaxFloat64), min(high, math.MaxFloat64)
		}
	}
	return -1, 0, 0
}
