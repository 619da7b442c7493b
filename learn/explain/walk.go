package explain

import "math"

// Rows are taken through trees in groups of up to eight, a number of each side by
// side. Where the processor has AVX-512, assembly takes eight at a time, and does
// for each what the plain walk does, in the same order, so that the bits are the
// same.
const group = 8

// groupFor is how many of so many rows are taken at a time: no more than there are,
// so that what is held goes with them. Assembly takes eight, whatever is in them.
func groupFor(rows int) int {
	if hasFast() && rows > 2 {
		return group
	}
	return max(1, min(group, rows))
}

// A frame is what is known of each row at a level of a tree; level 0 is above the
// root.
type frame struct {
	goes, edge [group]uint8
	down       [group][four]float64
}

// A walk has what one goroutine needs to take rows through trees.
type walk struct {
	builder builder
	frames  []frame
	up      []float64 // levels x rows x outputs x points
	fast    fastWalk
}

// explain adds to out, outputs x features x rows, what the features of some rows
// add to a tree; x is features x rows.
func (w *walk) explain(p *paths, features, rows int, x, out []float64) {
	if len(p.steps) == 0 {
		return
	}
	out = out[p.first*features*rows:]
	if rows == group && hasFast() {
		w.fast.explain(p, features, x, out)
		return
	}
	w.plain(p, features, rows, x, out)
}

// plain is explain in plain Go.
func (w *walk) plain(p *paths, features, rows int, x, out []float64) {
	if n := p.levels + 1; n > len(w.frames) {
		w.frames = make([]frame, n)
	}
	if n := (p.levels + 1) * rows * p.width * four; n > len(w.up) {
		w.up = make([]float64, n)
	}
	for r := range rows {
		w.frames[0].goes[r], w.frames[0].edge[r], w.frames[0].down[r] = goesLeft, passed, p.weights
	}
	for i := range p.steps {
		s := &p.steps[i]
		if s.enter {
			w.enter(p, s, x[int(s.feature)*rows:][:rows])
		}
		if s.leave {
			w.leave(p, s, features, rows, out)
		}
	}
}

// enter makes the products of factors down to a split, and says what the rows do
// there; x is what they have of its feature.
func (w *walk) enter(p *paths, s *step, x []float64) {
	f, above, before := &w.frames[s.level], &w.frames[s.level-1], &w.frames[s.before]
	factors := &p.tables[s.table]
	for r, v := range x {
		edge := edgeState[(s.side+above.goes[r&7])&7]
		f.edge[r&7] = edge
		right := uint8(0)
		if !(v <= s.threshold) {
			right = 1
		}
		if s.category || v != v {
			var categories []uint64
			if s.category {
				categories = p.categories[s.split]
			}
			if right = 1; goesLeftAt(s.threshold, s.missing != 0, categories, v) {
				right = 0
			}
		}
		f.goes[r&7] = goesState[(2*before.edge[r&7]+right)&7]
		to, from := &f.down[r&7], &above.down[r&7]
		to[0] = from[0] * factors[edge&3]
		to[1] = from[1] * factors[4+(edge&3)]
		to[2] = from[2] * factors[8+(edge&3)]
		to[3] = from[3] * factors[12+(edge&3)]
	}
	if !s.leave {
		n := len(x) * p.width * four
		clear(w.up[int(s.level)*n:][:n])
	}
}

// leave adds a split's leaves to what came up from below, gives the features of
// the split and of the one above their shares, and takes the rest further up.
func (w *walk) leave(p *paths, s *step, features, rows int, out []float64) {
	f, n := &w.frames[s.level], p.width*four
	share := &p.tables[s.table+1]
	leaves := p.tables[s.table+2:]
	up := w.up[int(s.level-1)*rows*n:][:2*rows*n]
	for r := range rows {
		goes, edge, d := f.goes[r&7]&3, f.edge[r&7]&3, &f.down[r&7]
		f0, f1, f2, f3 := share[edge], share[4+edge], share[8+edge], share[12+edge]
		d0, d1, d2, d3 := d[0], d[1], d[2], d[3]
		above, here := up[r*n:][:n], up[(rows+r)*n:][:n]
		own, to := int(s.feature)*rows+r, int(s.above)*rows+r
		for k := range p.width {
			var h0, h1, h2, h3 float64
			if s.leaves < 2 {
				h := (*[four]float64)(here[four*k:])
				h0, h1, h2, h3 = h[0], h[1], h[2], h[3]
			}
			if s.leaves > 0 {
				t := leaves[2*k:][:2]
				l, sh := t[0][goes:][:13], t[1][goes:][:13]
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
			own += features * rows
			to += features * rows
		}
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
