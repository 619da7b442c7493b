package portable

import "math"

// Sincos is the sine and the cosine of x, of |x| below 2^29, within an ulp
// (Cephes' sin.c, Moshier 1992, as package math has it). It is NaN beyond.
func Sincos(x float64) (sin, cos float64) {
	const ( // pi/4, in parts of which a multiple is exact
		quarterA = 7.85398125648498535156e-1
		quarterB = 3.77489470793079817668e-8
		quarterC = 2.69515142907905952645e-15

		s0 = 1.58962301576546568060e-10
		s1 = -2.50507477628578072866e-8
		s2 = 2.75573136213857245213e-6
		s3 = -1.98412698295895385996e-4
		s4 = 8.33333333332211858878e-3
		s5 = -1.66666666666666307295e-1

		c0 = -1.13585365213876817300e-11
		c1 = 2.08757008419747316778e-9
		c2 = -2.75573141792967388112e-7
		c3 = 2.48015872888517045348e-5
		c4 = -1.38888888888730564116e-3
		c5 = 4.16666666666665929218e-2
	)
	if !(math.Abs(x) < 1<<29) {
		return math.NaN(), math.NaN()
	}
	octant := (int(float64(math.Abs(x)*(4/math.Pi))) + 1) &^ 1
	n := float64(octant)
	z := math.Abs(x) - float64(n*quarterA) - float64(n*quarterB) - float64(n*quarterC)
	z2 := float64(z * z)
	sin = s5 + float64(z2*(s4+float64(z2*(s3+float64(z2*(s2+float64(z2*(s1+float64(z2*s0)))))))))
	cos = c5 + float64(z2*(c4+float64(z2*(c3+float64(z2*(c2+float64(z2*(c1+float64(z2*c0)))))))))
	sin = z + float64(float64(z*z2)*sin)
	cos = 1 - float64(0.5*z2) + float64(float64(z2*z2)*cos)
	switch octant & 7 {
	case 2:
		sin, cos = cos, -sin
	case 4:
		sin, cos = -sin, -cos
	case 6:
		sin, cos = -cos, sin
	}
	if math.Signbit(x) {
		sin = -sin
	}
	return sin, cos
}
