package tree

import (
	"math"
	"math/bits"
)

// A descent is an isolationTree in which all leaves are as deep as the deepest, so
// that rows go down it without branches, several at once: the children of node i are
// 2i+1 and 2i+2, and below a leaf all goes left. Where values may be missing, rows
// have every feature twice, first with what is missing as far left as a number can
// be, then as far right, and a split looks at the one by which it sends them.
type descent struct {
	depth  int
	splits []isolationCut
	length []float64 // of the leaves, from left to right
}

// An isolationCut sends what is above its threshold right.
type isolationCut struct {
	threshold float64
	feature   int
}

// newDescent makes a descent of a tree; nil if that is too lopsided. The twin of a
// feature is so many behind it.
func newDescent(t *isolationTree, twin int) *descent {
	d := &descent{depth: t.depth(0)}
	if d.depth > bits.Len(uint(max(4*len(t.nodes), 1024)))-1 {
		return nil
	}
	leaves := 1 << d.depth
	d.splits, d.length = make([]isolationCut, leaves-1), make([]float64, leaves)
	d.fill(t, 0, 0, twin)
	return d
}

func (t *isolationTree) depth(at int32) int {
	left := t.nodes[at].left
	if left == 0 {
		return 0
	}
	return 1 + max(t.depth(left), t.depth(left+1))
}

func (d *descent) fill(t *isolationTree, from int32, to, twin int) {
	if to >= len(d.splits) {
		d.length[to-len(d.splits)] = t.length[from]
		return
	}
	s := &t.nodes[from]
	if s.left == 0 {
		d.splits[to].threshold = math.Inf(1)
		d.fill(t, from, 2*to+1, twin)
		return
	}
	d.splits[to] = isolationCut{s.threshold, int(s.feature)}
	if s.missingRight {
		d.splits[to].feature += twin
	}
	d.fill(t, s.left, 2*to+1, twin)
	d.fill(t, s.left+1, 2*to+2, twin)
}

// add adds the lengths of rows of so many features, with twins.
func (d *descent) add(rows []float64, features int, out []float64) {
	splits, i := d.splits, 0
	for ; i+4 <= len(out); i += 4 {
		r := rows[i*features:][:4*features]
		r0, r1, r2, r3 := r[:features], r[features:2*features], r[2*features:3*features], r[3*features:]
		var a0, a1, a2, a3 int
		for range d.depth {
			s0, s1, s2, s3 := &splits[a0], &splits[a1], &splits[a2], &splits[a3]
			a0 = 2*a0 + 1 + above(r0[s0.feature], s0.threshold)
			a1 = 2*a1 + 1 + above(r1[s1.feature], s1.threshold)
			a2 = 2*a2 + 1 + above(r2[s2.feature], s2.threshold)
			a3 = 2*a3 + 1 + above(r3[s3.feature], s3.threshold)
		}
		first := len(splits)
		out[i] += d.length[a0-first]
		out[i+1] += d.length[a1-first]
		out[i+2] += d.length[a2-first]
		out[i+3] += d.length[a3-first]
	}
	for ; i < len(out); i++ {
		row, at := rows[i*features:][:features], 0
		for range d.depth {
			at = 2*at + 1 + above(row[splits[at].feature], splits[at].threshold)
		}
		out[i] += d.length[at-len(splits)]
	}
}

// withTwins has the rows of one block, of so many features, with twins.
func withTwins(rows []float64, features int) []float64 {
	out := make([]float64, 2*len(rows))
	for at := 0; at < len(rows); at += features {
		left, right := out[2*at:][:features], out[2*at+features:][:features]
		for j, v := range rows[at : at+features] {
			left[j], right[j] = v, v
			if v != v {
				left[j], right[j] = math.Inf(-1), math.Inf(1)
			}
		}
	}
	return out
}

// above is 1 where v is above the threshold, without a branch.
func above(v, threshold float64) int {
	b := 0
	if v > threshold {
		b = 1
	}
	return b
}
