package profile

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/association"
	"github.com/runnel-dev/runnel/learn/decompose"
	"github.com/runnel-dev/runnel/learn/density"
)

// correlates reports whether correlations of the column mean something.
func correlates(d *described) bool { return d.Role == Numeric || d.Role == Boolean }

// finite are the sample's values of a column, NaN where missing or infinite.
func (b *builder) finite(i int) []float64 {
	v := b.sample.Columns[i].Numbers()
	if b.columns[i].Infinite == 0 {
		return v
	}
	v = slices.Clone(v)
	for k, x := range v {
		if math.IsInf(x, 0) {
			v[k] = math.NaN()
		}
	}
	return v
}

func (b *builder) correlations(ctx context.Context) error {
	chosen, all := b.pick(b.o.Heat, correlates)
	if len(chosen) < 2 {
		return nil
	}
	if all > len(chosen) {
		b.note("Correlations are computed for %d of the %d numeric columns: %s.", len(chosen), all, b.chosenBy())
	}
	n := len(chosen)
	values, ranked := make([][]float64, n), make([]*association.Ranked, n)
	c := &Correlation{Columns: b.names(chosen), Pearson: square(n), Spearman: square(n)}
	if err := each(ctx, n, func(i int) {
		values[i] = b.finite(chosen[i])
		ranked[i] = association.NewRanked(values[i])
	}); err != nil {
		return err
	}
	if err := each(ctx, n, func(i int) {
		for j := range i + 1 {
			c.Pearson[i][j] = Float(association.Pearson(values[i], values[j]))
			c.Spearman[i][j] = Float(ranked[i].Spearman(ranked[j]))
		}
	}); err != nil {
		return err
	}
	for i := range n {
		for j := range i {
			c.Pearson[j][i], c.Spearman[j][i] = c.Pearson[i][j], c.Spearman[i][j]
		}
	}
	b.p.Correlation = c
	return b.strongest(ctx, c, values)
}

func square(n int) [][]Float {
	m := make([][]Float, n)
	for i := range m {
		m[i] = make([]Float, n)
	}
	return m
}

// strongest draws the most correlated pairs.
func (b *builder) strongest(ctx context.Context, c *Correlation, values [][]float64) error {
	type pair struct {
		i, j     int
		strength float64
	}
	var pairs []pair
	for i := range c.Columns {
		for j := range i {
			if r, s := c.Pearson[i][j], c.Spearman[i][j]; r.Exists() && s.Exists() {
				pairs = append(pairs, pair{i, j, max(math.Abs(float64(r)), math.Abs(float64(s)))})
			}
		}
	}
	sorting.Stable(pairs, func(p, q pair) int { return cmp.Compare(q.strength, p.strength) })
	pairs = pairs[:min(len(pairs), b.o.Pairs)]
	b.p.Pairs = make([]Pair, len(pairs))
	side := b.side()
	return each(ctx, len(pairs), func(k int) {
		i, j := pairs[k].i, pairs[k].j
		b.p.Pairs[k] = Pair{
			X: c.Columns[j], Y: c.Columns[i], Pearson: c.Pearson[i][j], Spearman: c.Spearman[i][j],
			Grid: density.NewGrid(values[j], values[i], side, side*3/4, nil, 0),
		}
	})
}

// side is how many cells a grid has along its longer side.
func (b *builder) side() int {
	return max(12, min(40, int(math.Sqrt(float64(b.sample.Rows())))*4/3))
}

// categories relates the categorical columns.
func (b *builder) categories(ctx context.Context) error {
	chosen, all := b.pick(min(b.o.Heat, 16), func(d *described) bool {
		return (d.Role == Categorical || d.Role == Boolean) && d.Distinct <= int64(b.o.Limits.Cardinality)
	})
	if len(chosen) < 2 || b.onlyBooleans(chosen) {
		return nil
	}
	if all > len(chosen) {
		b.note("Categories are related for %d of the %d columns with few of them: %s.", len(chosen), all, b.chosenBy())
	}
	n := len(chosen)
	codes, width := make([][]int32, n), make([]int, n)
	for k, i := range chosen {
		codes[k], width[k] = codesOf(b.sample.Columns[i], &b.columns[i])
	}
	m := &Matrix{Columns: b.names(chosen), Values: square(n)}
	err := each(ctx, n, func(i int) {
		for j := range n {
			m.Values[i][j] = Float(association.Cross(codes[i], codes[j], width[i], width[j]).CramersV(true))
		}
	})
	b.p.Categories = m
	return err
}

// onlyBooleans: the matrix of correlations has them all.
func (b *builder) onlyBooleans(columns []int) bool {
	return !slices.ContainsFunc(columns, func(i int) bool { return b.columns[i].Role != Boolean })
}

const mostComponentColumns = 100

// components finds the principal components of the numeric columns but the target.
func (b *builder) components(ctx context.Context) error {
	chosen, all := b.pick(mostComponentColumns, func(d *described) bool { return correlates(d) && d.Name != b.o.Target })
	if len(chosen) < 2 || b.sample.Rows() < 3 {
		return nil
	}
	if all > len(chosen) {
		b.note("Principal components are those of %d of the %d numeric columns: %s.", len(chosen), all, b.chosenBy())
	}
	x := &learn.Matrix{Names: b.names(chosen), Columns: make([][]float64, len(chosen)), Rows: b.sample.Rows()}
	if err := each(ctx, len(chosen), func(k int) { x.Columns[k] = b.finite(chosen[k]) }); err != nil {
		return err
	}
	pca, err := decompose.FitPCA(x, 10)
	if err != nil {
		b.note("Principal components were left out: %v.", err)
		return nil
	}
	c := &Components{Columns: x.Names}
	for k, share := range pca.Share {
		c.Share = append(c.Share, Float(share))
		if k < 3 {
			loadings := make([]Float, len(chosen))
			for j, v := range pca.Components[k] {
				loadings[j] = Float(v)
			}
			c.Loadings = append(c.Loadings, loadings)
		}
	}
	pca.Components = pca.Components[:min(3, len(pca.Components))]
	b.p.Components = c
	return b.project(ctx, pca.Project(x))
}

// project counts rows on each plane of two components, by class where there
// are few enough to tell their colours apart.
func (b *builder) project(ctx context.Context, scores [][]float64) error {
	c := b.p.Components
	labels := b.labels
	if labels != nil && (len(b.p.Target.Classes) == 0 || len(b.p.Target.Classes) > 8) {
		labels = nil
	}
	if labels != nil {
		for _, v := range b.p.Target.Classes {
			c.Classes = append(c.Classes, v.Value)
		}
	}
	planes := [][2]int{{0, 1}}
	if len(scores) > 2 {
		planes = append(planes, [2]int{0, 2}, [2]int{1, 2})
	}
	c.Projections = make([]Projection, len(planes))
	side := b.side()
	return each(ctx, len(planes), func(k int) {
		i, j := planes[k][0], planes[k][1]
		c.Projections[k] = Projection{i + 1, j + 1, density.NewGrid(scores[i], scores[j], side, side*3/4, labels, len(c.Classes))}
	})
}
