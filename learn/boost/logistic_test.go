package boost

import (
	"math"
	"testing"

	"github.com/runnel-dev/runnel/learn/splitmix"
)

// The gradients are those of the log loss; where there is assembly for them, it
// writes the same words.
func TestLogisticWords(t *testing.T) {
	rng := splitmix.Source{State: 1}
	var of, sign []float64
	for i := range 1003 {
		f := 30 * (rng.Unit() - 0.5)
		if i < 20 {
			f = []float64{0, math.Copysign(0, -1), 1e-300, -1e-300, 39.9, -39.9, 40, -40, 700, -700, 1e300, -1e300, 0.34657, -0.34657, 5e-324, 1, -1, 2, -2, 20}[i]
		}
		of, sign = append(of, f), append(sign, float64(1-2*int(rng.Below(2))))
	}
	const scale = 1 << 29
	words := make([]word, len(of))
	got := logisticWords(words, of, sign, scale, scale)
	m, want := margins{gradientScale: scale, hessianScale: scale}, totals{}
	for i, f := range of {
		g, h := logisticStep(f, sign[i])
		var w word
		if m.put(&want, &w, g, h); words[i] != w {
			t.Fatalf("the word of margin %v, sign %v is %x, want %x", f, sign[i], words[i], w)
		}
		u := 1 / (1 + math.Exp(f*sign[i]))
		if math.Abs(g+sign[i]*u) > 1e-9*u+1e-17 || math.Abs(h-u*(1-u)) > 1e-9*u+1e-17 {
			t.Errorf("at margin %v, sign %v the gradient is %v and the hessian %v, want %v and %v", f, sign[i], g, h, -sign[i]*u, u*(1-u))
		}
	}
	if got != want {
		t.Errorf("the totals are %v, want %v", got, want)
	}
}

func BenchmarkLogisticWords(b *testing.B) {
	of, sign, words := make([]float64, 4096), make([]float64, 4096), make([]word, 4096)
	for i := range of {
		of[i], sign[i] = float64(i%97)/20-2, float64(i*7%2*2-1)
	}
	for b.Loop() {
		logisticWords(words, of, sign, 1<<30, 1<<30)
	}
}
