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
type IsolationForest struct {
	Estimators int     // number of trees
	MaxSamples float64 // rows of a tree: a fraction up to 1, a number above it; 0 is 256
	// Contamination is the share of anomalies among the rows, at most one half, which
	// decides the threshold. 0 is a threshold of -0.5, as in the paper.
	Contamination float64
}

// NewIsolationForest returns an isolation forest with the default parameters.
func NewIsolationForest() *IsolationForest { return &IsolationForest{Estimators: 100} }

// An IsolationModel is a fitted IsolationForest.
type IsolationModel struct {
	features  int
	trees     []isolationTree
	scale     float64 // what the lengths of a row's paths are divided by, all trees added up
	threshold float64
}

// An isolationTree has its root first; the children of a split are next to each other.
type isolationTree struct {
	nodes []isolationSplit
	// length is, of a leaf, that of the path to it and of those that its rows would
	// have further down.
	length []float64
}

// An isolationSplit sends what is at most its threshold left, to the node of that
// number, and the rest to the one after. left of a leaf is 0.
type isolationSplit struct {
	threshold    float64
	feature      int32
	left         int32
	missingRight bool
}

// Fit grows the trees on x. Weights are refused: they have no meaning here.
func (f *IsolationForest) Fit(ctx context.Context, x *learn.Matrix, opts *learn.Options) (*IsolationModel, error) {
	m, err := f.fit(ctx, x, opts)
	if err != nil {
		return nil, fmt.Errorf("isolation forest: %w", err)
	}
	return m, nil
}

func (f *IsolationForest) fit(ctx context.Context, x *learn.Matrix, opts *learn.Options) (*IsolationModel, error) {
	if opts == nil {
		opts = &learn.Options{}
	}
	switch {
	case f.Estimators < 1 || f.Estimators > 10_000:
		return nil, fmt.Errorf("n_estimators is %d: it must be from 1 to 10000", f.Estimators)
	case !(f.MaxSamples >= 0 && f.MaxSamples <= math.MaxInt32):
		return nil, fmt.Errorf("max_samples is %v: it must be from 0 to %d", f.MaxSamples, math.MaxInt32)
	case !(f.Contamination >= 0 && f.Contamination <= 0.5):
		return nil, fmt.Errorf("contamination is %v: it must be from 0 to 0.5", f.Contamination)
	case opts.Weights != nil:
		return nil, fmt.Errorf("rows have weights: fit without them")
	}
	unknown := &learn.Target{Task: learn.Regression, Values: make([]float64, x.Rows)}
	if _, _, _, err := learn.Admit(x, unknown, opts, 0); err != nil {
		return nil, err
	}
	samples := min(256, x.Rows)
	switch {
	case f.MaxSamples > 1:
		samples = min(int(f.MaxSamples), x.Rows)
	case f.MaxSamples > 0:
		samples = max(1, int(f.MaxSamples*float64(x.Rows)))
	}
	m := &IsolationModel{features: len(x.Columns), trees: make([]isolationTree, f.Estimators), threshold: -0.5}
	m.scale = float64(f.Estimators) * averagePath(samples)
	each(f.Estimators, opts.ThreadCount(), func(t int) bool {
		g := isolator{x: x, rng: splitmix.Stream(opts.Seed, t), deepest: bits.Len(uint(max(samples, 2) - 1))}
		m.trees[t] = g.grow(samples)
		return ctx.Err() == nil
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.Contamination > 0 {
		m.threshold = quantile(m.Scores(x, opts.ThreadCount()), f.Contamination)
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

// quantile is that of values between the two nearest, as numpy's default.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	at := float64(q * float64(len(sorted)-1))
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
		g.tree.length[at] = float64(depth) + averagePath(len(rows))
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

// next is the child that a value goes to.
func (s *isolationSplit) next(v float64) int32 {
	if v > s.threshold || v != v && s.missingRight {
		return s.left + 1
	}
	return s.left
}

// Threshold is the score below which a row is an anomaly.
func (m *IsolationModel) Threshold() float64 { return m.threshold }

// many is from how many rows on it pays to make descents of the trees.
const many = 64

// Scores returns the score of each row of x, which has the features of the fit, from
// -1 for what is isolated at once to 0: scikit-learn's score_samples.
func (m *IsolationModel) Scores(x *learn.Matrix, threads int) []float64 {
	out := make([]float64, x.Rows)
	twin := 0
	if anyMissing(x) {
		twin = m.features
	}
	descents := m.descents(x.Rows, twin, threads)
	each((x.Rows+blockRows-1)/blockRows, threads, func(block int) bool {
		from := block * blockRows
		m.scores(x, descents, twin, from, out[from:min(from+blockRows, x.Rows)])
		return true
	})
	return out
}

// descents are those of all trees; none where rows are few or a tree has none.
func (m *IsolationModel) descents(rows, twin, threads int) []*descent {
	if rows < many {
		return nil
	}
	out := make([]*descent, len(m.trees))
	each(len(m.trees), threads, func(t int) bool {
		out[t] = newDescent(&m.trees[t], twin)
		return true
	})
	if slices.Contains(out, nil) {
		return nil
	}
	return out
}

func anyMissing(x *learn.Matrix) bool {
	for _, col := range x.Columns {
		for _, v := range col {
			if v != v {
				return true
			}
		}
	}
	return false
}

func (m *IsolationModel) scores(x *learn.Matrix, descents []*descent, twin, from int, out []float64) {
	rows := make([]float64, len(out)*m.features)
	for j, col := range x.Columns {
		for i, v := range col[from : from+len(out)] {
			rows[i*m.features+j] = v
		}
	}
	if descents != nil && twin > 0 {
		rows = withTwins(rows, m.features)
	}
	for t := range m.trees {
		if descents != nil {
			descents[t].add(rows, m.features+twin, out)
		} else {
			m.trees[t].add(rows, m.features, out)
		}
	}
	for i, sum := range out {
		mean := 1.0 // of a single row, which nothing is to part from
		if m.scale > 0 {
			mean = sum / m.scale
		}
		out[i] = -portable.Exp(float64(-mean * math.Ln2))
	}
}

// add adds the lengths of rows of so many features.
func (t *isolationTree) add(rows []float64, features int, out []float64) {
	for i := range out {
		row, at := rows[i*features:(i+1)*features], int32(0)
		for t.nodes[at].left > 0 {
			at = t.nodes[at].next(row[t.nodes[at].feature])
		}
		out[i] += t.length[at]
	}
}
