package csv

import "golang.org/x/sys/cpu"

// best is the highest level that the processor has.
func best() level {
	switch x := &cpu.X86; {
	case x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512VBMI2 && x.HasAVX512VPOPCNTDQ:
		return avx512
	case x.HasAVX2 && x.HasBMI1 && x.HasBMI2 && x.HasPOPCNT:
		return avx2
	}
	return plain
}

// fractions reads rows of a column from row on into out, which has at most
// batch of them, and sets in odd, which is zero, a bit for each row that it
// leaves to parseFloat. It reads none that fastFloat would not.
func (t *tokens) fractions(out []float64, row, col int, mark byte, odd *oddRows) {
	switch {
	case t.level == avx512:
		t.fractions512(out, row, col, mark, odd)
	case t.level == avx2 && len(t.buf) >= 64:
		t.fractions256(out, row, col, mark, odd)
	default:
		t.fractionsGeneric(out, row, col, mark, odd, 0, len(out))
	}
}

func (t *tokens) fractions256(out []float64, row, col int, mark byte, odd *oddRows) {
	for r := 0; r < len(out); r++ {
		k := (row+r)*t.cols + col
		starts, step, plus := &t.starts[row+r], 4, 0
		if col > 0 {
			starts, step, plus = &t.ends[k-1], 4*t.cols, 1
		}
		// A field is read from 33 bytes before its end to 9 after its start.
		r += fractionsAVX2(&out[r], &t.buf[0], len(t.buf)-9-33, starts, &t.ends[k], step, 4*t.cols, plus, len(out)-r, mark, &fractionPowers[0], &exact10[0])
		if r < len(out) {
			odd.set(r)
		}
	}
}

func (t *tokens) fractions512(out []float64, row, col int, mark byte, odd *oddRows) {
	// A field is read from 16 bytes before its end to 8 after its start: the
	// first rows of a chunk and its last are left out.
	from, to := 0, len(out)&^7
	if t.ends[row*t.cols+col] < 16 || t.start(row, col) == 0 {
		from = 8
	}
	for to > from && t.start(row+to-1, col)+8 > len(t.buf) {
		to -= 8
	}
	if to <= from || t.ends[(row+from)*t.cols+col] < 16 {
		t.fractionsGeneric(out, row, col, mark, odd, 0, len(out))
		return
	}
	if col > 0 {
		fractionsAVX512(&out[from], &odd[from/8], &t.buf[0], &t.ends[(row+from)*t.cols+col-1], 4*t.cols, (to-from)/8, mark)
	} else {
		var bounds [batch][2]uint32
		for r := from; r < to; r++ {
			bounds[r] = [2]uint32{t.starts[row+r] - 1, t.ends[(row+r)*t.cols]}
		}
		fractionsAVX512(&out[from], &odd[from/8], &t.buf[0], &bounds[from][0], 8, (to-from)/8, mark)
	}
	t.fractionsGeneric(out, row, col, mark, odd, 0, from)
	t.fractionsGeneric(out, row, col, mark, odd, to, len(out))
}

// fractionsAVX2 reads up to n rows, as far as it can, and says how many. The
// field of a row is buf[*starts+plus : *ends], the steps to the next row are in
// bytes; one that ends beyond limit+33 is not read.
//
//go:noescape
func fractionsAVX2(out *float64, buf *byte, limit int, starts, ends *uint32, startStep, endStep, plus, n int, mark byte, powers *fractionPower, exact *float64) int

// fractionsAVX512 reads n times eight rows. The field of a row is
// buf[bounds[0]+1 : bounds[1]], the bounds of the next are step bytes on. For
// each eight there is a byte of odd, with a bit for every row that is not read.
//
// A number is v = M / 10^p with M below 2^64, v below 10^7, p from 1 to 18. It is
// rounded without 128-bit products. With m the float64 nearest M and i that
// nearest 10^-p (or the product of two such), q = m*i is v but for 2^-50 of it.
// r = m - q*10^p is exact in one fused step, as it is a multiple of ulp(q)*2^p,
// and less than 2^53 of those. So v = q + t, where t = (r + (M-m)) * i is off by
// less than 2^-100 q, and q + t rounds as v does unless v is as near to a
// midpoint of two float64. It is not: a midpoint is h = H / 2^k, H odd and below
// 2^54, and k > p as h is below 2^24. v - h = (M*2^(k-p) - H*5^p) / (5^p*2^k), in
// which the dividend is odd, so not 0: v is at least h / (5^p*H) away from h,
// which is more than 2^-96 h.
//
//go:noescape
func fractionsAVX512(out *float64, odd *uint8, buf *byte, bounds *uint32, step, n int, mark byte)
