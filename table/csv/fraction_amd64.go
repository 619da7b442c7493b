package csv

import "golang.org/x/sys/cpu"

// fractions reads rows of a column from row on into out as long as fastFloat
// would read them, and says how many: in assembly where the processor has what
// it takes, with some rows left out that fastFloat could read.
func (t *tokens) fractions(out []float64, row, col int, mark byte) int {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasBMI1 || !cpu.X86.HasBMI2 || len(out) == 0 || len(t.buf) < 64 {
		return t.fractionsGeneric(out, row, col, mark)
	}
	ends := &t.ends[row*t.cols+col]
	starts, startStep, plus := &t.starts[row], 4, 0
	if col > 0 {
		starts, startStep, plus = &t.ends[row*t.cols+col-1], 4*t.cols, 1
	}
	// A field is read from 33 bytes before its end to 9 after its start.
	return fractionsAVX2(&out[0], &t.buf[0], len(t.buf)-9-33, starts, ends, startStep, 4*t.cols, plus, len(out), mark, &fractionPowers[0], &exact10[0])
}

// fractionsAVX2 reads up to n rows. The field of a row is buf[*starts+plus :
// *ends], the steps to the next row are in bytes; one that ends beyond limit+33
// is not read.
//
//go:noescape
func fractionsAVX2(out *float64, buf *byte, limit int, starts, ends *uint32, startStep, endStep, plus, n int, mark byte, powers *fractionPower, exact *float64) int
