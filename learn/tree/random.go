package tree

// random is a small pseudorandom generator: SplitMix64 (Steele, Lea and Flood,
// "Fast splittable pseudorandom number generators", 2014).
type random struct{ state uint64 }

// stream is the generator of one tree of a forest: far from that of any other.
func stream(seed uint64, tree int) random {
	r := random{state: seed}
	r.state = r.next() + uint64(tree)
	r.state = r.next()
	return r
}

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number in [0, n); its bias, below n in 2^32, does not matter here.
func (r *random) below(n uint32) uint32 {
	return uint32(r.next() >> 32 * uint64(n) >> 32)
}

// unit returns a number in [0, 1).
func (r *random) unit() float64 { return float64(r.next()>>11) / (1 << 53) }
