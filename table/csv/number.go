package csv

//go:generate go run pow10gen.go

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"unsafe"
)

// A numberForm says what a text is as a number.
type numberForm uint8

const (
	notNumber numberForm = iota
	integer              // digits alone, exact as a float64
	rounded              // digits alone, between two float64
	fraction             // with a decimal mark, or an exponent, or inf
	overflow             // beyond the range of float64
)

// parseFloat reads b, which has no spaces around it, as a decimal number with
// the given decimal mark, rounded to nearest even as strconv does. A number
// with leading zeros such as 007 is text.
func parseFloat(b []byte, mark byte) (float64, numberForm) {
	i, neg := 0, uint64(0)
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		if b[0] == '-' {
			neg = 1 << 63
		}
		i = 1
	}
	start := i
	var man uint64
	for ; i < len(b); i++ {
		d := b[i] - '0'
		if d > 9 {
			break
		}
		man = man*10 + uint64(d)
	}
	whole := i - start
	if whole > 1 && b[start] == '0' {
		return 0, notNumber
	}
	digits, exp, form := whole, 0, integer
	if i < len(b) && b[i] == mark {
		i++
		point := i
		for len(b)-i >= 8 {
			w := binary.LittleEndian.Uint64(b[i:])
			if !eightDigits(w) {
				break
			}
			man = man*1e8 + parseEight(w)
			i += 8
		}
		for ; i < len(b); i++ {
			d := b[i] - '0'
			if d > 9 {
				break
			}
			man = man*10 + uint64(d)
		}
		exp = point - i
		digits -= exp
		form = fraction
	}
	if digits == 0 {
		return parseInf(b[start:], neg)
	}
	if i < len(b) {
		if b[i]|0x20 != 'e' {
			return 0, notNumber
		}
		e, ok := parseExponent(b[i+1:])
		if !ok {
			return 0, notNumber
		}
		exp += e
		form = fraction
	}
	if digits > 19 && significant(b[start:], mark) > 19 {
		return slowFloat(b, mark, form)
	}
	if man>>53 == 0 {
		switch {
		case exp == 0 || man == 0:
			return math.Float64frombits(math.Float64bits(float64(man)) | neg), form
		case exp < 0 && exp >= -22: // Clinger's fast path: both are exact, so one rounding
			return math.Float64frombits(math.Float64bits(float64(man)/exact10[-exp]) | neg), form
		case exp > 0 && exp <= 22:
			return math.Float64frombits(math.Float64bits(float64(man)*exact10[exp]) | neg), form
		}
	}
	if form == integer && exp == 0 {
		f := float64(man)
		if f >= 1<<64 || uint64(f) != man {
			form = rounded
		}
		return math.Float64frombits(math.Float64bits(f) | neg), form
	}
	if f, ok := eiselLemire(man, exp); ok {
		return math.Float64frombits(f | neg), form
	}
	return slowFloat(b, mark, form)
}

// exact10 holds the powers of ten that a float64 holds exactly.
var exact10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// eightDigits reports whether all bytes of w are ASCII digits.
func eightDigits(w uint64) bool {
	return (w&0xf0f0f0f0f0f0f0f0)|((w+0x0606060606060606)&0xf0f0f0f0f0f0f0f0)>>4 == 0x3333333333333333
}

// parseEight is the number that eight ASCII digits write, the first digit in
// the lowest byte of w.
func parseEight(w uint64) uint64 {
	return eight(w - ones*'0')
}

// parseExponent reads what follows the e of a number. Exponents are cut off at
// ten thousand, where every number is zero or out of range... unless it has as
// many digits, which strconv decides.
func parseExponent(b []byte) (int, bool) {
	neg := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg = b[0] == '-'
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, false
	}
	e := 0
	for _, c := range b {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		if e < 1e8 {
			e = e*10 + int(d)
		}
	}
	if neg {
		e = -e
	}
	return e, true
}

