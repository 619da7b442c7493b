package search_test

import (
	"math"
	"testing"

	"github.com/runnel-dev/runnel/learn/search"
)

// TestLearns finds the samplers that learn to come far closer to the least value
// of Branin's function (0.397887) than one at random does.
func TestLearns(t *testing.T) {
	s := space(t, `{"x": {"uniform": [-5, 10]}, "y": {"uniform": [0, 15]}}`)
	mean := map[string]float64{}
	const trials = 80
	for _, sampler := range samplers {
		seeds := 12
		if sampler == "gp" {
			seeds = 3 // closer, and slower
		}
		for seed := range uint64(seeds) {
			st := study(t, s, sampler, seed)
			for range trials {
				x := st.Ask(1)[0]
				if err := st.Tell(x.Number, search.Outcome{Score: branin(x.Params)}); err != nil {
					t.Fatal(err)
				}
			}
			best, _ := st.Best()
			mean[sampler] += (best.Score - 0.397887) / float64(seeds)
		}
	}
	t.Logf("away from the least: %v", mean)
	if mean["tpe"] > mean["random"]/2 || mean["gp"] > mean["random"]/20 {
		t.Errorf("away from the least: %v", mean)
	}
}

func branin(p map[string]any) float64 {
	x, y := p["x"].(float64), p["y"].(float64)
	a := y - 5.1/(4*math.Pi*math.Pi)*x*x + 5/math.Pi*x - 6
	return a*a + 10*(1-1/(8*math.Pi))*math.Cos(x) + 10
}
