package boost

import "math"

// refit gives a tree's leaves their values, from sums of words as exact as these
// are, notes which leaf each row is in, and returns the largest step.
func (t *trainer) refit(tree *grown, k int) float64 {
	g := t.grower
	t.place(tree, k)
	sums, weights := t.leafSums()
	fitted := t.fitted(k)
	limit, _ := t.loss.(limiter)
	b, m := t.boosting, &t.margins
	// Limits are in units of histograms' words, sums in units of rows' words.
	unit := math.Ldexp(1, int(g.unit.gradientShift)-int(g.unit.hessianShift)) / m.gradientScale * m.hessianScale
	exact := rules{l1: b.L1}
	step, steps := 0.0, make([]float64, len(g.leaves))
	for l, n := range g.leaves {
		in := limits{n.limits.low * unit, n.limits.high * unit}
		v := exact.value(float64(sums[l].gradient)/m.gradientScale, float64(sums[l].hessian)/m.hessianScale, b.L2, in)
		if fitted != nil {
			v = max(in.low, min(in.high, fitted[l]))
		}
		if limit != nil {
			v = limit.limit(v, b.LearningRate)
		} else {
			v = float64(v * b.LearningRate)
		}
		tree.value[n.node], steps[l], tree.cover[n.node] = v, v, weights[l]
		step = max(step, math.Abs(v))
	}
	for i := len(tree.left) - 1; i >= 0; i-- { // children come after their parents
		if left := tree.left[i]; left > 0 {
			tree.cover[i] = tree.cover[left] + tree.cover[left+1]
		}
	}
	// What a split gains was found in units of histograms.
	gain := math.Ldexp(1, 2*int(g.unit.gradientShift)-int(g.unit.hessianShift)) / m.gradientScale / m.gradientScale * m.hessianScale
	for i := range tree.gain {
		tree.gain[i] *= gain
	}
	t.steps[k] = steps
	return step
}

// place notes which leaf each row is in; those that the tree was not grown on walk
// down.
func (t *trainer) place(tree *grown, k int) {
	g, leafOf := t.grower, t.leafOf[k]
	number := make([]uint16, len(tree.left)) // of a leaf among the leaves
	for l, n := range g.leaves {
		number[n.node] = uint16(l)
	}
	t.team.each(func(i int) {
		w := g.workers[i]
		for l, n := range g.leaves {
			for _, r := range w.rows[n.spans[i].from:n.spans[i].to] {
				leafOf[r] = uint16(l)
			}
		}
		if w.drawn != nil {
			for _, r := range w.out {
				leafOf[r] = number[tree.leaf(t.data.bins[int(r)*t.data.stride:])]
			}
		}
	})
}

// A leafSum is of the rows in a leaf: of their words, and of their weights in units
// of 2^-32 of the heaviest's power of two, so that the order does not matter.
type leafSum struct {
	totals
	weight int64
}

// leafSums adds up the rows in each leaf.
func (t *trainer) leafSums() (sums []leafSum, weights []float64) {
	g := t.grower
	_, e := math.Frexp(t.heaviest)
	parts := make([][]leafSum, t.team.size)
	t.team.each(func(i int) {
		parts[i] = make([]leafSum, len(g.leaves))
		for l, n := range g.leaves {
			var s leafSum
			rows := g.workers[i].rows[n.spans[i].from:n.spans[i].to]
			for _, r := range rows {
				w := g.words[r]
				s.gradient += gradient(w)
				s.hessian += hessian(w)
			}
			if t.margins.weights != nil {
				for _, r := range rows {
					s.weight += int64(math.Ldexp(t.margins.weights[r], 32-e))
				}
			}
			parts[i][l] = s
		}
	})
	sums, weights = parts[0], make([]float64, len(g.leaves))
	for _, part := range parts[1:] {
		for l := range sums {
			sums[l].add(part[l].totals)
			sums[l].weight += part[l].weight
		}
	}
	for l, n := range g.leaves {
		if weights[l] = float64(n.rows); t.margins.weights != nil {
			weights[l] = math.Ldexp(float64(sums[l].weight), e-32)
		}
	}
	return sums, weights
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
			rows = rows[:0]
			for k, w := range g.workers {
				rows = append(rows, w.rows[g.leaves[l].spans[k].from:g.leaves[l].spans[k].to]...)
			}
			values[l] = loss.leaf(rows, t.margins.of[k], t.margins.weights)
		}
	})
	return values
}
