package cpu

import (
	"math"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
	"github.com/runnel-dev/runnel/learn/neural"
)

func TestConformance(t *testing.T) {
	for _, activation := range []string{"relu", "tanh"} {
		t.Run(activation, func(t *testing.T) {
			learntest.Estimator(t, func() learn.Estimator {
				n := neural.New()
				n.Hidden, n.Activation, n.Epochs, n.Rate = []int{16}, activation, 8, 0.05
				return Network{n}
			}, learntest.Config{Restore: neural.FromState})
		})
	}
}

// TestDigits compares with what scikit-learn's MLPClassifier reaches on the same
// digits: .975 over 5 shuffled folds.
func TestDigits(t *testing.T) {
	x, y := learntest.ReadCSV(t, "../../learn/tree/testdata/digits.csv", learn.Classification)
	var train, test []int
	for i := range x.Rows {
		if i%5 == 4 {
			test = append(test, i)
		} else {
			train = append(train, i)
		}
	}
	n := neural.New()
	n.Epochs = 40
	m, err := Network{n}.Fit(t.Context(), x.Take(train), y.Take(train), nil)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, l := range learn.Argmax(m.Predict(x.Take(test)), m.Outputs()) {
		if l == y.Labels[test[i]] {
			right++
		}
	}
	if accuracy := float64(right) / float64(len(test)); accuracy < 0.95 {
		t.Errorf("accuracy %.3f on rows that it has not seen, want .95", accuracy)
	}
}

// The two engines start from the same weights and go through the same batches, so
// that what they learn is the same, but for the rounding of float32.
func TestEngines(t *testing.T) {
	for _, task := range []learn.Task{learn.Classification, learn.Regression} {
		x, y := learntest.Data(task, 400, 5)
		opts := &learn.Options{Seed: 2, Weights: make([]float64, x.Rows)}
		for i := range opts.Weights {
			opts.Weights[i] = 1 + float64(i%3)
		}
		for _, activation := range []string{"relu", "tanh"} {
			n := neural.New()
			n.Hidden, n.Activation, n.Batch, n.Epochs, n.Rate = []int{16, 8}, activation, 50, 10, 0.01
			a, err := Network{n}.Fit(t.Context(), x, y, opts)
			if err != nil {
				t.Fatal(err)
			}
			b, err := n.Fit(t.Context(), x, y, opts)
			if err != nil {
				t.Fatal(err)
			}
			p, q := a.Predict(x), b.Predict(x)
			for i := range p {
				if math.Abs(p[i]-q[i]) > 5e-4 {
					t.Fatalf("%s, %s: output %d is %v by Gorgonia and %v by learn", task, activation, i, p[i], q[i])
				}
			}
		}
	}
}

func TestSuits(t *testing.T) {
	x, y := learntest.Data(learn.Regression, 20, 1)
	for want, change := range map[string]func(*neural.Network){
		"no dropout":    func(n *neural.Network) { n.Dropout = 0.5 },
		"no solver sgd": func(n *neural.Network) { n.Solver = "sgd" },
		"no learning_rate but constant": func(n *neural.Network) {
			n.Schedule = "step"
		},
	} {
		n := neural.New()
		change(n)
		if _, err := (Network{n}).Fit(t.Context(), x, y, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}
