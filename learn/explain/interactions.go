package explain

import (
	"context"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/parallel"
)

// Interactions divide what features add among pairs of them: a row of a matrix
// sums to the Shapley value of its feature (Fujimoto, Kojadinovic and Marichal,
// "Axiomatic characterizations of probabilistic and cardinal-probabilistic
// interaction indices", 2006, halved between both features as Lundberg, Erion and
// Lee, 2018, do).
type Interactions struct {
	Features []string
	Rows     int
	Base     []float64 // an output each
	Added    []float64 // rows x outputs x features x features
}

// Of is the matrix, row by row, of a row of the data and an output. It is part of Added.
func (v *Interactions) Of(row, output int) []float64 {
	n := len(v.Features) * len(v.Features)
	return v.Added[(row*len(v.Base)+output)*n:][:n]
}

// Interactions returns the interaction values of the margins of each row, by the
// paths of the trees as in Explain. The time goes with the square of the number of
// features on a path.
func (t *Trees) Interactions(ctx context.Context, x *learn.Matrix, opts *Options) (*Interactions, error) {
	values, err := t.Explain(ctx, x, opts)
	if err != nil {
		return nil, err
	}
	rules, err := t.rules(ctx)
	if err != nil {
		return nil, err
	}
	n, outputs := len(values.Features), values.Outputs()
	out := &Interactions{Features: values.Features, Rows: x.Rows, Base: values.Base, Added: make([]float64, x.Rows*outputs*n*n)}
	err = parallel.Each(ctx, opts.threads(), x.Rows, func(_, i int) {
		b := &cross{ctx: ctx, row: rowsOf(x, i, i+1), out: out.Added[i*outputs*n*n:][:outputs*n*n], outputs: outputs}
		for k := range t.ensemble.Trees {
			b.tree, b.rule = &t.ensemble.Trees[k], rules[t.points[k]]
			b.visit(0)
		}
		for k := range outputs {
			m, own := out.Of(i, k), values.Of(i, k)
			for j := range n {
				m[j*n+j] = own[j]
				for l := range n {
					if l != j {
						m[j*n+j] -= m[j*n+l]
					}
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// cross takes a row to every leaf of a tree.
type cross struct {
	ctx     context.Context
	row     []float64
	out     []float64 // outputs x features x features
	outputs int
	tree    *ensemble.Tree
	rule    *rule
	path    []passage
	shares  []float64 // features on the path x points
}

// A passage is what a path asks of a feature.
type passage struct {
	feature int32
	passed  bool    // by the row, at all splits
	passing float64 // the share of training rows that do
}

func (b *cross) visit(node int32) {
	t := b.tree
	f := t.Feature[node]
	if f < 0 {
		b.leaf(int(node))
		return
	}
	goesLeft := left(t, node, b.row[f])
	for side, child := range [2]int32{t.Left[node], t.Right[node]} {
		ratio := 0.5 // where no training row came, as in paths
		if t.Cover[node] > 0 {
			ratio = t.Cover[child] / t.Cover[node]
		}
		at := -1
		for k, p := range b.path {
			if p.feature == f {
				at = k
			}
		}
		before := len(b.path)
		if at < 0 {
			at = before
			b.path = append(b.path, passage{f, true, 1})
		}
		old := b.path[at]
		b.path[at] = passage{f, old.passed && goesLeft == (side == 0), old.passing * ratio}
		b.visit(child)
		b.path[at] = old
		b.path = b.path[:before]
	}
}

// leaf adds what a leaf adds to each pair of features on its path; see paths.
func (b *cross) leaf(node int) {
	d, lanes := len(b.path), len(b.rule.points)
	if d < 2 || b.ctx.Err() != nil {
		return
	}
	b.shares = append(b.shares[:0], make([]float64, d*lanes)...)
	product := make([]float64, lanes)
	copy(product, b.rule.weights)
	for i, p := range b.path {
		for q, t := range b.rule.points {
			factor, share := float64(p.passing*(1-t)), -1/(1-t)
			if p.passed {
				factor += t
				share = (1 - p.passing) / factor
			}
			product[q] *= factor
			b.shares[i*lanes+q] = share
		}
	}
	n, first, width := len(b.row), 0, b.outputs
	if b.tree.Output >= 0 {
		first, width = b.tree.Output, 1
	}
	for i := range d {
		for j := range i {
			sum := 0.0
			for q, p := range product {
				sum += float64(float64(p*b.shares[i*lanes+q]) * b.shares[j*lanes+q])
			}
			x, y := int(b.path[i].feature), int(b.path[j].feature)
			for k, v := range b.tree.Value[node*width : (node+1)*width] {
				half := float64(float64(v*sum) / 2)
				m := b.out[(first+k)*n*n:]
				m[x*n+y] += half
				m[y*n+x] += half
			}
		}
	}
}
