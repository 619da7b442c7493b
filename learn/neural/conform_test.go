package neural

import (
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

func TestConformance(t *testing.T) {
	plain := func(n *Network) {}
	for name, change := range map[string]func(*Network){
		"relu, adam": plain,
		"gelu, all else": func(n *Network) {
			n.Activation, n.Dropout, n.BatchNorm, n.Decay, n.EarlyStopping = gelu, 0.05, true, 1e-3, true
			n.Solver, n.Schedule = "sgd", "cosine"
		},
	} {
		t.Run(name, func(t *testing.T) {
			learntest.Estimator(t, func() learn.Estimator {
				n := New()
				n.Hidden, n.Epochs, n.Batch, n.Rate = []int{8}, 8, 25, 0.03
				change(n)
				return n
			}, learntest.Config{Restore: FromState})
		})
	}
}

// A network that is large enough for more than one thread is the same by any number.
func TestThreads(t *testing.T) {
	x, y := learntest.Data(learn.Classification, 300, 50)
	n := New()
	n.Hidden, n.Epochs, n.Batch, n.Dropout = []int{100, 40}, 3, 128, 0.2
	for _, normalised := range []bool{false, true} {
		n.BatchNorm = normalised
		var want []float64
		for _, threads := range []int{1, 2, 3, 8} {
			m, err := n.Fit(t.Context(), x, y, &learn.Options{Threads: threads})
			if err != nil {
				t.Fatal(err)
			}
			got := m.Predict(x)
			if want == nil {
				want = got
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("batch norm %v: output %d is %v by %d threads, and %v by one", normalised, i, got[i], threads, want[i])
				}
			}
		}
	}
}
