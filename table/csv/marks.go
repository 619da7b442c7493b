package csv

import "encoding/binary"

const (
	ones = 0x0101010101010101
	lows = 0x7f7f7f7f7f7f7f7f
)

// marksGeneric appends to masks one word for every 64 bytes of buf, in which a
// bit is set where the byte is a or b.
func marksGeneric(masks []uint64, buf []byte, a, b byte) []uint64 {
	pa, pb := ones*uint64(a), ones*uint64(b)
	for len(buf) >= 64 {
		var mask uint64
		for k := 0; k < 64; k += 8 {
			w := binary.LittleEndian.Uint64(buf[k:])
			mask |= gather(zeros(w^pa)|zeros(w^pb)) << k
		}
		masks = append(masks, mask)
		buf = buf[64:]
	}
	if len(buf) > 0 {
		var mask uint64
		for k, c := range buf {
			if c == a || c == b {
				mask |= 1 << k
			}
		}
		masks = append(masks, mask)
	}
	return masks
}

// zeros sets the high bit of every byte of w that is zero, and no other.
func zeros(w uint64) uint64 {
	return ^((w&lows + lows) | w | lows)
}

// gather packs the high bits of the eight bytes into the low eight bits.
func gather(w uint64) uint64 { return w >> 7 * 0x0102040810204080 >> 56 }
