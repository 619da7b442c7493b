package neural

import (
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

// TestScores compares with scikit-learn's MLP on the same rows: testdata/scores.py.
func TestScores(t *testing.T) {
	b, err := os.ReadFile("testdata/scores.json")
	if err != nil {
		t.Fatal(err)
	}
	var scores map[string]struct{ Mean, Error float64 }
	if err := json.Unmarshal(b, &scores); err != nil {
		t.Fatal(err)
	}
	for name, want := range scores {
		path, task := "../tree/testdata/"+name+".csv", learn.Classification
		if name == "diabetes" {
			path, task = "../linear/testdata/diabetes.csv", learn.Regression
		}
		x, y := learntest.ReadCSV(t, path, task)
		mean := 0.0
		for fold := range 5 {
			var train, test []int
			for i := range x.Rows {
				if i%5 == fold {
					test = append(test, i)
				} else {
					train = append(train, i)
				}
			}
			m, err := New().Fit(t.Context(), x.Take(train), y.Take(train), &learn.Options{Seed: uint64(fold)})
			if err != nil {
				t.Fatal(err)
			}
			mean += score(m.Predict(x.Take(test)), m.Outputs(), y.Take(test)) / 5
		}
		if math.Abs(mean-want.Mean) > 2*want.Error+0.003 {
			t.Errorf("%s: %.4f, and scikit-learn's %.4f ± %.4f", name, mean, want.Mean, want.Error)
		}
		t.Logf("%s: %.4f, and scikit-learn's %.4f ± %.4f", name, mean, want.Mean, want.Error)
	}
}

// score is the accuracy, for regression R2.
func score(p []float64, outputs int, y *learn.Target) float64 {
	if y.Task == learn.Classification {
		right := 0.0
		for i, l := range learn.Argmax(p, outputs) {
			if l == y.Labels[i] {
				right++
			}
		}
		return right / float64(y.Len())
	}
	var mean, residual, total float64
	for _, v := range y.Values {
		mean += v / float64(y.Len())
	}
	for i, v := range y.Values {
		residual += (v - p[i]) * (v - p[i])
		total += (v - mean) * (v - mean)
	}
	return 1 - residual/total
}

// Early stopping stops, keeps the best weights and learns no less.
func TestEarlyStopping(t *testing.T) {
	x, y := learntest.Data(learn.Classification, 600, 40)
	for i := range y.Labels {
		if i%4 == 0 {
			y.Labels[i] = int32(i/4) % 3 // noise that a large network would learn by heart
		}
	}
	test := make([]int, 200)
	for i := range test {
		test[i] = 400 + i
	}
	train := make([]int, 400)
	for i := range train {
		train[i] = i
	}
	n := New()
	n.Hidden, n.Batch, n.Rate, n.Epochs = []int{100}, 32, 0.01, 200
	passes := 0
	fit := func() float64 {
		last := 0
		m, err := n.Fit(t.Context(), x.Take(train), y.Take(train), &learn.Options{Progress: func(done, total int) {
			if passes = last; done == total && last == 0 {
				passes = done
			}
			last = done
		}})
		if err != nil {
			t.Fatal(err)
		}
		loss := 0.0
		p := m.Predict(x.Take(test))
		for i, l := range y.Take(test).Labels {
			loss -= math.Log(p[i*3+int(l)]) / float64(len(test))
		}
		return loss
	}
	all := fit()
	n.EarlyStopping = true
	early := fit()
	if early > 0.85*all || passes > 100 {
		t.Errorf("the loss of rows that were not seen is %.3f after %d passes, and %.3f after 200", early, passes, all)
	}
}

// A network does not depend on the units of its features.
func TestScaling(t *testing.T) {
	x, y := learntest.Data(learn.Regression, 300, 41)
	n := New()
	n.Hidden, n.Epochs = []int{8}, 20
	a, err := n.Fit(t.Context(), x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	other := &learn.Matrix{Names: x.Names, Rows: x.Rows}
	for _, col := range x.Columns {
		scaled := make([]float64, x.Rows)
		for i, v := range col {
			scaled[i] = v * 1024
		}
		other.Columns = append(other.Columns, scaled)
	}
	b, err := n.Fit(t.Context(), other, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, q := a.Predict(x), b.Predict(other)
	for i := range p {
		if p[i] != q[i] {
			t.Fatalf("row %d is predicted as %v, and as %v in other units", i, p[i], q[i])
		}
	}
}

// A fit has the same bits on every processor and under every host, WASM included. The
// hashes change with the algorithms, and only with them: run the test with
// GOOS=wasip1 GOARCH=wasm too before writing down new ones.
func TestSameBitsEverywhere(t *testing.T) {
	const rows = 500
	r := rand.New(rand.NewPCG(1, 0))
	x := &learn.Matrix{Rows: rows}
	values := &learn.Target{Task: learn.Regression, Values: make([]float64, rows)}
	classes := &learn.Target{Task: learn.Classification, Classes: []string{"a", "b", "c"}, Labels: make([]int32, rows)}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		column := make([]float64, rows)
		for i := range column {
			column[i] = r.Float64()*10 + 100
			values.Values[i] += column[i] * r.Float64()
		}
		x.Names, x.Columns = append(x.Names, name), append(x.Columns, column)
	}
	for i, v := range values.Values {
		classes.Labels[i] = int32(min(2, max(0, (v-240)/15)))
	}
	for _, c := range []struct {
		change func(*Network)
		target *learn.Target
		want   uint64
	}{
		{func(*Network) {}, classes, 0xdf2eb207395f212},
		{func(n *Network) { n.Activation, n.Solver, n.Schedule = tanh, "sgd", "cosine" }, values, 0x356a976aeb7648c7},
		{func(n *Network) {
			n.Activation, n.Dropout, n.BatchNorm, n.Decay, n.EarlyStopping = gelu, 0.2, true, 0.01, true
		}, classes, 0xb7c24dadabb27bc2},
	} {
		n := New()
		n.Hidden, n.Epochs, n.Batch = []int{37, 20}, 5, 64
		c.change(n)
		m, err := n.Fit(t.Context(), x, c.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		h := fnv.New64()
		for _, l := range m.(*Model).Layers {
			for _, v := range [][]float32{l.Weights, l.Bias} {
				if err := binary.Write(h, binary.LittleEndian, v); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := binary.Write(h, binary.LittleEndian, m.Predict(x)); err != nil {
			t.Fatal(err)
		}
		if got := h.Sum64(); got != c.want {
			t.Errorf("%s has the bits %#x, want %#x", n.Activation, got, c.want)
		}
	}
}
