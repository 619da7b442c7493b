package recommend

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/runnel-dev/runnel/internal/testneed"
)

// A turn in float32 leads where solve leads in float64, which is the plain form.
func TestTurnAsPlain(t *testing.T) {
	for _, f := range []int{1, 7, 32, 64, 100} {
		a := ALS{Factors: f, Alpha: 2, L2: 0.5, Steps: 3}
		_, _, byUser, _, err := cells(tastes(60, 50, 3, 1))
		if err != nil {
			t.Fatal(err)
		}
		items := 0
		for _, i := range byUser.others {
			items = max(items, int(i)+1)
		}
		fixed, free := a.random(items, 1, 0), a.random(60, 1, 1)
		other, one := newSide(fixed, f), newSide(free, f)
		if err := a.turn(t.Context(), 2, a.newFours(&byUser, items), other, one); err != nil {
			t.Fatal(err)
		}
		gram := make([]float64, f*f)
		for j := range f {
			gram[j*f+j] = a.L2
			for k := range f {
				for i := range items {
					gram[j*f+k] += fixed[i*f+j] * fixed[i*f+k]
				}
			}
		}
		for i := range 60 {
			others, weights := byUser.of(i)
			a.solve(gram, fixed, others, weights, free[i*f:][:f], a.Steps, make([]float64, 3*f))
		}
		for i, v := range one.factors(f) {
			if math.Abs(v-free[i]) > 1e-5*(1+math.Abs(free[i])) {
				t.Fatalf("%d factors: number %d is %v, want %v", f, i, v, free[i])
			}
		}
	}
}

// What is done in assembly has the bits of what is not.
func TestFastAsPlain(t *testing.T) {
	if m := make([]float32, 32*32); !throughFast(m, m[:32], m[:32]) {
		testneed.Skip(t, "this processor has no kernels of its own: a machine with AVX-512")
	}
	r := rand.New(rand.NewPCG(1, 0))
	numbers := func(n int) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(r.NormFloat64() * math.Exp(6*r.Float64()-3))
		}
		return out
	}
	same := func(what string, got, want []float32) {
		t.Helper()
		for k := range want {
			if math.Float32bits(got[k]) != math.Float32bits(want[k]) {
				t.Fatalf("%s of %d: %d is %v, want %v", what, len(want), k, got[k], want[k])
			}
		}
	}
	for _, n := range []int{32, 64, 96, 128} {
		m, p, out, want := numbers(n*n), numbers(n), numbers(n), make([]float32, n)
		throughFast(m, p, out)
		throughPlain(m, p, want)
		same("through", out, want)
		rows, others := numbers(30*n), make([]int32, 12)
		for i := range others {
			others[i] = int32(r.IntN(30))
		}
		for _, by := range [][2]float32{{1, -1}, {0, 1}} {
			more := numbers(len(others))
			gatherFast(out, p, rows, others, more, by[0], by[1])
			gatherPlain(want, p, rows, others, more, by[0], by[1])
			same("gather", out, want)
		}
	}
}

// However sure events are, and whatever the penalty, what is learned from them and
// answered are numbers, and the model comes back from its state.
func TestSurest(t *testing.T) {
	for _, weight := range []float64{1, 1e13, 1e30, 1e160, math.MaxFloat64} {
		for _, l2 := range []float64{1e-6, 0.01, 1e6, 1e20, 1e300} {
			events := tastes(20, 12, 3, 1)
			for i := range events {
				if i%5 == 0 {
					events[i].Weight = weight
				}
			}
			m, err := ALS{Factors: 4, L2: l2}.Fit(t.Context(), append(events, events...), nil)
			if err == nil {
				err = m.Settle(t.Context(), 1)
			}
			if err != nil {
				t.Fatal(err)
			}
			since := []Event{{Item: m.items[0], Weight: weight}, {Item: m.items[0], Weight: weight}, {Item: m.items[3]}}
			a, err := m.Answer(Question{User: m.users[0], After: since})
			if err != nil {
				t.Fatal(err)
			}
			score, reasons, err := m.Explain(m.users[0], since, m.items[1])
			if err != nil {
				t.Fatal(err)
			}
			numbers := append(append([]float64{score}, m.user...), m.item...)
			for _, s := range a.List {
				numbers = append(numbers, s.Score)
			}
			for _, r := range reasons {
				numbers = append(numbers, r.Weight, r.Adds)
			}
			for _, v := range numbers {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("events of %v and a penalty of %v have a factor, a score or a reason of %v", weight, l2, v)
				}
			}
			with, err := m.With(append(since, since...))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := FromState(with.State()); err != nil {
				t.Errorf("events of %v and a penalty of %v: %v", weight, l2, err)
			}
		}
	}
}
