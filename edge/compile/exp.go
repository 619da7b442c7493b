package compile

import (
	"math"

	. "github.com/runnel-dev/runnel/edge/wasm" //nolint:staticcheck // instructions by their names
)

// exponential adds the function e^x. It is portable.Exp, operation by operation,
// and so has its bits.
func exponential(m *Module) *Func {
	const (
		ln2Hi = 6.93147180369123816490e-01
		ln2Lo = 1.90821492927058770002e-10
		p1    = 1.66666666666666657415e-01
		p2    = -2.77777777770155933842e-03
		p3    = 6.61375632143793436117e-05
		p4    = -1.65339022054652515390e-06
		p5    = 4.13813679705723846039e-08
	)
	const x Local = 0
	f := m.Func("", []Type{F64}, []Type{F64})
	k, hi, lo, r, t, y := f.Local(I32), f.Local(F64), f.Local(F64), f.Local(F64), f.Local(F64), f.Local(F64)

	f.Get(x)
	f.Float(-746)
	f.Do(F64Gt)
	f.Get(x)
	f.Float(710)
	f.Do(F64Lt, I32And, I32Eqz)
	f.If(func() { // NaN, or +Inf, or 0
		f.Get(x)
		f.Float(math.Inf(1))
		f.Float(0)
		f.Get(x)
		f.Float(0)
		f.Do(F64Gt, Select)
		f.Get(x)
		f.Get(x)
		f.Do(F64Ne, Select, Return)
	})
	f.Get(x)
	f.Float(math.Log2E)
	f.Do(F64Mul)
	f.Float(0.5)
	f.Get(x)
	f.Do(F64CopySign, F64Add)
	f.Truncate()
	f.Set(k)
	for _, part := range []struct {
		ln2 float64
		to  Local
	}{{ln2Hi, hi}, {ln2Lo, lo}} {
		f.Get(k)
		f.Do(F64FromI32)
		f.Float(part.ln2)
		f.Do(F64Mul)
		f.Set(part.to)
	}
	f.Get(x)
	f.Get(hi)
	f.Do(F64Sub)
	f.Tee(hi)
	f.Get(lo)
	f.Do(F64Sub)
	f.Tee(r)
	f.Get(r)
	f.Do(F64Mul)
	f.Set(t)
	// y = r - t*(p1 + t*(p2 + t*(p3 + t*(p4 + t*p5))))
	f.Get(r)
	coefficients := []float64{p1, p2, p3, p4, p5}
	for _, p := range coefficients {
		f.Get(t)
		f.Float(p)
	}
	f.Do(F64Mul)
	for range coefficients[1:] {
		f.Do(F64Add, F64Mul)
	}
	f.Do(F64Sub)
	f.Set(y)
	// y = 1 - ((lo - r*y/(2-y)) - hi)
	f.Float(1)
	f.Get(lo)
	f.Get(r)
	f.Get(y)
	f.Do(F64Mul)
	f.Float(2)
	f.Get(y)
	f.Do(F64Sub, F64Div, F64Sub)
	f.Get(hi)
	f.Do(F64Sub, F64Sub)
	f.Set(y)
	// y * 2^k, in two steps where 2^k is no normal number: the first is exact.
	for _, far := range []struct {
		beyond Op
		limit  int32
		shift  int32
	}{{I32LtS, -1020, 1000}, {I32GtS, 1023, -1000}} {
		f.Get(k)
		f.Int(uint32(far.limit))
		f.Do(far.beyond)
		f.If(func() {
			f.Get(y)
			power(f, k, 1023+far.shift)
			f.Do(F64Mul)
			f.Float(math.Ldexp(1, int(-far.shift)))
			f.Do(F64Mul, Return)
		})
	}
	f.Get(y)
	power(f, k, 1023)
	f.Do(F64Mul)
	return f
}

// power puts 2^(k + bias - 1023) on the stack.
func power(f *Func, k Local, bias int32) {
	f.Get(k)
	f.Int(uint32(bias))
	f.Do(I32Add, I64ExtendS)
	f.Long(52)
	f.Do(I64Shl, F64FromBits)
}