// significant counts the digits of a number from the first that is not zero.
func significant(b []byte, mark byte) int {
	n := 0
	for _, c := range b {
		if c == mark {
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		if n > 0 || c != '0' {
			n++
		}
	}
	return n
}

func parseInf(b []byte, neg uint64) (float64, numberForm) {
	if foldEqual(b, "inf") || foldEqual(b, "infinity") {
		return math.Float64frombits(math.Float64bits(math.Inf(1)) | neg), fraction
	}
	return 0, notNumber
}

// foldEqual reports whether b is the lower-case word in any case of ASCII letters.
func foldEqual(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if c|0x20 != word[i] {
			return false
		}
	}
	return true
}

// slowFloat reads a number whose syntax was checked with strconv.
func slowFloat(b []byte, mark byte, form numberForm) (float64, numberForm) {
	if mark != '.' {
		b = append([]byte(nil), b...)
		for i, c := range b {
			if c == mark {
				b[i] = '.'
			}
		}
	}
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), len(b)), 64)
	if err != nil {
		return math.NaN(), overflow
	}
	if form == integer {
		form = rounded
	}
	return f, form
}

// eiselLemire is man * 10^exp as the bits of a float64, exactly rounded, for man
// not zero; false where 128 bits of the power do not decide.
//
// See https://arxiv.org/abs/2101.11408 and, for the steps that are named in the
// comments, https://nigeltao.github.io/blog/2020/eisel-lemire.html.
func eiselLemire(man uint64, exp int) (uint64, bool) {
	if exp < pow10Min || exp > pow10Max {
		return 0, false
	}
	power := &pow10[exp-pow10Min]
	// Normalization.
	zeros := bits.LeadingZeros64(man)
	man <<= uint(zeros) & 63
	exp2 := uint64((108853*exp)>>15+1+63+1023) - uint64(zeros)
	// Multiplication.
	hi, lo := bits.Mul64(man, power[0])
	// Wider approximation.
	if hi&0x1ff == 0x1ff && lo+man < man {
		yhi, ylo := bits.Mul64(man, power[1])
		mhi, mlo := hi, lo+yhi
		if mlo < lo {
			mhi++
		}
		if mhi&0x1ff == 0x1ff && mlo+1 == 0 && ylo+man < man {
			return 0, false
		}
		hi, lo = mhi, mlo
	}
	// Shifting to 54 bits.
	top := hi >> 63
	m := hi >> (top + 9)
	exp2 -= 1 ^ top
	// Half-way ambiguity.
	if lo == 0 && hi&0x1ff == 0 && m&3 == 1 {
		return 0, false
	}
	// From 54 to 53 bits.
	m += m & 1
	m >>= 1
	if m>>53 > 0 {
		m >>= 1
		exp2++
	}
	if exp2-1 >= 0x7ff-1 { // subnormal, or out of range
		return 0, false
	}
	return exp2<<52 | m&(1<<52-1), true
}

// parseInt reads b, which has no spaces around it, as an integer within int64.
// An integer with leading zeros is text.
func parseInt(b []byte) (int64, bool) {
	i := 0
	neg := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg = b[0] == '-'
		i = 1
	}
	n := len(b) - i
	if n == 0 || n > 19 || n > 1 && b[i] == '0' {
		return 0, false
	}
	var v uint64
	for ; len(b)-i >= 8; i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if !eightDigits(w) {
			return 0, false
		}
		v = v*1e8 + parseEight(w)
	}
	for ; i < len(b); i++ {
		d := b[i] - '0'
		if d > 9 {
			return 0, false
		}
		v = v*10 + uint64(d)
	}
	if neg {
		return -int64(v), v <= 1<<63
	}
	return int64(v), v < 1<<63
}

// fastInt reads buf[s:e] if it is one to eight digits, with or without a minus;
// parseInt reads all else.
func fastInt(buf []byte, s, e int) (int64, bool) {
	if e < 8 || s >= e {
		return 0, false
	}
	neg := int64(0)
	if buf[s] == '-' {
		neg = -1
		s++
	}
	n := uint(e - s)
	if n-1 > 7 || n > 1 && buf[s] == '0' {
		return 0, false
	}
	w := (binary.LittleEndian.Uint64(buf[e-8:]) ^ ones*'0') & (^uint64(0) << (64 - 8*n))
	if (w|(w+ones*0x76))&(ones*0x80) != 0 {
		return 0, false
	}
	return (int64(eight(w)) ^ neg) - neg, true
}
