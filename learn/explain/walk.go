package explain

import "math"

// Rows are taken through trees in groups of eight, a number of each side by side:
// where the processor has AVX-512, assembly takes all eight at a time, and does
// for each what the plain walk does, in the same order, so that the bits are the
// same.
const group = 8

// A frame is what is known of a row, or of eight, at a level of a tree; level 0 is
// above the root.
type frame struct {
	goes, edge uint8
	down       [four]float64
}

// A walk has what one goroutine needs to take rows through trees.
type walk struct {
	frames []frame
	up     []float64 // levels x outputs x points
	fast   fastWalk
}

// explain adds to out, outputs x features x 8, what the features of eight rows add
// to a tree; x is features x 8.
func (w *walk) explain(p *paths, features int, x, out []float64) {
	if len(p.steps) == 0 {
		return
	}
	out = out[p.first*features*group:]
	if hasFast() {
		w.fast.explain(p, features, x, out)
		return
	}
	for r := range group {
		w.explainOne(p, features, x[r:], out[r:])
	}
}

// explainOne is explain of one row, of which x and out have every eighth number.
func (w *walk) explainOne(p *paths, features int, x, out []float64) {
	if n := p.levels + 1; n > len(w.frames) {
		w.frames = make([]frame, n)
	}
	if n := (p.levels + 1) * p.width * four; n > len(w.up) {
		w.up = make([]float64, n)
	}
	w.frames[0] = frame{goes: goesLeft, edge: passed, down: p.weights}
	for i := range p.steps {
		s := &p.steps[i]
		if s.enter {
			w.enter(p, s, x[s.feature*group])
		}
		if s.leave {
			w.leave(p, s, features, out)
		}
	}
}

// enter makes the product of factors down to a split, and says what the row does there.
func (w *walk) enter(p *paths, s *step, x float64) {
	f, above := &w.frames[s.level], &w.frames[s.level-1]
	f.edge = edgeState[(s.side+above.goes)&7]
	right := uint8(0)
	if !(x <= s.threshold) {
		right = 1
	}
	if s.category || x != x {
		var categories []uint64
		if s.category {
			categories = p.categories[s.split]
		}
		if right = 1; goesLeftAt(s.threshold, s.missing != 0, categories, x) {
			right = 0
		}
	}
	f.goes = goesState[(2*w.frames[s.before].edge+right)&7]
	factor := p.tables[s.table][f.edge:][:13]
	f.down[0] = above.down[0] * factor[0]
	f.down[1] = above.down[1] * factor[4]
	f.down[2] = above.down[2] * factor[8]
	f.down[3] = above.down[3] * factor[12]
	if !s.leave {
		clear(w.up[int(s.level)*p.width*four:][:p.width*four])
	}
}

// leave adds a split's leaves to what came up from below, gives the features of
// the split and of the one above their shares, and takes the rest further up.
func (w *walk) leave(p *paths, s *step, features int, out []float64) {
	f := &w.frames[s.level]
	share := p.tables[s.table+1][f.edge:][:13]
	f0, f1, f2, f3 := share[0], share[4], share[8], share[12]
	d0, d1, d2, d3 := f.down[0], f.down[1], f.down[2], f.down[3]
	own, to := int(s.feature)*group, int(s.above)*group
	up := w.up[int(s.level-1)*p.width*four:][:2*p.width*four]
	above, here := up[:p.width*four], up[p.width*four:]
	for k := range p.width {
		var h0, h1, h2, h3 float64
		if s.leaves < 2 {
			h := (*[four]float64)(here[four*k:])
			h0, h1, h2, h3 = h[0], h[1], h[2], h[3]
		}
		if s.leaves > 0 {
			t := p.tables[int(s.table)+2+2*k:][:2]
			l, sh := t[0][f.goes:][:13], t[1][f.goes:][:13]
			h0 += float64(d0 * l[0])
			h1 += float64(d1 * l[4])
			h2 += float64(d2 * l[8])
			h3 += float64(d3 * l[12])
			out[own] += (float64(d0*sh[0]) + float64(d1*sh[4])) + (float64(d2*sh[8]) + float64(d3*sh[12]))
		}
		if s.level > 1 {
			a := (*[four]float64)(above[four*k:])
			a[0] += h0
			a[1] += h1
			a[2] += h2
			a[3] += h3
			out[to] += (float64(f0*h0) + float64(f1*h1)) + (float64(f2*h2) + float64(f3*h3))
		}
		own += features * group
		to += features * group
	}
}

// leftAt are the rows of eight that go left at a split on categories, a bit each.
func leftAt(categories []uint64, missing uint8, x []float64) (left uint8) {
	for r, v := range x[:group] {
		if goesLeftAt(math.NaN(), missing != 0, categories, v) {
			left |= 1 << r
		}
	}
	return left
}
