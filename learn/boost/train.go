package boost

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// A trainer grows a tree an output in each round.
type trainer struct {
	boosting *Boosting
	data     *data
	loss     loss
	team     *team
	grower   *grower
	judge    *judge // nil: no early stopping
	base     []float64
	margins  margins
	heaviest float64 // of the weights
	seed     uint64
	progress func(done, total int)

	// leafOf is the leaf of the last round's trees that each row is in, steps what
	// each leaf adds: outputs x rows and outputs x leaves.
	leafOf [][]uint16
	steps  [][]float64
}

func newTrainer(b *Boosting, d *data, l loss, weights []float64, opts *learn.Options) *trainer {
	size := max(1, min(opts.ThreadCount(), (d.rows+blockRows-1)/blockRows))
	t := &trainer{boosting: b, data: d, loss: l, team: newTeam(size), base: l.base(weights), heaviest: 1, seed: opts.Seed, progress: opts.Progress}
	t.grower = newGrower(b, d, t.team)
	t.margins.weights = weights
	if weights != nil {
		t.heaviest = slices.Max(weights)
	}
	if b.GOSS {
		t.heaviest *= max(1, (1-b.GOSSTop)/b.GOSSOther)
	}
	for _, start := range t.base {
		t.margins.of = append(t.margins.of, slices.Repeat([]float64{start}, d.rows))
		t.margins.words = append(t.margins.words, make([]word, d.rows))
		t.leafOf = append(t.leafOf, make([]uint16, d.rows))
		t.steps = append(t.steps, []float64{0})
	}
	return t
}

// blocks calls f for all rows, some after the other.
func (t *trainer) blocks(f func(worker, from, to int)) {
	t.team.each(func(i int) {
		for from := i * blockRows; from < t.data.rows; from += t.team.size * blockRows {
			f(i, from, min(from+blockRows, t.data.rows))
		}
	})
}

// train returns the trees of all rounds, an output after the other.
func (t *trainer) train(ctx context.Context) ([]*grown, error) {
	b, outputs := t.boosting, len(t.margins.words)
	var trees []*grown
	reach, step := t.start(), 0.0
	if g, h := t.loss.bound(reach, 0); !(max(g, h)*t.heaviest < 0x1p890) {
		return nil, fmt.Errorf("sample weights of up to %.3g are too large to compute with: divide them by their mean", t.heaviest)
	}
	for round := range b.Estimators {
		t.scale(reach, step)
		var sums totals
		reach, sums = t.fill()
		if d := t.drawer(round); d != nil {
			sums = t.sample(d)
		}
		t.units(sums)
		step = 0
		for k, words := range t.margins.words {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			tree := t.grower.grow(words, splitmix.Stream(t.seed+1, round*outputs+k))
			step = max(step, t.refit(tree, k))
			trees = append(trees, tree)
		}
		if t.judge != nil && t.judge.add(t, trees[round*outputs:], round) {
			trees = trees[:(t.judge.round+1)*outputs]
			break
		}
		if t.progress != nil {
			t.progress(round+1, b.Estimators)
		}
	}
	if t.judge != nil {
		trees = trees[:(t.judge.round+1)*outputs]
		if t.progress != nil {
			t.progress(b.Estimators, b.Estimators)
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
// ones fit 31 bits in.
func (t *trainer) scale(reach, step float64) {
	g, h := t.loss.bound(reach, step)
	scale := func(most float64) float64 {
		_, e := math.Frexp(most * t.heaviest)
		return math.Ldexp(1, 30-min(max(e, -900), 900))
	}
	t.margins.gradientScale, t.margins.hessianScale = scale(g), scale(h)
	if t.constantHessian() {
		t.margins.hessianScale = 1
	}
}

// constantHessian says that rows' hessians count them.
func (t *trainer) constantHessian() bool {
	return t.loss.flat() && t.margins.weights == nil && !t.boosting.GOSS
}

// fill adds the last trees to the margins, and makes the words of the next.
func (t *trainer) fill() (reach float64, sums totals) {
	reaches, parts := make([]float64, t.team.size), make([]totals, t.team.size)
	for i := range reaches {
		reaches[i] = math.Inf(-1)
	}
	t.blocks(func(worker, from, to int) {
		for k, of := range t.margins.of {
			leafOf, steps := t.leafOf[k][from:to], t.steps[k]
			for r, v := range of[from:to] {
				of[from+r] = v + steps[leafOf[r]]
			}
		}
		reach, part := t.loss.fill(&t.margins, from, to)
		reaches[worker] = max(reaches[worker], reach)
		parts[worker].add(part)
	})
	for _, part := range parts {
		sums.add(part)
	}
	return slices.Max(reaches), sums
}

// units chooses those of histograms, which sums over all rows fit 31 bits in, and
// says the rules in them.
func (t *trainer) units(sums totals) {
	b, g := t.boosting, t.grower
	shift := func(sum int64) uint {
		s := uint(0)
		for sum>>s+int64(t.data.rows) >= 1<<31 {
			s++
		}
		return s
	}
	g.unit = coarse{gradientShift: shift(sums.gradient)}
	if !t.constantHessian() {
		g.unit.hessianShift = shift(sums.hessian)
	}
	gradientUnit := math.Ldexp(1, int(g.unit.gradientShift)) / t.margins.gradientScale
	hessianUnit := math.Ldexp(1, int(g.unit.hessianShift)) / t.margins.hessianScale
	g.rules = rules{
		l1: b.L1 / gradientUnit, l2: b.L2 / hessianUnit,
		smooth: b.CatSmooth / hessianUnit, smoothing: b.CatSmoothing / hessianUnit,
		minHessian: max(1, int64(min(math.Ceil(b.MinHessian/hessianUnit), math.MaxUint32))),
		minScore:   2 * b.MinGain / gradientUnit / gradientUnit * hessianUnit,
		minLeaf:    b.MinLeaf,
		bounded:    len(b.Increasing)+len(b.Decreasing) > 0,
	}
	if t.constantHessian() {
		g.rules.minHessian = max(g.rules.minHessian, int64(b.MinLeaf))
		return
	}
	// No row has more than the bound.
	_, h := t.loss.bound(0, 0)
	if _, ok := t.loss.(*poisson); ok {
		h = 1 << 30 / t.margins.hessianScale / t.heaviest
	}
	most := uint64(h*t.heaviest*t.margins.hessianScale)>>g.unit.hessianShift + 1
	hi, lo := bits.Mul64(most, uint64(b.MinLeaf))
	if g.rules.sure = math.MaxInt64; hi == 0 && lo < math.MaxInt64 {
		g.rules.sure = int64(lo)
	}
}
