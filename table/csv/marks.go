package csv

import (
	"encoding/binary"
	"math/bits"
)

const (
	ones = 0x0101010101010101
	lows = 0x7f7f7f7f7f7f7f7f
)

// A look is what one walk over a chunk finds out: one word in masks for every
// 64 bytes, in which a bit is set where the byte is the delimiter or the
// newline, the number of newlines, and whether there are NUL bytes and bytes
// beyond ASCII.
type look struct {
	masks     []uint64
	newlines  int
	nul, high bool
}

// after is the first position from i on where a bit of masks is set; there is one.
func (l *look) after(i int) int {
	w := i >> 6
	mask := l.masks[w] & (^uint64(0) << (i & 63))
	for mask == 0 {
		w++
		mask = l.masks[w]
	}
	return w<<6 + bits.TrailingZeros64(mask)
}

// generic looks at buf 8 bytes at a time, after what l saw before.
func (l *look) generic(buf []byte, delimiter, newline byte) {
	pd, pn := ones*uint64(delimiter), ones*uint64(newline)
	var nul, high uint64
	for len(buf) >= 64 {
		var mask uint64
		for k := 0; k < 64; k += 8 {
			w := binary.LittleEndian.Uint64(buf[k:])
			n := zeros(w ^ pn)
			l.newlines += bits.OnesCount64(n)
			mask |= gather(zeros(w^pd)|n) << k
			nul |= zeros(w)
			high |= w
		}
		l.masks = append(l.masks, mask)
		buf = buf[64:]
	}
	if len(buf) > 0 {
		var mask uint64
		for k, c := range buf {
			switch c {
			case newline:
				l.newlines++
				mask |= 1 << k
			case delimiter:
				mask |= 1 << k
			case 0:
				nul = 1
			}
			high |= uint64(c)
		}
		l.masks = append(l.masks, mask)
	}
	l.nul = l.nul || nul != 0
	l.high = l.high || high&^lows != 0
}

// zeros sets the high bit of every byte of w that is zero, and no other.
func zeros(w uint64) uint64 {
	return ^((w&lows + lows) | w | lows)
}

// gather packs the high bits of the eight bytes into the low eight bits.
func gather(w uint64) uint64 { return w >> 7 * 0x0102040810204080 >> 56 }

// positions appends where the bits of masks are set.
func positions(out []uint32, masks []uint64) []uint32 {
	n := len(out)
	for i, mask := range masks {
		if cap(out) < n+64 {
			out = append(make([]uint32, 0, 2*cap(out)+1024), out[:n]...)
		}
		out = out[:n+64]
		base := uint32(i * 64)
		count := bits.OnesCount64(mask)
		// Four at a time without asking: what is too much is written over.
		for k := n; ; k += 4 {
			at := out[k : k+4 : k+4]
			at[0] = base + uint32(bits.TrailingZeros64(mask))
			mask &= mask - 1
			at[1] = base + uint32(bits.TrailingZeros64(mask))
			mask &= mask - 1
			at[2] = base + uint32(bits.TrailingZeros64(mask))
			mask &= mask - 1
			at[3] = base + uint32(bits.TrailingZeros64(mask))
			mask &= mask - 1
			if mask == 0 {
				break
			}
		}
		n += count
	}
	return out[:n]
}
