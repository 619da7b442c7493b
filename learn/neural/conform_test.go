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
		"tanh, sgd": func(n *Network) {
			n.Activation, n.Solver, n.Schedule = tanh, "sgd", "cosine"
		},
		"gelu, all else": func(n *Network) {
			n.Activation, n.Dropout, n.BatchNorm, n.Decay, n.EarlyStopping = gelu, 0.05, true, 1e-3, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			learntest.Estimator(t, func() learn.Estimator {
				n := New()
				n.Hidden, n.Epochs, n.Batch, n.Rate = []int{16}, 20, 100, 0.02
				change(n)
				return n
			}, learntest.Config{Restore: FromState})
		})
	}
}
