// Package metrics measures predictions. The definitions, names and edge cases
// are scikit-learn's (sklearn.metrics, 1.9); where scikit-learn refuses or warns,
// the function's comment says what happens here.
//
// Classes are indices: labels run from 0 to the number of classes less one.
// Probabilities are row-major, rows x classes. Weights are sample weights, one a
// row; nil is all 1. Slices of one call have the same number of rows: the
// functions panic on an index out of range otherwise, [Classification] and
// [Regression] return an error.
package metrics

import (
	"math"

	"github.com/runnel-dev/runnel/learn/portable"
)

// A Confusion is a confusion matrix: [i][j] is the weight of the rows of class i
// that were predicted as class j.
type Confusion [][]float64

// NewConfusion counts the predictions of a number of classes.
func NewConfusion(y, predicted []int32, classes int, weights []float64) Confusion {
	cells := make([]float64, classes*classes)
	c := make(Confusion, classes)
	for k := range c {
		c[k] = cells[k*classes : (k+1)*classes]
	}
	for i, truth := range y {
		c[truth][predicted[i]] += weight(weights, i)
	}
	return c
}

// A ClassScore is how well one class was found. A ratio of nothing is 0
// (zero_division=0).
type ClassScore struct {
	Class     string  `json:"class,omitempty"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	Support   float64 `json:"support"`   // weight of the rows of the class
	Predicted float64 `json:"predicted"` // weight of the rows predicted as the class
}

// Accuracy is the fraction of rows predicted right.
func (c Confusion) Accuracy() float64 {
	var right, all float64
	for i, row := range c {
		right += row[i]
		all += sum(row)
	}
	return right / all
}

// PerClass is the precision, recall and F1 of each class.
func (c Confusion) PerClass() []ClassScore {
	out := make([]ClassScore, len(c))
	for k, row := range c {
		s := &out[k]
		s.Support = sum(row)
		for i := range c {
			s.Predicted += c[i][k]
		}
		s.Precision = ratio(row[k], s.Predicted)
		s.Recall = ratio(row[k], s.Support)
		s.F1 = ratio(2*row[k], s.Support+s.Predicted)
	}
	return out
}

// Macro is the mean over the classes that were seen or predicted: a class that
// is neither in y nor in the predictions does not count.
func Macro(scores []ClassScore) ClassScore {
	return average(scores, func(s ClassScore) float64 {
		if s.Support == 0 && s.Predicted == 0 {
			return 0
		}
		return 1
	})
}

// Weighted is the mean over the classes, each weighted by its support.
func Weighted(scores []ClassScore) ClassScore {
	return average(scores, func(s ClassScore) float64 { return s.Support })
}

func average(scores []ClassScore, share func(ClassScore) float64) ClassScore {
	var out ClassScore
	var total float64
	for _, s := range scores {
		w := share(s)
		total += w
		out.Precision += float64(w * s.Precision)
		out.Recall += float64(w * s.Recall)
		out.F1 += float64(w * s.F1)
		out.Support += s.Support
		out.Predicted += s.Predicted
	}
	out.Precision = ratio(out.Precision, total)
	out.Recall = ratio(out.Recall, total)
	out.F1 = ratio(out.F1, total)
	return out
}

// BalancedAccuracy is the mean recall of the classes in y.
func (c Confusion) BalancedAccuracy() float64 {
	var total, n float64
	for i, row := range c {
		if support := sum(row); support > 0 {
			total += row[i] / support
			n++
		}
	}
	return total / n
}

// Matthews is the Matthews correlation coefficient, for any number of classes
// (Gorodkin 2004); 0 where y or the predictions are of one class.
func (c Confusion) Matthews() float64 {
	var right, all, tp, tt, pp float64
	for _, s := range c.PerClass() {
		all += s.Support
		right += float64(s.Recall * s.Support)
		tp += float64(s.Support * s.Predicted)
		tt += float64(s.Support * s.Support)
		pp += float64(s.Predicted * s.Predicted)
	}
	square := float64(all * all)
	return ratio(float64(right*all)-tp, math.Sqrt((square-tt)*(square-pp)))
}

// LogLoss is the mean of -log of the probability given to the true class, which
// is clipped to [eps, 1-eps] with eps = 2^-52. Rows are taken as they are: they
// are not made to sum to 1.
func LogLoss(y []int32, probabilities []float64, classes int, weights []float64) float64 {
	const eps = 0x1p-52
	var total, all float64
	for i, truth := range y {
		w := weight(weights, i)
		p := probabilities[i*classes+int(truth)]
		total -= float64(w * portable.Log(min(max(p, eps), 1-eps)))
		all += w
	}
	return total / all
}

// Brier is the mean squared distance of the probabilities from the truth (1 for
// the true class, 0 elsewhere), summed over the classes, and halved where there
// are two.
func Brier(y []int32, probabilities []float64, classes int, weights []float64) float64 {
	var total, all float64
	for i, truth := range y {
		var d float64
		for k, p := range probabilities[i*classes : (i+1)*classes] {
			if k == int(truth) {
				p = 1 - p
			}
			d += float64(p * p)
		}
		w := weight(weights, i)
		total += float64(w * d)
		all += w
	}
	if classes == 2 {
		total /= 2
	}
	return total / all
}

func weight(weights []float64, i int) float64 {
	if weights == nil {
		return 1
	}
	return weights[i]
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func sum(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += x
	}
	return s
}
