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
	lanes    []int         // of each tree
	rules    map[int]*rule // by lanes
	mirrored bool          // the values of every leaf sum to the same: the last output follows from the others
}

// NewTrees makes an ensemble ready to be explained.
func NewTrees(e *ensemble.Ensemble) (*Trees, error) {
	if err := e.Check(); err != nil {
		return nil, fmt.Errorf("the ensemble cannot be explained: %w", err)
	}
	t := &Trees{ensemble: e, rules: map[int]*rule{}, mirrored: e.Outputs() > 1}
	for i := range e.Trees {
		tree := &e.Trees[i]
		n := (longest(tree, len(e.Features)) + 7) / 8 * 4 // a point for every two features
		t.lanes = append(t.lanes, n)
		if t.rules[n] == nil {
			t.rules[n] = gauss(n)
		}
		t.mirrored = t.mirrored && tree.Output < 0 && mirrored(tree, e.Outputs())
	}
	return t, nil
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

// batchValues bounds the sums of all chunks that are held at a time.
const batchValues = 1 << 21

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
	out := newValues(e.Features, x.Rows, e.Outputs())
	features, width := len(e.Features), e.Outputs()
	if t.mirrored {
		width--
	}
	size, threads := e.Outputs()*features*group, opts.threads()
	parts := min(chunks, len(e.Trees))
	walks, sums := make([]walk, threads), make([][]float64, parts)
	batch := max(1, batchValues/(chunks*max(size, 1)))
	for from := 0; from < x.Rows; from += batch * group {
		rows := groupsOf(x, from, min(from+batch*group, x.Rows))
		groups := len(rows) / max(features*group, 1)
		err := parallel.Each(ctx, threads, parts, func(thread, part int) {
			sums[part] = resized(sums[part], groups*size)
			for i := part * len(e.Trees) / parts; i < (part+1)*len(e.Trees)/parts && ctx.Err() == nil; i++ {
				for point := 0; point < t.lanes[i]; point += four {
					p := pathsOf(&e.Trees[i], features, e.Outputs(), width, t.rules[t.lanes[i]], point)
					for g := range groups {
						walks[thread].explain(p, features, rows[g*features*group:][:features*group], sums[part][g*size:][:size])
					}
				}
			}
		})
		if err != nil {
			return nil, err
		}
		for _, sum := range sums {
			for g := range groups {
				of := sum[g*size:][:size]
				for r := range min(group, x.Rows-from-g*group) {
					added := out.Added[(from+g*group+r)*size/group:][:size/group]
					for i := range added {
						added[i] += of[i*group+r]
					}
				}
			}
		}
	}
	t.base(out)
	if t.mirrored {
		t.mirror(out)
	}
	return out, nil
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

// groupsOf copies some rows of a matrix in groups of eight, in each a feature after
// the other, with zeros after the last row.
func groupsOf(x *learn.Matrix, from, to int) []float64 {
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
