// Package portable has the functions of package math whose last bits depend on
// the processor: that has assembly for some, and fuses multiplications with
// additions on others. What a step writes is the same bytes wherever it runs, so
// what goes into an artifact is computed with these.
package portable

import "math"

const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

// Exp is e^x, within an ulp (FreeBSD's e_exp.c; Tang 1989).
func Exp(x float64) float64 {
	const (
		p1 = 1.66666666666666657415e-01
		p2 = -2.77777777770155933842e-03
		p3 = 6.61375632143793436117e-05
		p4 = -1.65339022054652515390e-06
		p5 = 4.13813679705723846039e-08
	)
	if !(x > -746 && x < 710) {
		switch {
		case x != x:
			return x
		case x > 0:
			return math.Inf(1)
		}
		return 0
	}
	k := int(float64(x*math.Log2E) + math.Copysign(0.5, x))
	hi := x - float64(float64(k)*ln2Hi)
	lo := float64(float64(k) * ln2Lo)
	r := hi - lo
	t := float64(r * r)
	c := r - float64(t*(p1+float64(t*(p2+float64(t*(p3+float64(t*(p4+float64(t*p5)))))))))
	y := 1 - ((lo - float64(r*c)/(2-c)) - hi)
	if k < -1020 || k > 1023 { // the result is not normal, or nearly not
		return math.Ldexp(y, k)
	}
	return y * math.Float64frombits(uint64(1023+k)<<52)
}

// Log is the natural logarithm of x, within an ulp (FreeBSD's e_log.c).
func Log(x float64) float64 {
	const (
		l1 = 6.666666666666735130e-01
		l2 = 3.999999999940941908e-01
		l3 = 2.857142874366239149e-01
		l4 = 2.222219843214978396e-01
		l5 = 1.818357216161805012e-01
		l6 = 1.531383769920937332e-01
		l7 = 1.479819860511658591e-01
	)
	const least = 0x1p-1022 // normal number
	f, e := x, 0
	if !(x >= least && x <= math.MaxFloat64) {
		switch {
		case !(x < least): // no number, or infinite
			return x
		case x < 0:
			return math.NaN()
		case x == 0:
			return math.Inf(-1)
		}
		f, e = x*0x1p54, -54
	}
	bits := math.Float64bits(f)
	e += int(bits>>52) - 1022
	f = math.Float64frombits(bits&(1<<52-1) | 1022<<52) // in [1/2, 1)
	if f < math.Sqrt2/2 {
		f *= 2
		e--
	}
	f--
	k := float64(e)
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	t1 := float64(s2 * (l1 + float64(s4*(l3+float64(s4*(l5+float64(s4*l7)))))))
	t2 := float64(s4 * (l2 + float64(s4*(l4+float64(s4*l6)))))
	r := t1 + t2
	h := float64(float64(0.5*f) * f)
	return float64(k*ln2Hi) - ((h - (float64(s*(h+r)) + float64(k*ln2Lo))) - f)
}

// Log2 is the binary logarithm of x, exact for a power of two.
func Log2(x float64) float64 {
	f, e := math.Frexp(x)
	if f == 0.5 {
		return float64(e - 1)
	}
	return float64(Log(f)*(1/math.Ln2)) + float64(e)
}

// Pow is x^y for a positive x, to about |y log x| ulps.
func Pow(x, y float64) float64 { return Exp(float64(y * Log(x))) }

// Sigmoid is 1 / (1 + e^-z).
func Sigmoid(z float64) float64 {
	if z < 0 {
		t := Exp(z)
		return t / (1 + t)
	}
	return 1 / (1 + Exp(-z))
}

// Softmax turns scores into probabilities, in place, and returns the logarithm
// of the sum of the scores' exponentials.
func Softmax(z []float64) float64 {
	top := z[0]
	for _, v := range z[1:] {
		top = max(top, v)
	}
	sum := 0.0
	for k, v := range z {
		z[k] = Exp(v - top)
		sum += z[k]
	}
	for k := range z {
		z[k] /= sum
	}
	return top + Log(sum)
}
