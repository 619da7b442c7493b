package learntest

import (
	"math/rand/v2"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

// sameChecks are about fits that must give the same model.
var sameChecks = []check{
	{"same seed", sameSeed},
	{"any number of threads", anyThreads},
	{"row order", rowOrder},
	{"column order", columnOrder},
	{"monotone scale", monotoneScale},
	{"unit weights", unitWeights},
	{"weights and copies", copies},
}

func sameSeed(t *testing.T, s suite) {
	x, y := Data(s.task, 500, 20)
	for _, seed := range []uint64{0, 7} {
		a := s.fit(t, x, y, &learn.Options{Seed: seed})
		b := s.fit(t, x, y, &learn.Options{Seed: seed})
		sameState(t, a.State(), b.State())
		sameBits(t, "second fit", a.Predict(x), b.Predict(x))
	}
}

func anyThreads(t *testing.T, s suite) {
	for _, rows := range []int{50, 3000} {
		x, y := Data(s.task, rows, 21)
		w := full(rows, 1)
		for i := range w {
			w[i] = 0.1 + float64(i%7)
		}
		for _, c := range []struct {
			weights []float64
			threads []int
		}{{nil, []int{2, 8}}, {w, []int{3}}} {
			if c.weights != nil && s.Unweighted {
				continue
			}
			one := s.fit(t, x, y, &learn.Options{Seed: 3, Threads: 1, Weights: c.weights})
			for _, threads := range c.threads {
				m := s.fit(t, x, y, &learn.Options{Seed: 3, Threads: threads, Weights: c.weights})
				sameState(t, one.State(), m.State())
				sameBits(t, "more threads", one.Predict(x), m.Predict(x))
			}
		}
	}
}

func rowOrder(t *testing.T, s suite) {
	if !s.RowOrder {
		t.Skip("the order of rows matters to this estimator")
	}
	x, y := Data(s.task, 300, 22)
	order := rand.New(rand.NewPCG(1, 1)).Perm(x.Rows)
	a := s.fit(t, x, y, nil)
	b := s.fit(t, x.Take(order), y.Take(order), nil)
	near(t, "rows in another order", a.Predict(x), b.Predict(x), s.Tolerance)
}

func columnOrder(t *testing.T, s suite) {
	if !s.ColumnOrder {
		t.Skip("the order of features matters to this estimator")
	}
	x, y := Data(s.task, 300, 25)
	turned := &learn.Matrix{Rows: x.Rows}
	for j := range x.Columns {
		from := (j + 2) % len(x.Columns)
		turned.Names, turned.Columns = append(turned.Names, x.Names[from]), append(turned.Columns, x.Columns[from])
	}
	near(t, "features in another order", s.fit(t, x, y, nil).Predict(x), s.fit(t, turned, y, nil).Predict(turned), s.Tolerance)
}

func monotoneScale(t *testing.T, s suite) {
	if !s.Monotone {
		t.Skip("the scale of a feature matters to this estimator")
	}
	for _, rows := range []int{100, 900} {
		x, y := Data(s.task, rows, 26)
		bent := clone(x)
		for j, col := range bent.Columns {
			for i, v := range col {
				switch j % 3 {
				case 0:
					col[i] = float64(v*v*v) + v
				case 1:
					col[i] = 1e200 * v
				default:
					col[i] = float64(1e-200*v) - 1e-190
				}
			}
		}
		near(t, "another increasing scale", s.fit(t, x, y, nil).Predict(x), s.fit(t, bent, y, nil).Predict(bent), s.Tolerance)
	}
}

func unitWeights(t *testing.T, s suite) {
	if !s.Copies {
		t.Skip("weights are no copies to this estimator")
	}
	x, y := Data(s.task, 200, 23)
	a := s.fit(t, x, y, nil)
	b := s.fit(t, x, y, &learn.Options{Weights: full(x.Rows, 1)})
	near(t, "all weights 1", a.Predict(x), b.Predict(x), s.Tolerance)
}

func copies(t *testing.T, s suite) {
	if !s.Copies {
		t.Skip("weights are no copies to this estimator")
	}
	x, y := Data(s.task, 200, 24)
	times := func(i int) int { return i % 4 } // every fourth row is absent
	w := make([]float64, x.Rows)
	for i := range w {
		w[i] = float64(times(i))
	}
	rows := repeat(x.Rows, times)
	a := s.fit(t, x.Take(rows), y.Take(rows), nil)
	b := s.fit(t, x, y, &learn.Options{Weights: w})
	near(t, "weights for copies", a.Predict(x), b.Predict(x), s.Tolerance)
}
