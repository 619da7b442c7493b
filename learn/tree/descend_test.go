package tree

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

// Scores by descents have the bits of those down the trees, with values that are
// missing or infinite, too.
func TestDescentsAsTrees(t *testing.T) {
	for _, share := range []float64{0, 0.2} {
		r := rand.New(rand.NewPCG(1, 0))
		x := &learn.Matrix{Rows: 1003}
		for _, name := range []string{"a", "b", "few", "none"} {
			column := make([]float64, x.Rows)
			for i := range column {
				switch column[i] = r.NormFloat64(); {
				case name == "few":
					column[i] = math.Floor(column[i])
				case name == "none":
					column[i] = math.NaN()
				case i%97 == 0:
					column[i] = math.Inf(i%2*2 - 1)
				}
				if share == 0 && name == "none" {
					column[i] = 1
				}
				if r.Float64() < share {
					column[i] = math.NaN()
				}
			}
			x.Names, x.Columns = append(x.Names, name), append(x.Columns, column)
		}
		for _, samples := range []float64{0, 1, 2, 999} {
			f := IsolationForest{Estimators: 20, MaxSamples: samples}
			m, err := f.Isolate(t.Context(), x, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, want := m.Scores(x, 2), make([]float64, x.Rows)
			if m.descents(x.Rows, 0, 1) == nil {
				t.Fatal("no descents are made")
			}
			m.scores(x, nil, 0, 0, want)
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%v samples, row %d: %v, want %v", samples, i, got[i], want[i])
				}
			}
		}
	}
}

// A tree that is a long chain has no descent, whose size would be beyond all bounds.
func TestDescentOfChain(t *testing.T) {
	chain := isolationTree{nodes: make([]isolationSplit, 81), length: make([]float64, 81)}
	for i := range 40 {
		chain.nodes[2*i].left = int32(2*i + 1) // a leaf, and the next split
	}
	if d := newDescent(&chain, 0); d != nil {
		t.Errorf("it has one of depth %d", d.depth)
	}
}
