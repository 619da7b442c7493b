package stats

import (
	"math"
	"math/bits"
)

// DistinctError is the standard error of the distinct count of a column that is
// beyond Options.Exact, as a part of the count.
const DistinctError = 1.04 / (1 << (hllBits / 2))

const hllBits = 12

// A hll is a HyperLogLog sketch: a register holds the longest run of zeros seen
// in the hashes that fall to it. Merging takes the larger, so that a merged
// sketch is the sketch of the whole.
//
// Flajolet, Fusy, Gandouet, Meunier 2007; the estimate is Ertl's, "New
// cardinality estimation algorithms for HyperLogLog sketches", 2017, algorithm 6.
type hll []uint8

func newHLL() hll { return make(hll, 1<<hllBits) }

func (h hll) add(hash uint64) {
	run := uint8(bits.LeadingZeros64(hash<<hllBits|1<<(hllBits-1))) + 1
	if r := &h[hash>>(64-hllBits)]; run > *r {
		*r = run
	}
}

func (h hll) merge(o hll) {
	for i, r := range o {
		h[i] = max(h[i], r)
	}
}

func (h hll) estimate() float64 {
	const (
		m = 1 << hllBits
		q = 64 - hllBits
	)
	var histogram [q + 2]float64
	for _, r := range h {
		histogram[r]++
	}
	z := float64(m * tau(1-float64(histogram[q+1]/m)))
	for k := q; k >= 1; k-- {
		z = float64(0.5 * (z + histogram[k]))
	}
	z += float64(m * sigma(histogram[0]/m))
	return m / (2 * math.Ln2) * m / z
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		last := z
		z += float64(x * y)
		y += y
		if z == last {
			return z
		}
	}
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		last := z
		y *= 0.5
		z -= float64((1 - x) * (1 - x) * y)
		if z == last {
			return z / 3
		}
	}
}

// hashNumber mixes the bits of a value (the finaliser of MurmurHash3).
func hashNumber(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return x
}

// hashString is FNV-1a, mixed.
func hashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h ^= uint64(s[i])
		h *= 1099511628211
	}
	return hashNumber(h)
}
