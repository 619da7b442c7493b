package csv

import (
	"encoding/binary"
	"iter"
	"math"
	"math/bits"
)

// fastFloat reads buf[s:e] if it is a plain decimal fraction such as
// -12.3456789 with at most seven digits before the mark, and no more than
// nineteen in all; parseFloat reads all else. It is one straight line of code:
// the fraction is taken in three words that end where the field ends, and what
// stands before the fraction is masked off, so that the number of digits costs
// no mispredicted branch.
func fastFloat(buf []byte, s, e int, mark byte) (float64, bool) {
	if e < 24 || s+9 > len(buf) || e > len(buf) || s >= e {
		return 0, false
	}
	sign := uint64(0)
	if buf[s] == '-' {
		sign = 1
	}
	s += int(sign)
	head := binary.LittleEndian.Uint64(buf[s:])
	at := zeros(head ^ ones*uint64(mark))
	whole := bits.TrailingZeros64(at) >> 3 // digits before the mark; 8: no mark there
	places := e - s - whole - 1
	if whole-1 > 6 || places < 1 || whole+places > 19 || whole > 1 && buf[s] == '0' {
		return 0, false
	}
	tail := buf[e-24 : e : e]
	a := binary.LittleEndian.Uint64(tail[16:])
	b := binary.LittleEndian.Uint64(tail[8:])
	c := binary.LittleEndian.Uint64(tail)
	// Digits as 0 to 9 in each byte, those that do not belong to it as 0.
	keep := &fractionMasks[places]
	a = (a ^ ones*'0') & keep[2]
	b = (b ^ ones*'0') & keep[1]
	c = (c ^ ones*'0') & keep[0]
	w := head&0xff ^ '0'
	if whole > 1 {
		w = (head ^ ones*'0') << (64 - 8*uint(whole))
	}
	if ((w+ones*0x76)|(a+ones*0x76)|(b+ones*0x76)|(c+ones*0x76)|w|a|b|c)&(ones*0x80) != 0 {
		return 0, false
	}
	if whole > 1 {
		w = eight(w)
	}
	man := w*tens[places] + (c>>40&0xff*100+c>>48&0xff*10+c>>56)*1e16 + eight(b)*1e8 + eight(a)
	if whole+places <= 15 {
		return math.Float64frombits(math.Float64bits(float64(man)/exact10[places]) | sign<<63), true
	}
	if man == 0 {
		return math.Float64frombits(sign << 63), true
	}
	// As eiselLemire, for what 64 bits of the power decide.
	zeros := bits.LeadingZeros64(man)
	power := &fractionPowers[places]
	hi, lo := bits.Mul64(man<<(uint(zeros)&63), power.mantissa)
	if hi&0x1ff == 0x1ff || lo == 0 {
		f, ok := eiselLemire(man, -places)
		return math.Float64frombits(f | sign<<63), ok
	}
	top := hi >> 63
	m := hi >> (top + 9)
	m += m & 1
	// A mantissa that rounds up to 2^54 carries into the exponent by itself.
	return math.Float64frombits((power.exponent-uint64(zeros)+top)<<52 + m>>1 | sign<<63), true
}

// fractionMasks keeps, of the 24 bytes before the end of a field, the last n,
// where n is at most 19.
var fractionMasks = func() (masks [20][3]uint64) {
	for n := range masks {
		for i := 24 - n; i < 24; i++ {
			masks[n][i/8] |= 0xff << (i % 8 * 8)
		}
	}
	return masks
}()

type fractionPower struct{ mantissa, exponent uint64 }

// fractionPowers holds 10^-n: its first 64 bits, and what the exponent of a
// product with them is made of.
var fractionPowers = func() (powers [20]fractionPower) {
	for n := range powers {
		powers[n].mantissa = pow10[-n-pow10Min][0]
		powers[n].exponent = uint64((108853*-n)>>15 + 1 + 63 + 1023 - 1 - 1)
	}
	return powers
}()

// eight is the number of eight digits from 0 to 9, the first in the lowest byte.
func eight(w uint64) uint64 {
	w = w*10 + w>>8
	return ((w&0x000000ff000000ff)*(100+1000000<<32) + (w>>16&0x000000ff000000ff)*(1+10000<<32)) >> 32
}

// tens holds the powers of ten of a uint64.
var tens = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19}

// batch is how many rows of a column are read at a time.
const batch = 1024

// oddRows has a bit for every row of a batch.
type oddRows [batch / 8]uint8

func (o *oddRows) set(row int) { o[row>>3] |= 1 << (row & 7) }

// fill sets the first n.
func (o *oddRows) fill(n int) {
	for row := range n {
		o.set(row)
	}
}

// all are the rows that are set, in order, of a batch that begins at row first.
func (o *oddRows) all(first int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, set := range o {
			for ; set != 0; set &= set - 1 {
				if !yield(first + i*8 + bits.TrailingZeros8(set)) {
					return
				}
			}
		}
	}
}

// fractionsGeneric does with rows from to to of out what fractions does.
func (t *tokens) fractionsGeneric(out []float64, row, col int, mark byte, odd *oddRows, from, to int) {
	for i := from; i < to; i++ {
		v, ok := fastFloat(t.buf, t.start(row+i, col), int(t.ends[(row+i)*t.cols+col]), mark)
		if !ok {
			odd.set(i)
		}
		out[i] = v
	}
}
