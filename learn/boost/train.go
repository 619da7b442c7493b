package boost

import (
	"context"
	"math"
	"math/bits"

	"github.com/runnel-dev/runnel/learn"
)

// A trainer grows a tree an output in each round.
type trainer struct {
	boosting *Boosting
	data     *data
	loss     loss
	team     *team
	grower   *grower
	margins  margins
	progress func(done, total int)

	// leafOf is the leaf of the last round's trees that each row is in, steps what
	// each leaf adds: outputs x rows and outputs x leaves.
	leafOf [][]uint16
	steps  [][]float64
}

func newTrainer(b *Boosting, d *data, l loss, weights []float64, opts *learn.Options) *trainer {
	size := max(1, min(opts.ThreadCount(), (d.rows+blockRows-1)/blockRows))
	t := &trainer{boosting: b, data: d, loss: l, team: newTeam(size), progress: opts.Progress}
	t.grower = newGrower(b, d, t.team)
	t.margins.weights = weights
	for _, start := range l.base() {
		of := make([]float64, d.rows)
		for i := range of {
			of[i] = start
		}
		t.margins.of = append(t.margins.of, of)
		t.margins.words = append(t.margins.words, make([]word, d.rows))
		t.leafOf = append(t.leafOf, make([]uint16, d.rows))
		t.steps = append(t.steps, []float64{0})
	}
	return t
}

// train returns the trees of all rounds, an output after the other.
func (t *trainer) train(ctx context.Context) ([]*grown, error) {
	var trees []*grown
	reach, step := t.start(), 0.0
	for round := range t.boosting.Estimators {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		gradientBits, hessianBits := t.scale(reach, step)
		var sums totals
		reach, sums = t.fill()
		step = 0
		t.units(sums, gradientBits, hessianBits)
		for k := range t.margins.words {
			tree := t.grower.grow(t.margins.words[k])
			step = max(step, t.refit(tree, k))
			trees = append(trees, tree)
		}
		if t.progress != nil {
			t.progress(round+1, t.boosting.Estimators)
		}
	}
	return trees, nil
}

// start is how far the margins reach before any tree.
func (t *trainer) start() float64 {
	t.margins.gradientScale, t.margins.hessianScale = 0, 0
	reach, _ := t.fill()
	return reach
}

// scale chooses the units of rows' words: powers of two that the largest possible
// ones fit 31 bits in. It returns their exponents.
func (t *trainer) scale(reach, step float64) (gradient, hessian int) {
	heaviest := 1.0
	for _, w := range t.margins.weights {
		heaviest = max(heaviest, w)
	}
	g, h := t.loss.bound(reach, step)
	unit := func(most float64) int {
		_, e := math.Frexp(most * heaviest)
		return min(max(e-30, -1000), 900)
	}
	gradient, hessian = unit(g), unit(h)
	if t.constantHessian() {
		hessian = 0
	}
	t.margins.gradientScale, t.margins.hessianScale = math.Ldexp(1, -gradient), math.Ldexp(1, -hessian)
	return gradient, hessian
}

func (t *trainer) constantHessian() bool {
	return t.loss.flat() && t.margins.weights == nil
}

// fill adds the last trees to the margins, and makes the words of the next.
func (t *trainer) fill() (reach float64, sums totals) {
	reaches, parts := make([]float64, t.team.size), make([]totals, t.team.size)
	t.team.each(func(i int) {
		for from := i * blockRows; from < t.data.rows; from += t.team.size * blockRows {
			to := min(from+blockRows, t.data.rows)
			for k, of := range t.margins.of {
				leafOf, steps := t.leafOf[k][from:to], t.steps[k]
				for r, v := range of[from:to] {
					of[from+r] = v + steps[leafOf[r]]
				}
			}
			r, part := t.loss.fill(&t.margins, from, to)
			reaches[i] = max(reaches[i], r)
			parts[i].add(part)
		}
	})
	for i, part := range parts {
		reach = max(reach, reaches[i])
		sums.add(part)
	}
	return reach, sums
}

