package neural

import (
	"math"

	"github.com/runnel-dev/runnel/learn/portable"
)

// The activations of hidden units.
const (
	relu = "relu"
	tanh = "tanh"
	gelu = "gelu"
)

// activate sets out to the activation of each of z, and z to its slope there.
func activate[F float](name string, z, out []F) {
	switch name {
	case tanh:
		for u, v := range z {
			t := tangent(float64(v))
			out[u], z[u] = F(t), F(1-float64(t*t))
		}
	case gelu:
		for u, v := range z {
			value, slope := gaussian(float64(v))
			out[u], z[u] = F(value), F(slope)
		}
	default:
		if z, ok := any(z).([]float32); ok {
			rectify(z, any(out).([]float32))
			return
		}
		for u, v := range z {
			out[u], z[u] = max(v, 0), 0
			if v > 0 {
				z[u] = 1
			}
		}
	}
}

// rectify is activate without branches, which would be foreseen half the time.
func rectify(z, out []float32) {
	out = out[:len(z)]
	one := math.Float32bits(1)
	for u := rectifyFast(z, out); u < len(z); u++ {
		b := math.Float32bits(z[u])
		above := uint32(-int32(b)>>31) &^ uint32(int32(b)>>31) // all ones where v > 0
		out[u] = math.Float32frombits(b & above)
		z[u] = math.Float32frombits(one & above)
	}
}

// tangent is the hyperbolic one.
func tangent(v float64) float64 {
	t := portable.Exp(-2 * math.Abs(v))
	return math.Copysign((1-t)/(1+t), v)
}

// gaussian is the Gaussian error linear unit and its slope, in the form with tanh
// (Hendrycks and Gimpel, "Gaussian error linear units", 2016).
func gaussian(v float64) (value, slope float64) {
	const a, b = 0.7978845608028654, 0.044715 // the first is the square root of 2/pi
	if math.Abs(v) > 1e3 {
		if v > 0 {
			return v, 1
		}
		return 0, 0
	}
	s := float64(v * v)
	t := tangent(float64(float64(a*v) * (1 + float64(b*s))))
	rise := float64(a * (1 + float64(3*b*s)))
	half := float64(0.5 * (1 + t))
	return half * v, half + float64(float64(float64(0.5*v)*(1-float64(t*t)))*rise)
}
