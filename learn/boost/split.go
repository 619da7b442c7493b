package boost

import (
	"cmp"
	"math"
	"slices"
)

// A split divides a node's rows: bins up to cut go left, those above it right; or,
// of categories, those in a set left.
type split struct {
	score       float64 // what both sides score, in units of words
	feature     int32   // math.MaxInt32 for no split at all
	cut         uint8
	missingLeft bool
	categorical bool
	left        word
	set         binSet // bins that go left
}

// better says whether s goes before other; of equals, the lower feature does.
func (s *split) better(other *split) bool {
	if s.score != other.score {
		return s.score > other.score
	}
	return s.feature < other.feature
}

// goesLeft says whether a bin does.
func (s *split) goesLeft(bin uint8) bool {
	switch {
	case bin == 255:
		return s.missingLeft
	case s.categorical:
		return s.set.has(bin) == 1
	}
	return bin <= s.cut
}

// A binSet has a bit for each bin: bit b%64 of word b/64.
type binSet [4]uint64

// has is 1 of a bin that is in the set, else 0.
func (s *binSet) has(bin uint8) int { return int(s[bin>>6] >> (bin & 63) & 1) }

// goingLeft are the bins that go left.
func (s *split) goingLeft() binSet {
	left := s.set
	if !s.categorical {
		left = binSet{}
		for i := range left {
			if bins := int(s.cut) + 1 - 64*i; bins > 0 {
				left[i] = ^uint64(0) >> max(0, 64-bins)
			}
		}
	}
	left[3] &^= 1 << 63
	if s.missingLeft {
		left[3] |= 1 << 63
	}
	return left
}

// rules say which splits there may be, in units of words.
type rules struct {
	l1, l2            float64
	smooth, smoothing float64 // of categories: for their order, and added to l2
	minHessian        int64
	minScore          float64
	minLeaf           int
	// sure is the sum of hessians that no fewer than minLeaf rows have.
	sure int64
	// bounded says that predictions are to rise or fall with some feature.
	bounded bool
}

// limits bound the value of a node.
type limits struct{ low, high float64 }

func unlimited() limits { return limits{math.Inf(-1), math.Inf(1)} }

// value is what takes most off the loss of rows, within limits (Friedman 2001;
// Chen and Guestrin, "XGBoost", 2016, for the penalties).
func (r *rules) value(gradient, hessian, l2 float64, in limits) float64 {
	if hessian+l2 <= 0 {
		return max(in.low, min(in.high, 0))
	}
	return max(in.low, min(in.high, -shrink(gradient, r.l1)/(hessian+l2)))
}

func shrink(gradient, l1 float64) float64 {
	switch {
	case gradient > l1:
		return gradient - l1
	case gradient < -l1:
		return gradient + l1
	}
	return 0
}

// gain is twice what a value takes off the loss of rows.
func (r *rules) gain(gradient, hessian, l2, value float64) float64 {
	return -(2*float64(gradient*value) + float64(float64((hessian+l2)*value)*value) + 2*float64(r.l1*math.Abs(value)))
}

// score is what rows score as a leaf.
func (r *rules) score(w word, in limits) float64 {
	g, h := float64(gradient(w)), float64(hessian(w))
	return r.gain(g, h, r.l2, r.value(g, h, r.l2, in))
}

// pair is what two sides score; ok is false where the values of them are in the
// wrong order.
func (r *rules) pair(left, right word, l2 float64, in limits, direction int8) (score float64, ok bool) {
	gl, hl := float64(gradient(left)), float64(hessian(left))
	gr, hr := float64(gradient(right)), float64(hessian(right))
	vl, vr := r.value(gl, hl, l2, in), r.value(gr, hr, l2, in)
	return r.gain(gl, hl, l2, vl) + r.gain(gr, hr, l2, vr), float64(direction)*(vr-vl) >= 0
}

// A searcher looks for the best split of a node on a feature.
type searcher struct {
	*rules
	histogram *histogram
	feature   int32
	width     int // its bins
	direction int8
	total     word // of the node
	limits    limits
	best      *split
	// enough counts: whether minLeaf rows of the node are on either side.
	enough func(s *split) bool
}

