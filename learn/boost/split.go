package boost

import "math"

// A split divides a node's rows: bins up to cut go left, those above it right.
type split struct {
	score       float64 // sum over both sides of gradient^2 / hessian, in units of words
	feature     int32   // -1 for no split at all
	cut         uint8
	missingLeft bool
	left        word
}

// better says whether s goes before other; of equals, the lower feature does.
func (s *split) better(other *split) bool {
	if s.score != other.score {
		return s.score > other.score
	}
	return s.feature < other.feature
}

// rules say which splits there may be, in units of words.
type rules struct {
	l2         float64
	minHessian int64
	minLeaf    int
	// sure is the sum of hessians that no fewer than minLeaf rows have.
	sure int64
}

// score is what a side of a split adds: twice what it takes off the loss.
func (r *rules) score(w word) float64 {
	g := float64(gradient(w))
	return g * g / (float64(hessian(w)) + r.l2)
}

// search replaces best by the best split on a feature, if that is better. width
// is the number of its bins.
func (r *rules) search(h *histogram, feature, width int, total word, best *split, enough func(cut uint8, missingLeft bool) bool) {
	missing := h[255]
	last := width - 1
	if missing == 0 {
		last--
	}
	r.scan(h, feature, last, 0, total, best, enough)
	if missing != 0 {
		r.scan(h, feature, width-2, missing, total, best, enough)
	}
}

// scan tries to cut after each bin up to last, missing values going left where
// their word is given.
func (r *rules) scan(h *histogram, feature, last int, missing, total word, best *split, enough func(cut uint8, missingLeft bool) bool) {
	const lower = 1<<32 - 1
	left, found := missing, false
	for bin := 0; bin <= last; bin++ {
		w := h[bin&255]
		if w == 0 {
			continue
		}
		left += w
		hl := int64(left & lower)
		if hl < r.minHessian {
			continue
		}
		right := total - left
		hr := int64(right & lower)
		if hr < r.minHessian {
			break
		}
		gl, gr := float64(int64(left)>>32), float64(int64(right)>>32)
		score := gl*gl/(float64(hl)+r.l2) + gr*gr/(float64(hr)+r.l2)
		if score < best.score || score == best.score && (found || int32(feature) >= best.feature) {
			continue
		}
		if (hl < r.sure || hr < r.sure) && !enough(uint8(bin), missing != 0) {
			continue
		}
		found = true
		*best = split{score, int32(feature), uint8(bin), missing != 0, left}
	}
	if found && missing == 0 && h[255] == 0 {
		best.missingLeft = hessian(best.left) >= hessian(total-best.left)
	}
}

// none is no split at all, of a node of that score: a split has to be better by
// more than rounding.
func none(score float64) split { return split{score: score * (1 + 1e-10), feature: math.MaxInt32} }
