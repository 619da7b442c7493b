package explain

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/parallel"
)

// Trees explains the margins of an ensemble of trees.
type Trees struct {
	ensemble *ensemble.Ensemble
	points   []int // of the quadrature, of each tree
	mirrored bool  // the values of every leaf sum to the same: the last output follows from the others
}

// NewTrees makes an ensemble ready to be explained.
func NewTrees(e *ensemble.Ensemble) (*Trees, error) {
	if err := e.Check(); err != nil {
		return nil, fmt.Errorf("the ensemble cannot be explained: %w", err)
	}
	t := &Trees{ensemble: e, mirrored: e.Outputs() > 1}
	for i := range e.Trees {
		tree := &e.Trees[i]
		t.points = append(t.points, (longest(tree, len(e.Features))+7)/8*4) // a point for every two features
		t.mirrored = t.mirrored && tree.Output < 0 && mirrored(tree, e.Outputs())
	}
	return t, nil
}

// rules are the quadratures of the trees, by their points.
func (t *Trees) rules(ctx context.Context) (map[int]*rule, error) {
	rules := map[int]*rule{}
	for _, n := range t.points {
		if rules[n] != nil {
			continue
		}
		var err error
		if rules[n], err = gauss(ctx, n); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

// mirrored reports whether the values of all leaves have the same sum.
func mirrored(t *ensemble.Tree, outputs int) bool {
	first := math.NaN()
	for i, f := range t.Feature {
		if f >= 0 {
			continue
		}
		sum := 0.0
		for _, v := range t.Value[i*outputs : (i+1)*outputs] {
			sum += v
		}
		if first != first {
			first = sum
		}
		if math.Abs(sum-first) > 1e-14*math.Abs(first) {
			return false
		}
	}
	return true
}

// longest is the largest number of features on a path, at least 1.
func longest(t *ensemble.Tree, features int) int {
	on, most := make([]bool, features), 1
	var visit func(node int32, count int)
	visit = func(node int32, count int) {
		f := t.Feature[node]
		if f < 0 {
			most = max(most, count)
			return
		}
		fresh := !on[f]
		if fresh {
			on[f] = true
			count++
		}
		visit(t.Left[node], count)
		visit(t.Right[node], count)
		if fresh {
			on[f] = false
		}
	}
	visit(0, 0)
	return most
}

// errNoCovers is of ensembles that do not say how many training rows came where.
var errNoCovers = errors.New("the model does not say how many training rows came to its leaves, as those of older versions do not: train it again, or explain it against background rows")

// Covered reports whether the trees say how many training rows came to their
// leaves. Explain needs it, Against does not.
func (t *Trees) Covered() bool {
	for i := range t.ensemble.Trees {
		if tree := &t.ensemble.Trees[i]; tree.Feature[0] >= 0 && !(tree.Cover[0] > 0) {
			return false
		}
	}
	return true
}

// chunks is into how many parts the trees are divided, whose sums are added in
// their order: it is the same for any number of threads.
const chunks = 16

// heldValues bounds the sums that are held at a time, where a group of rows for
// each thread stays below it.
const heldValues = 1 << 21

// Explain returns the Shapley values of the margins of each row, where the value
// of a set of features is what the tree predicts on average over the training
// rows in the leaves that these features leave open ("path-dependent" TreeSHAP).
// x has the ensemble's features, in order.
func (t *Trees) Explain(ctx context.Context, x *learn.Matrix, opts *Options) (*Values, error) {
	e := t.ensemble
	if err := checkFeatures(x, len(e.Features)); err != nil {
		return nil, err
	}
	if !t.Covered() {
		return nil, errNoCovers
	}
	rules, err := t.rules(ctx)
	if err != nil {
		return nil, err
	}
	out := newValues(e.Features, x.Rows, e.Outputs())
	features, width := len(e.Features), e.Outputs()
	if t.mirrored {
		width--
	}
	group, threads, parts := groupFor(x.Rows), opts.threads(), min(chunks, len(e.Trees))
	size := e.Outputs() * features * group
	if size == 0 {
		parts = 0
	}
	most := group * max(1, heldValues/(chunks*max(1, size)))          // rows at a time
	held := max(1, min(parts, max(threads, heldValues/max(1, size)))) // parts at a time
	walks, sums := make([]walk, threads), make([][]float64, held)
	for from := 0; from < x.Rows; from += most {
		b := &batch{trees: e.Trees, points: t.points, rules: rules, features: features, outputs: e.Outputs(), width: width, group: group}
		b.rows = groupsOf(x, from, min(from+most, x.Rows), group)
		for first := 0; first < parts; first += held {
			n := min(held, parts-first)
			err := parallel.Each(ctx, threads, n, func(thread, i int) {
				sums[i] = resized(sums[i], len(b.rows)*b.outputs)
				b.explain(ctx, &walks[thread], (first+i)*len(e.Trees)/parts, (first+i+1)*len(e.Trees)/parts, sums[i])
			})
			if err != nil {
				return nil, err
			}
			for _, sum := range sums[:n] {
				b.addTo(out, from, sum)
			}
		}
	}
	t.base(out)
	if t.mirrored {
		t.mirror(out)
	}
	return out, nil
}

// A batch is some groups of rows that are taken through trees.
type batch struct {
	trees                           []ensemble.Tree
	points                          []int
	rules                           map[int]*rule
	features, outputs, width, group int
	rows                            []float64 // groups x features x group
}

// explain adds what features add to some trees to sum, groups x outputs x features x group.
func (b *batch) explain(ctx context.Context, w *walk, from, to int, sum []float64) {
	in := b.features * b.group
	for k := from; k < to; k++ {
		for point := 0; point < b.points[k] && ctx.Err() == nil; point += four {
			p := w.builder.pathsOf(&b.trees[k], b.features, b.outputs, b.width, b.rules[b.points[k]], point)
			for g := range len(b.rows) / in {
				w.explain(p, b.features, b.group, b.rows[g*in:][:in], sum[g*b.outputs*in:][:b.outputs*in])
			}
		}
	}
}

// addTo adds sums to the values of rows from the given one.
func (b *batch) addTo(out *Values, from int, sum []float64) {
	size := b.outputs * b.features
	for r := range min(len(b.rows)/b.features, out.Rows-from) {
		added, of := out.Added[(from+r)*size:][:size], sum[r/b.group*size*b.group+r%b.group:]
		for v := range added {
			added[v] += of[v*b.group]
		}
	}
}

// base fills in what is expected without knowing any feature.
func (t *Trees) base(out *Values) {
	copy(out.Base, t.ensemble.Base)
	for i := range t.ensemble.Trees {
		tree, to := &t.ensemble.Trees[i], out.Base
		if tree.Output >= 0 {
			to = to[tree.Output : tree.Output+1]
		}
		expect(tree, 0, 1, to)
	}
}

// resized is a slice of n zeros, in the place of one that is not needed anymore.
func resized(v []float64, n int) []float64 {
	if cap(v) < n {
		return make([]float64, n)
	}
	clear(v[:n])
	return v[:n]
}

// groupsOf copies some rows of a matrix in groups of so many, in each a feature
// after the other, with zeros after the last row.
func groupsOf(x *learn.Matrix, from, to, group int) []float64 {
	size := len(x.Columns) * group
	out := make([]float64, (to-from+group-1)/group*size)
	for j, col := range x.Columns {
		for i, v := range col[from:to] {
			out[i/group*size+j*group+i%group] = v
		}
	}
	return out
}

// mirror fills in the last output: what the values of leaves sum to, less the others.
func (t *Trees) mirror(v *Values) {
	last := v.Outputs() - 1
	total := 0.0
	for i := range t.ensemble.Trees {
		tree := &t.ensemble.Trees[i]
		leaf := 0
		for tree.Feature[leaf] >= 0 {
			leaf = int(tree.Left[leaf])
		}
		for _, w := range tree.Value[leaf*(last+1) : (leaf+1)*(last+1)] {
			total += w
		}
	}
	v.Base[last] = t.ensemble.Base[last] + total
	for k := range last {
		v.Base[last] -= v.Base[k] - t.ensemble.Base[k]
	}
	for i := range v.Rows {
		mirror := v.Of(i, last)
		for k := range last {
			for j, a := range v.Of(i, k) {
				mirror[j] -= a
			}
		}
	}
}
