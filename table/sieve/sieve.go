// Package sieve finds which of many hashes occur more than once, in little memory.
package sieve

import (
	"math/bits"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
)

const (
	// exact is up to how many hashes are kept, at 8 bytes each.
	exact = 1 << 22
	// room is how many bits there are for each of more hashes: about one in 30
	// meets a bit that another one has set.
	room = 16
)

// A Sieve is shown hashes whose bits are evenly spread. Of many it keeps 2 bytes
// each: a bit where each one falls, and those that fell on a set bit (Bloom,
// "Space/time trade-offs in hash coding with allowable errors", 1970).
type Sieve struct {
	kept []uint64 // all, or those that fell on a set bit
	bits []uint64 // nil: all are kept
}

// New makes a sieve for about n hashes.
func New(n int) *Sieve {
	if n <= exact {
		return &Sieve{kept: make([]uint64, 0, n)}
	}
	return Sifting(n)
}

// Sifting is New that keeps few hashes of any number.
func Sifting(n int) *Sieve { return &Sieve{bits: make([]uint64, n*room/64+1)} }

// Add shows the sieve a hash.
func (s *Sieve) Add(h uint64) {
	if s.bits != nil {
		at, _ := bits.Mul64(h, uint64(len(s.bits))*64)
		word, bit := &s.bits[at/64], uint64(1)<<(at%64)
		if *word&bit == 0 {
			*word |= bit
			return
		}
		if len(s.kept) == cap(s.kept) { // hashes that come very often take no more than others
			sorting.Ordered(s.kept)
			s.kept = slices.Compact(s.kept)
			s.kept = slices.Grow(s.kept, max(1024, len(s.kept)/2))
		}
	}
	s.kept = append(s.kept, h)
}

// Again ends the showing. All hashes that occurred more than once are among those
// it returns, ascending and without repeats. Of few, times says how often each
// did; where it is nil, some may have occurred only once.
func (s *Sieve) Again() (hashes []uint64, times []int64) {
	kept, sifted := s.kept, s.bits != nil
	s.kept, s.bits = nil, nil
	sorting.Ordered(kept)
	if sifted {
		return slices.Clip(slices.Compact(kept)), nil
	}
	times = []int64{}
	n := 0
	for i := 0; i < len(kept); {
		end := i + 1
		for end < len(kept) && kept[end] == kept[i] {
			end++
		}
		if end > i+1 {
			kept[n] = kept[i]
			n++
			times = append(times, int64(end-i))
		}
		i = end
	}
	return slices.Clone(kept[:n]), times
}
