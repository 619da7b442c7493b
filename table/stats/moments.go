package stats

import "math"

// Moments are the count, the mean and the sums of powers of the differences
// from it, which merge exactly but for rounding.
//
// Pébay, "Formulas for Robust, One-Pass Parallel Computation of Covariances and
// Arbitrary-Order Statistical Moments", Sandia SAND2008-6212, 2008.
type Moments struct {
	N    int64
	Mean float64
	M2   float64 // sum of (v-mean)^2
	M3   float64
	M4   float64

	// What Mean lacks: far from zero, the differences from a mean that is rounded
	// would cost the higher moments half their digits.
	rest float64
}

// MomentsOf are the moments of finite values, which it reads twice. The
// conversions keep a compiler from fusing multiplication and addition, so that
// all machines give the same bits.
func MomentsOf(v []float64) Moments {
	if len(v) == 0 {
		return Moments{}
	}
	// The mean by differences from the first value, so that it cannot overflow
	// and a constant is its own mean.
	first := v[0]
	var sum float64
	for _, x := range v {
		sum += x - first
	}
	m := Moments{N: int64(len(v))}
	m.Mean, m.rest = split(first, sum/float64(len(v)))
	if math.IsInf(sum, 0) {
		m.Mean, m.rest = 0, 0
		for _, x := range v {
			m.Mean += x / float64(len(v))
		}
	}
	for _, x := range v {
		d := (x - m.Mean) - m.rest
		d2 := float64(d * d)
		m.M2 += d2
		m.M3 += float64(d2 * d)
		m.M4 += float64(d2 * d2)
	}
	return m
}

func (a *Moments) merge(b Moments) {
	switch {
	case b.N == 0:
		return
	case a.N == 0:
		*a = b
		return
	}
	na, nb := float64(a.N), float64(b.N)
	n := na + nb
	d := (b.Mean - a.Mean) + (b.rest - a.rest)
	dn := d / n
	d2 := float64(dn * d)
	pair := float64(na * nb)
	m4 := a.M4 + b.M4 +
		float64(float64(d2*pair)*float64(float64(dn*dn)*(float64(na*na)-pair+float64(nb*nb)))) +
		float64(6*float64(dn*dn)*float64(float64(float64(na*na)*b.M2)+float64(float64(nb*nb)*a.M2))) +
		float64(4*dn*(float64(na*b.M3)-float64(nb*a.M3)))
	m3 := a.M3 + b.M3 +
		float64(float64(d2*pair)*float64(dn*(na-nb))) +
		float64(3*dn*(float64(na*b.M2)-float64(nb*a.M2)))
	a.M2 += b.M2 + float64(d2*pair)
	a.M3, a.M4 = m3, m4
	a.Mean, a.rest = split(a.Mean, a.rest+float64(dn*nb))
	a.N += b.N
}

// split is a+b, rounded, and what the rounding lost (Knuth's TwoSum).
func split(a, b float64) (sum, rest float64) {
	sum = a + b
	t := sum - a
	rest = (a - (sum - t)) + (b - t)
	if math.IsInf(sum, 0) || math.IsNaN(rest) {
		rest = 0
	}
	return sum, rest
}

// Variance is the unbiased variance; NaN below 2 values.
func (m Moments) Variance() float64 {
	if m.N < 2 {
		return math.NaN()
	}
	return m.M2 / float64(m.N-1)
}

// Std is the square root of the variance.
func (m Moments) Std() float64 { return math.Sqrt(m.Variance()) }

// Skew is the skewness G1, corrected for bias; NaN below 3 values and for a
// constant.
func (m Moments) Skew() float64 {
	n := float64(m.N)
	if m.N < 3 || m.constant() {
		return math.NaN()
	}
	return n * math.Sqrt(n-1) / (n - 2) * (m.M3 / m.M2 / math.Sqrt(m.M2))
}

// Kurtosis is the excess kurtosis G2, corrected for bias; NaN below 4 values and
// for a constant.
func (m Moments) Kurtosis() float64 {
	n := float64(m.N)
	if m.N < 4 || m.constant() {
		return math.NaN()
	}
	return float64(n*(n+1)*(n-1)/((n-2)*(n-3))*(m.M4/(m.M2*m.M2))) - float64(3*(n-1)*(n-1)/((n-2)*(n-3)))
}

// constant reports whether the variation is no more than rounding of the mean.
func (m Moments) constant() bool {
	eps := 0x1p-52 * math.Abs(m.Mean)
	return m.M2 <= float64(m.N)*eps*eps || m.M2 == 0
}