// number tries to cut after each bin: missing values go right, then left.
func (s *searcher) number() {
	missing := s.histogram[255]
	last := s.width - 1
	if missing == 0 {
		last--
	}
	s.scan(last, 0)
	if missing != 0 {
		s.scan(s.width-2, missing)
	}
}

// scan tries to cut after each bin up to last, missing values going left where
// their word is given.
func (s *searcher) scan(last int, missing word) {
	const lower = 1<<32 - 1
	left, total, found := missing, s.total, false
	l2, plain := s.l2, s.l1 == 0 && !s.bounded
	least := s.best.score
	for bin, w := range s.histogram[:last+1] {
		if w == 0 {
			continue
		}
		left += w
		right := total - left
		hl, hr := int64(left&lower), int64(right&lower)
		if hl < s.minHessian {
			continue
		}
		if hr < s.minHessian {
			break
		}
		var score float64
		if plain {
			gl, gr := float64(int64(left)>>32), float64(int64(right)>>32)
			score = gl*gl/(float64(hl)+l2) + gr*gr/(float64(hr)+l2)
		} else {
			var ok bool
			if score, ok = s.pair(left, right, l2, s.limits, s.direction); !ok {
				continue
			}
		}
		if score < least || score == least && (found || s.feature >= s.best.feature) {
			continue
		}
		one := split{score: score, feature: s.feature, cut: uint8(bin), missingLeft: missing != 0, left: left}
		if (hl < s.sure || hr < s.sure) && !s.enough(&one) {
			continue
		}
		found, least = true, score
		*s.best = one
	}
	if found && missing == 0 && s.histogram[255] == 0 {
		s.best.missingLeft = hessian(s.best.left) >= hessian(total-s.best.left)
	}
}

// categories puts them in the order of their best values, which makes one of the
// cuts of that order the best split of all (Fisher, "On grouping for maximum
// homogeneity", 1958), and tries all cuts from either end. What has no bin of its
// own goes right.
func (s *searcher) categories() {
	order := make([]int, 0, 256)
	for b, w := range s.histogram[:s.width-1] {
		if w != 0 {
			order = append(order, b)
		}
	}
	if s.histogram[255] != 0 {
		order = append(order, 255)
	}
	var by [256]float64
	for _, b := range order {
		w := s.histogram[b]
		if d := float64(hessian(w)) + s.smooth; d > 0 {
			by[b] = float64(gradient(w)) / d
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(by[a], by[b]), cmp.Compare(a, b)) })
	for range 2 {
		one := split{feature: s.feature, categorical: true}
		for _, b := range order {
			one.left += s.histogram[b]
			one.set[b/64] |= 1 << (b % 64)
			one.missingLeft = one.missingLeft || b == 255
			right := s.total - one.left
			hl, hr := hessian(one.left), hessian(right)
			if hl < s.minHessian || hr < s.minHessian {
				continue
			}
			one.score, _ = s.pair(one.left, right, s.l2+s.smoothing, s.limits, 0)
			if one.better(s.best) && (hl >= s.sure && hr >= s.sure || s.enough(&one)) {
				*s.best = one
			}
		}
		slices.Reverse(order)
	}
	// What is seen later for the first time goes right, which be the heavier side.
	if b := s.best; b.feature == s.feature && s.histogram[s.width-1] == 0 && hessian(b.left) > hessian(s.total-b.left) {
		var all binSet
		for _, c := range order {
			all[c/64] |= 1 << (c % 64)
		}
		for i := range all {
			b.set[i] ^= all[i]
		}
		b.left, b.missingLeft = s.total-b.left, b.set[3]>>63 == 1
	}
}

// none is no split at all, of a node of that score: a split has to be better by
// more than rounding.
func (r *rules) none(score float64) split {
	return split{score: float64(score*(1+1e-10)) + r.minScore, feature: math.MaxInt32}
}
