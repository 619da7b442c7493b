package cpu

import (
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
				n.Hidden, n.Activation, n.Epochs, n.Rate = []int{16}, activation, 20, 0.02
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
