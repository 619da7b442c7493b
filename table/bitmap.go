package table

import "math/bits"

// A Bitmap marks rows, one bit a row, least significant bit first. As the
// validity of a column a set bit means that the row has a value.
type Bitmap []uint64

// NewBitmap makes a bitmap for n rows with no bit set.
func NewBitmap(n int) Bitmap { return make(Bitmap, (n+63)/64) }

// Get reports whether bit i is set.
func (b Bitmap) Get(i int) bool { return b[i>>6]>>(uint(i)&63)&1 == 1 }

// Set sets bit i.
func (b Bitmap) Set(i int) { b[i>>6] |= 1 << (uint(i) & 63) }

// Clear clears bit i.
func (b Bitmap) Clear(i int) { b[i>>6] &^= 1 << (uint(i) & 63) }

// SetAll sets the first n bits.
func (b Bitmap) SetAll(n int) {
	for i := range b {
		b[i] = ^uint64(0)
	}
	if tail := uint(n) & 63; tail != 0 && len(b) > 0 {
		b[len(b)-1] = 1<<tail - 1
	}
}

// Count is the number of set bits among the first n.
func (b Bitmap) Count(n int) int {
	count := 0
	for i, w := range b {
		if rest := n - i*64; rest < 64 {
			if rest <= 0 {
				break
			}
			w &= 1<<uint(rest) - 1
		}
		count += bits.OnesCount64(w)
	}
	return count
}
