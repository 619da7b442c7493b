package explain

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/parallel"
)

// Against returns the Shapley values of the margins of each row of x, where the
// value of a set of features is the mean margin of rows that have these features
// from the row and the others from a background row ("interventional" TreeSHAP:
// Lundberg et al., "From local explanations to global understanding with
// explainable AI for trees", 2020). The base is the mean margin of the background.
// The time goes with rows times background rows: some hundred of these are enough.
func (t *Trees) Against(ctx context.Context, background, x *learn.Matrix, opts *Options) (*Values, error) {
	of := make([]int, len(t.ensemble.Features))
	for j := range of {
		of[j] = j
	}
	return t.GroupsAgainst(ctx, background, x, t.ensemble.Features, of, opts)
}

// GroupsAgainst is Against for groups of features that are known together or not
// at all, such as those that one column was encoded as: feature j belongs to
// names[of[j]]. These are not the sums of the features' own values.
func (t *Trees) GroupsAgainst(ctx context.Context, background, x *learn.Matrix, names []string, of []int, opts *Options) (*Values, error) {
	e := t.ensemble
	if err := checkGroups(e.Features, names, of); err != nil {
		return nil, err
	}
	for _, m := range []*learn.Matrix{background, x} {
		if err := checkFeatures(m, len(e.Features)); err != nil {
			return nil, err
		}
	}
	if background.Rows == 0 {
		return nil, fmt.Errorf("there are no background rows to explain against")
	}
	longest := 0
	for _, n := range t.points {
		longest = max(longest, 2*n)
	}
	weights := pairWeights(min(longest, len(e.Features)))
	n, outputs, size := len(e.Features), e.Outputs(), len(names)*e.Outputs()
	others := rowsOf(background, 0, background.Rows)
	out := newValues(names, x.Rows, outputs)
	for b := range background.Rows {
		for k, v := range e.Margins(others[b*n : (b+1)*n]) {
			out.Base[k] += (v - out.Base[k]) / float64(b+1)
		}
	}
	pairs := make([]pair, opts.threads())
	err := parallel.Each(ctx, opts.threads(), x.Rows, func(thread, i int) {
		p := &pairs[thread]
		if p.status == nil {
			*p = pair{status: make([]int8, len(names)), of: of, weights: weights, outputs: outputs}
		}
		p.row, p.out = rowsOf(x, i, i+1), out.Added[i*size:][:size]
		for b := range background.Rows {
			p.other = others[b*n : (b+1)*n]
			for k := range e.Trees {
				p.explain(&e.Trees[k])
			}
			if ctx.Err() != nil {
				return
			}
		}
		for j := range p.out {
			p.out[j] /= float64(background.Rows)
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// pairWeights is a! b! / (a+b+1)! for a+b below n.
func pairWeights(n int) [][]float64 {
	w := make([][]float64, n+1)
	for a := range w {
		w[a] = make([]float64, n+1-a)
		for b := range w[a] {
			switch {
			case a > 0:
				w[a][b] = w[a-1][b] * float64(a) / float64(a+b+1)
			case b > 0:
				w[a][b] = w[a][b-1] * float64(b) / float64(b+1)
			default:
				w[a][b] = 1
			}
		}
	}
	return w
}

// Whose value of a feature leads to where a pair is.
const (
	both int8 = iota
	rowOnly
	otherOnly
)

// A pair explains a row against another.
type pair struct {
	row, other []float64
	of         []int     // the group of each feature
	out        []float64 // outputs x groups
	outputs    int
	status     []int8 // of each group, on the path
	weights    [][]float64
	tree       *ensemble.Tree
	width      int
	sums       []float64 // by depth: with, then without, by width
}

func (p *pair) explain(t *ensemble.Tree) {
	p.tree, p.width = t, p.outputs
	if t.Output >= 0 {
		p.width = 1
	}
	p.visit(0, 0, 0, 0)
}

// at is the sums of a depth: what leaves add to the features of which the row's
// value is needed to come to them, and what they take from those of the other's.
func (p *pair) at(depth int) (with, without []float64) {
	from, size := depth*2*p.width, 2*p.width
	for len(p.sums) < from+size {
		p.sums = append(p.sums, 0)
	}
	return p.sums[from : from+p.width], p.sums[from+p.width : from+size]
}

// visit goes to a node, to which own groups of the row and others of the other lead.
func (p *pair) visit(node int32, depth, own, others int) {
	t := p.tree
	with, without := p.at(depth)
	f := t.Feature[node]
	if f < 0 {
		values := t.Value[int(node)*p.width:][:p.width]
		for k, v := range values {
			with[k], without[k] = 0, 0
			if own > 0 {
				with[k] = v * p.weights[own-1][others]
			}
			if others > 0 {
				without[k] = v * p.weights[own][others-1]
			}
		}
		return
	}
	mine, theirs := t.Right[node], t.Right[node]
	if left(t, node, p.row[f]) {
		mine = t.Left[node]
	}
	if left(t, node, p.other[f]) {
		theirs = t.Left[node]
	}
	g := p.of[f]
	switch status := p.status[g]; {
	case status == rowOnly || status == both && mine == theirs:
		p.visit(mine, depth, own, others)
		return
	case status == otherOnly:
		p.visit(theirs, depth, own, others)
		return
	}
	p.status[g] = rowOnly
	p.visit(mine, depth, own+1, others)
	p.status[g] = otherOnly
	p.visit(theirs, depth+1, own, others+1)
	p.status[g] = both
	with2, without2 := p.at(depth + 1)
	with, without = p.at(depth) // they may have moved as the sums grew
	first := max(t.Output, 0)
	for k := range with {
		p.out[(first+k)*len(p.status)+g] += with[k] - without2[k]
		with[k] += with2[k]
		without[k] += without2[k]
	}
}

// left reports whether a value goes left at a node.
func left(t *ensemble.Tree, node int32, x float64) bool {
	var categories []uint64
	if t.Categories != nil {
		categories = t.Categories[node]
	}
	return goesLeftAt(t.Threshold[node], t.MissingLeft[node], categories, x)
}
