package stats

import (
	"math"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
)

// RankError bounds the error of a quantile's rank, as a part of the rows, that a
// sketch of size k makes in 99 of 100 cases (the fit of Apache DataSketches,
// which its compaction scheme is from).
func RankError(k int) float64 { return 2.296 / math.Pow(float64(k), 0.9723) }

// A kll is a sketch of a distribution: values in levels, a value of level h
// standing for 2^h. A level that is full is compacted: every other value in
// their order moves one level up, those in odd or in even places by the toss of
// a coin. Upper levels are larger, since their errors weigh more.
//
// Karnin, Lang, Liberty, "Optimal Quantile Approximation in Streams", FOCS 2016.
type kll struct {
	k      int
	n      int64
	coin   uint64      // state of the generator: the same history, the same tosses
	levels [][]float64 // each is sorted
	size   int         // values in all levels
	most   int         // values at which it is compacted
}

const minLevel = 8 // the least capacity of a level

func newKLL(k int) *kll {
	s := &kll{k: k, levels: make([][]float64, 1)}
	s.measure()
	return s
}

// capacity of level h shrinks by 2/3 for each level above it.
func (s *kll) capacity(h int) int {
	below := len(s.levels) - 1 - h
	return max(minLevel, int(math.Ceil(float64(s.k)*math.Pow(2.0/3, float64(below)))))
}

func (s *kll) measure() {
	s.most = 0
	for h := range s.levels {
		s.most += s.capacity(h)
	}
}

// add adds sorted values.
func (s *kll) add(values []float64) {
	s.n += int64(len(values))
	s.size += len(values)
	s.put(0, values)
	for s.size >= s.most {
		s.compact()
	}
}

// addWeighted adds each of the sorted values as often as its count says: the
// bits of a count are the levels that its value goes to.
func (s *kll) addWeighted(values []float64, counts []int64) {
	top := 0
	for _, c := range counts {
		s.n += c
		for h := top; c>>h != 0; h++ {
			top = h
		}
	}
	s.raise(top)
	for h := range s.levels {
		var level []float64
		for i, v := range values {
			if counts[i]>>h&1 == 1 {
				level = append(level, v)
			}
		}
		s.size += len(level)
		s.put(h, level)
	}
	for s.size >= s.most {
		s.compact()
	}
}

func (s *kll) merge(o *kll) {
	s.n += o.n
	s.raise(len(o.levels) - 1)
	for h, level := range o.levels {
		s.size += len(level)
		s.put(h, level)
	}
	s.coin ^= o.coin
	for s.size >= s.most {
		s.compact()
	}
}

// raise makes levels up to h.
func (s *kll) raise(h int) {
	for len(s.levels) <= h {
		s.levels = append(s.levels, nil)
	}
	s.measure()
}

// put adds sorted values to a level.
func (s *kll) put(h int, values []float64) { s.levels[h] = merged(s.levels[h], values) }

// compact halves the lowest full level.
func (s *kll) compact() {
	h := 0
	for h < len(s.levels)-1 && len(s.levels[h]) < s.capacity(h) {
		h++
	}
	if h == len(s.levels)-1 {
		s.raise(h + 1)
	}
	level := s.levels[h]
	keep := len(level) & 1 // of an odd number the first stays
	rest := level[keep:]
	half := rest[:0:0]
	half = slices.Grow(half, len(rest)/2)
	for i := s.toss(); i < len(rest); i += 2 {
		half = append(half, rest[i])
	}
	s.put(h+1, half)
	s.levels[h] = level[:keep]
	s.size -= len(half)
}

// toss is 0 or 1 (a step of splitmix64).
func (s *kll) toss() int {
	s.coin += 0x9e3779b97f4a7c15
	return int(hashNumber(s.coin) >> 63)
}

// merged merges sorted slices, from the end backwards within a's memory.
func merged(a, b []float64) []float64 {
	i, j := len(a)-1, len(b)-1
	a = append(a, b...)
	for at := len(a) - 1; j >= 0; at-- {
		if i >= 0 && a[i] > b[j] {
			a[at] = a[i]
			i--
		} else {
			a[at] = b[j]
			j--
		}
	}
	return a
}

// weighted lists the values of all levels, sorted, with what they stand for.
func (s *kll) weighted() ([]float64, []int64) {
	type pair struct {
		v float64
		w int64
	}
	all := make([]pair, 0, s.size)
	for h, level := range s.levels {
		for _, v := range level {
			all = append(all, pair{v, 1 << h})
		}
	}
	sorting.Stable(all, func(a, b pair) int {
		switch {
		case a.v < b.v:
			return -1
		case a.v > b.v:
			return 1
		}
		return 0
	})
	values, weights := make([]float64, len(all)), make([]int64, len(all))
	for i, p := range all {
		values[i], weights[i] = p.v, p.w
	}
	return values, weights
}
