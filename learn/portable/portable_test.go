package portable

import (
	"math"
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

func ulps(a, b float64) float64 {
	if a == b || a != a && b != b {
		return 0
	}
	return math.Abs(a-b) / (math.Nextafter(math.Abs(b), math.Inf(1)) - math.Abs(b))
}

// The bits are those of package math but for the last: each is within an ulp of
// what is right.
func TestAgainstMath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// On amd64 package math is wrong where Exp nearly overflows, and for the
		// logarithm of what is less than the least normal number.
		x := rapid.Float64().Filter(func(x float64) bool { return x < -750 || math.Abs(x) >= 0x1p-1022 && x < 709 || x > 710 }).Draw(t, "any")
		y := rapid.Float64Range(-750, 709).Draw(t, "moderate")
		p := rapid.Float64Range(1e-300, 1e300).Draw(t, "positive")
		for _, c := range []struct {
			name      string
			got, want float64
			most      float64
		}{
			{"Exp", Exp(x), math.Exp(x), 2},
			{"Exp", Exp(y), math.Exp(y), 2},
			{"Log", Log(x), math.Log(x), 2},
			{"Log", Log(p), math.Log(p), 2},
			{"Sigmoid", Sigmoid(-math.Abs(y)), math.Exp(-math.Abs(y)) / (1 + math.Exp(-math.Abs(y))), 4},
			{"Log2", Log2(p), math.Log2(p), 2},
			{"Pow", Pow(p, -0.2), math.Pow(p, -0.2), 700},
		} {
			if d := ulps(c.got, c.want); !(d <= c.most) {
				t.Errorf("%s of %v, %v, %v: %v, want %v (%v ulps)", c.name, x, y, p, c.got, c.want, d)
			}
		}
	})
}

// A few values by their bits: another processor that computes others writes other artifacts.
func TestBits(t *testing.T) {
	for _, c := range []struct {
		name string
		got  float64
		want uint64
	}{
		{"exp(1)", Exp(1), 0x4005bf0a8b145769},
		{"exp(-0.5)", Exp(-0.5), 0x3fe368b2fc6f960a},
		{"exp(-700.1)", Exp(-700.1), 0x00cf52f93df4dfcf},
		{"log(10)", Log(10), 0x40026bb1bbb55516},
		{"log(1e-9)", Log(1e-9), 0xc034b927f32bffb8},
		{"log2(10)", Log2(10), 0x400a934f0979a371},
		{"344^-0.2", Pow(344, -0.2), 0x3fd3e69412aa238a},
		{"sin(5.1)", first(Sincos(5.1)), 0xbfeda0461cd822bb},
	} {
		if got := math.Float64bits(c.got); got != c.want {
			t.Errorf("%s is %#x (%v), want %#x", c.name, got, c.got, c.want)
		}
	}
}

func TestEdges(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct{ got, want float64 }{
		{Exp(inf), inf}, {Exp(-inf), 0}, {Exp(0), 1}, {Exp(710), inf}, {Exp(-746), 0}, {Exp(-745), 5e-324}, {Exp(709.7), 1.6549840276802644e+308},
		{Log(inf), inf}, {Log(0), -inf}, {Log(1), 0}, {Log2(8), 3}, {Log2(0x1p-1074), -1074}, {Pow(4, 0), 1},
		{Log(5e-324), -744.4400719213812}, {Sigmoid(1000), 1}, {Sigmoid(-1000), 0}, {Sigmoid(0), 0.5},
	} {
		if c.got != c.want {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
	if !math.IsNaN(Exp(math.NaN())) || !math.IsNaN(Log(-1)) || !math.IsNaN(Log(math.NaN())) {
		t.Error("what is no number has a value")
	}
}

func first(v, _ float64) float64 { return v }

// Sines and cosines have the bits that package math has where nothing is fused.
func TestSincos(t *testing.T) {
	check := func(x float64) {
		sin, cos := Sincos(x)
		wantSin, wantCos := math.Sincos(x)
		exact := runtime.GOARCH == "amd64"
		for _, c := range [][2]float64{{sin, wantSin}, {cos, wantCos}} {
			if exact && math.Float64bits(c[0]) != math.Float64bits(c[1]) || math.Abs(c[0]-c[1]) > 0x1p-52 {
				t.Errorf("sine and cosine of %v: %v and %v, want %v and %v", x, sin, cos, wantSin, wantCos)
			}
		}
	}
	for _, x := range []float64{0, math.Copysign(0, -1), 1e-300, math.Pi / 4, math.Pi / 2, -math.Pi, 1.5 * math.Pi, 2 * math.Pi, 1<<29 - 1} {
		check(x)
	}
	rapid.Check(t, func(r *rapid.T) { check(rapid.Float64Range(-1e6, 1e6).Draw(r, "x")) })
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300} {
		if sin, cos := Sincos(x); sin == sin || cos == cos {
			t.Errorf("sine and cosine of %v: %v and %v, want neither", x, sin, cos)
		}
	}
}