// units chooses those of histograms, which sums over all rows fit 31 bits in, and
// says the rules in them.
func (t *trainer) units(sums totals, gradientBits, hessianBits int) {
	b, rows := t.boosting, int64(t.data.rows)
	shift := func(sum int64) uint {
		s := uint(0)
		for sum>>s+rows >= 1<<31 {
			s++
		}
		return s
	}
	c := coarse{shift(sums.gradient), 0}
	constant := t.constantHessian()
	if !constant {
		c.hessianShift = shift(sums.hessian)
	}
	g := t.grower
	g.unit = c
	gUnit, hUnit := math.Ldexp(1, gradientBits+int(c.gradientShift)), math.Ldexp(1, hessianBits+int(c.hessianShift))
	g.rules = rules{l2: b.L2 / hUnit, minHessian: max(1, int64(min(math.Ceil(b.MinHessian/hUnit), math.MaxInt32))), minLeaf: b.MinLeaf}
	if constant {
		g.rules.minHessian = max(g.rules.minHessian, int64(b.MinLeaf))
	} else {
		// No row has a hessian beyond the most that the words' bits hold.
		most := int64(1)<<30>>c.hessianShift + 1
		if hi, lo := bits.Mul64(uint64(most), uint64(b.MinLeaf)); hi == 0 && lo < math.MaxInt64 {
			g.rules.sure = int64(lo)
		} else {
			g.rules.sure = math.MaxInt64
		}
	}
	_ = gUnit
}

// refit gives a tree's leaves their values, from sums of words as exact as these
// are, and returns the largest.
func (t *trainer) refit(tree *grown, k int) float64 {
	g, m := t.grower, &t.margins
	type sums struct{ gradient, hessian int64 }
	parts := make([][]sums, t.team.size)
	leafOf := t.leafOf[k]
	t.team.each(func(i int) {
		parts[i] = make([]sums, len(g.leaves))
		for l, n := range g.leaves {
			var s sums
			for _, r := range g.workers[i].rows[n.spans[i].from:n.spans[i].to] {
				w := g.words[r]
				s.gradient += gradient(w)
				s.hessian += hessian(w)
				leafOf[r] = uint16(l)
			}
			parts[i][l] = s
		}
	})
	limit, _ := t.loss.(limiter)
	fitted := t.fitted(k)
	step := 0.0
	steps := make([]float64, len(g.leaves))
	for l, n := range g.leaves {
		var s sums
		for _, part := range parts {
			s.gradient += part[l].gradient
			s.hessian += part[l].hessian
		}
		gs, hs := float64(s.gradient)/m.gradientScale, float64(s.hessian)/m.hessianScale
		v := 0.0
		switch {
		case fitted != nil:
			v = fitted[l]
		case hs+t.boosting.L2 > 0:
			v = -gs / (hs + t.boosting.L2)
		}
		if limit != nil {
			v = limit.limit(v)
		}
		v *= t.boosting.LearningRate
		tree.value[n.node], steps[l] = v, v
		tree.cover[n.node] = float64(n.rows)
		step = max(step, math.Abs(v))
	}
	t.steps[k] = steps
	return step
}

// fitted are the values of leaves that the loss finds itself; nil of one that does not.
func (t *trainer) fitted(k int) []float64 {
	loss, ok := t.loss.(refitter)
	if !ok {
		return nil
	}
	g := t.grower
	values := make([]float64, len(g.leaves))
	t.team.each(func(i int) {
		var rows []uint32
		for l := i; l < len(g.leaves); l += t.team.size {
			n := g.leaves[l]
			rows = rows[:0]
			for k, w := range g.workers {
				rows = append(rows, w.rows[n.spans[k].from:n.spans[k].to]...)
			}
			values[l] = loss.leaf(rows, t.margins.of[k], t.margins.weights)
		}
	})
	return values
}
