// Package splitmix is a small pseudorandom generator: SplitMix64 (Steele, Lea and
// Flood, "Fast splittable pseudorandom number generators", 2014).
package splitmix

// A Source draws numbers. Its zero value is ready, and is the seed 0.
type Source struct{ State uint64 }

// Stream is the generator of one of many tasks of a seed, such as a tree of a
// forest: far from that of any other.
func Stream(seed uint64, task int) Source {
	r := Source{seed}
	r.State = r.Next() + uint64(task)
	r.State = r.Next()
	return r
}

// Next returns 64 random bits.
func (r *Source) Next() uint64 {
	r.State += 0x9e3779b97f4a7c15
	z := r.State
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Below returns a number in [0, n); its bias, below n in 2^32, does not matter here.
func (r *Source) Below(n uint32) uint32 {
	return uint32(r.Next() >> 32 * uint64(n) >> 32)
}

// Unit returns a number in [0, 1).
func (r *Source) Unit() float64 { return float64(float64(r.Next()>>11) / (1 << 53)) }
