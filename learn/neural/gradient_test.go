package neural

import (
	"fmt"
	"math"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// trainerOf is a trainer before its first step, with biases that are not 0.
func trainerOf[F float](t *testing.T, n *Network, task learn.Task, rows int) *trainer[F] {
	t.Helper()
	x, y := learntest.Data(task, rows, 3)
	weights := make([]float64, rows)
	for i := range weights {
		weights[i] = 1 + float64(i%4)
	}
	d, err := NewProblem(x, y, weights)
	if err != nil {
		t.Fatal(err)
	}
	random := splitmix.Stream(1, 0)
	if err := d.Begin(n, &random); err != nil {
		t.Fatal(err)
	}
	for _, l := range d.Model.Layers {
		for u := range l.Bias {
			l.Bias[u] = float32(random.Unit() - 0.5)
		}
	}
	out, err := newTrainer[F](t.Context(), n, d, &learn.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// networks are of every kind of layer.
func networks() map[string]*Network {
	out := map[string]*Network{}
	for _, activation := range []string{relu, tanh, gelu} {
		for _, dropout := range []float64{0, 0.3} {
			for _, normalised := range []bool{false, true} {
				n := New()
				n.Hidden, n.Activation, n.Dropout, n.BatchNorm = []int{6, 5}, activation, dropout, normalised
				out[fmt.Sprintf("%s, dropout %v, batch norm %v", activation, dropout, normalised)] = n
			}
		}
	}
	return out
}

// meanLoss is that of the rows, with the same units dropped each time. Nothing is
// learnt at the rate 0.
func (t *trainer[F]) meanLoss() float64 {
	t.steps = 0
	return t.step(t.d.Rows, 0) / float64(len(t.d.Rows))
}

// gradient is that of a layer's weights, bias last, once a loss was found.
func (t *trainer[F]) gradient(k int) []F {
	l := t.layers[k]
	out := make([]F, (l.inputs+8)/8*8*l.w.step)
	multiplyTurned(out, l.in, l.delta, 0, (l.inputs+8)&^7, len(t.batch))
	return out
}

// The derivatives of every layer and loss are those that differences show.
func TestGradients(t *testing.T) {
	for _, task := range []learn.Task{learn.Classification, learn.Regression} {
		for name, n := range networks() {
			tr := trainerOf[float64](t, n, task, 11)
			differ := func(what string, of *float64, derivative float64) {
				t.Helper()
				const h = 1e-6
				was := *of
				*of = was + h
				above := tr.meanLoss()
				*of = was - h
				below := tr.meanLoss()
				*of = was
				if d := (above - below) / (2 * h); math.Abs(d-derivative) > 1e-7*(1+math.Abs(d)) {
					t.Errorf("%s, %s: the derivative by %s is %v, and by difference %v", task, name, what, derivative, d)
				}
			}
			tr.meanLoss()
			var gradients [][]float64
			var gamma, beta [][]float64
			for k, l := range tr.layers {
				gradients = append(gradients, tr.gradient(k))
				if l.norm != nil {
					gamma, beta = append(gamma, append([]float64(nil), l.norm.dGamma...)), append(beta, append([]float64(nil), l.norm.dBeta...))
				}
			}
			for k, l := range tr.layers {
				for i := range l.inputs + 1 {
					for u := range l.units {
						differ(fmt.Sprintf("weight %d, %d of layer %d", i, u, k), &l.w.row(i)[u], gradients[k][i*l.w.step+u])
					}
				}
				if l.norm == nil {
					continue
				}
				for u := range l.units {
					differ(fmt.Sprintf("gamma %d of layer %d", u, k), &l.norm.gamma[u], gamma[k][u])
					differ(fmt.Sprintf("beta %d of layer %d", u, k), &l.norm.beta[u], beta[k][u])
				}
			}
		}
	}
}

// In float32, where products are made otherwise, the gradients are the same.
func TestGradientsOfFloat32(t *testing.T) {
	for name, n := range networks() {
		n.Hidden = []int{40, 33}
		a, b := trainerOf[float64](t, n, learn.Classification, 50), trainerOf[float32](t, n, learn.Classification, 50)
		if p, q := a.meanLoss(), b.meanLoss(); math.Abs(p-q) > 1e-5 {
			t.Errorf("%s: the loss is %v in float64 and %v in float32", name, p, q)
		}
		for k := range a.layers {
			p, q := a.gradient(k), b.gradient(k)
			for i := range p {
				if math.Abs(p[i]-float64(q[i])) > 2e-5 {
					t.Fatalf("%s: number %d of the gradient of layer %d is %v in float64 and %v in float32", name, i, k, p[i], q[i])
				}
			}
		}
	}
}

// A model without what only training has gives what the layers give: normalisation
// is part of its weights.
func TestFolded(t *testing.T) {
	n := New()
	n.Hidden, n.BatchNorm, n.Activation = []int{7, 3}, true, tanh
	tr := trainerOf[float64](t, n, learn.Regression, 40)
	for range 200 {
		tr.step(tr.d.Rows, 0.01)
	}
	// With mean and variance of this very batch, both are the same.
	for range 300 {
		tr.meanLoss()
	}
	for _, l := range tr.layers[:2] {
		for u := range l.norm.variance {
			l.norm.variance[u] *= 39.0 / 40
		}
	}
	tr.fold()
	got := tr.d.Model.Predict(tr.d.x)
	for i, v := range got {
		want := tr.d.Model.Offset + tr.d.Model.Unit*tr.layers[2].z.row(i)[0]
		if math.Abs(v-want) > 1e-5 {
			t.Errorf("row %d: %v, want %v", i, v, want)
		}
	}
}

// adamFast gives the bits of step.
func TestAdam(t *testing.T) {
	random := splitmix.Stream(4, 0)
	vector := func() []float32 {
		out := make([]float32, 45)
		for i := range out {
			out[i] = float32(random.Unit() - 0.5)
		}
		return out
	}
	w, g, m, v := vector(), vector(), vector(), vector()
	for i := range v {
		v[i] *= v[i]
	}
	clone := func(v []float32) []float32 { return append([]float32(nil), v...) }
	a := &adam[float32]{keep1: 0.9, add1: 0.1, keep2: 0.999, add2: 0.001, root: 1.5, epsilon: 1e-8, rate: 0.01, decay: 0.002}
	fw, fm, fv := clone(w), clone(m), clone(v)
	n := adamFast(a, fw, g, fm, fv)
	a.step(w[:n], g[:n], m[:n], v[:n])
	for i := range w {
		for k, p := range [][2]float32{{w[i], fw[i]}, {m[i], fm[i]}, {v[i], fv[i]}} {
			if math.Float32bits(p[0]) != math.Float32bits(p[1]) {
				t.Errorf("%d of weight %d: %v, want %v", k, i, p[1], p[0])
			}
		}
	}
}

func TestRectify(t *testing.T) {
	inf := float32(math.Inf(1))
	z := []float32{1.5, -1.5, 0, float32(math.Copysign(0, -1)), inf, -inf, 1e-40, -1e-40}
	out := make([]float32, len(z))
	activate(relu, z, out)
	for i, want := range [][2]float32{{1.5, 1}, {0, 0}, {0, 0}, {0, 0}, {inf, 1}, {0, 0}, {1e-40, 1}, {0, 0}} {
		if out[i] != want[0] || z[i] != want[1] {
			t.Errorf("number %d: %v with slope %v, want %v", i, out[i], z[i], want)
		}
	}
}

func TestSchedules(t *testing.T) {
	rates := func(change func(*Network), losses ...float64) []float64 {
		n := New()
		n.Rate, n.Epochs, n.Every, n.Factor = 1, len(losses), 2, 0.5
		change(n)
		s := newSchedule(n)
		var out []float64
		for _, l := range losses {
			out = append(out, s.rate())
			s.next(l)
		}
		return out
	}
	falling := []float64{9, 8, 7, 6}
	for _, c := range []struct {
		name   string
		losses []float64
		want   []float64
	}{
		{"constant", falling, []float64{1, 1, 1, 1}},
		{"step", falling, []float64{1, 1, 0.5, 0.5}},
		{"cosine", falling, []float64{1, (1 + math.Sqrt2/2) / 2, 0.5, (1 - math.Sqrt2/2) / 2}},
		{"plateau", []float64{3, 3, 3, 2, 2, 2, 1}, []float64{1, 1, 1, 0.5, 0.5, 0.5, 0.25}},
	} {
		got := rates(func(n *Network) { n.Schedule = c.name }, c.losses...)
		for i := range c.want {
			if math.Abs(got[i]-c.want[i]) > 1e-15 {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
	for i := range 101 {
		x := float64(i) / 100
		if math.Abs(cosine(x)-math.Cos(math.Pi*x)) > 4e-16 {
			t.Errorf("the cosine of %v half turns is %v, want %v", x, cosine(x), math.Cos(math.Pi*x))
		}
	}
}
