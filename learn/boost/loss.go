package boost

import (
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
)

// A loss is what the trees decrease. Its gradients are by the margins.
type loss interface {
	// base are the margins without any tree: where the loss is least. Weights that
	// are nil are all 1.
	base(weights []float64) []float64
	link() ensemble.Link
	// flat says that second derivatives are 1, for rows of weight 1.
	flat() bool
	// bound is the largest gradient (absolute) and second derivative of a row of
	// weight 1 once margins have changed by up to step, reach being what fill
	// returned for them before, or the largest of start.
	bound(reach, step float64) (gradient, hessian float64)
	// fill writes the words of rows, and returns how far their margins reach.
	fill(m *margins, from, to int) (reach float64, t totals)
	// risk is the sum of the loss over rows.
	risk(m *margins, from, to int) float64
}

// A refitter is a loss whose leaves are not a step of Newton's method, but found
// from the margins of their rows.
type refitter interface {
	leaf(rows []uint32, margins, weights []float64) float64
}

// A limiter is a loss of which not every step of Newton's method, times a learning
// rate, can be taken.
type limiter interface {
	limit(step, rate float64) float64
}

// margins are what the trees predict for the training rows so far, and the words
// of the next trees.
type margins struct {
	of      [][]float64 // outputs x rows
	words   [][]word    // outputs x rows
	weights []float64   // nil: all 1
	// What a word's halves count, to the minus first.
	gradientScale, hessianScale float64
}

// totals are sums over words: of the gradients' absolute values, and of the
// second derivatives.
type totals struct{ gradient, hessian int64 }

func (t *totals) add(o totals) { t.gradient, t.hessian = t.gradient+o.gradient, t.hessian+o.hessian }

// rounding, added to a number below 2^31, leaves it rounded to an integer in the
// lower bits.
const rounding = 1<<52 + 1<<51

// put writes a row's word.
func (m *margins) put(t *totals, to *word, gradient, hessian float64) {
	g := int64(int32(math.Float64bits(float64(gradient*m.gradientScale) + rounding)))
	h := uint64(uint32(math.Float64bits(float64(hessian*m.hessianScale) + rounding)))
	*to = uint64(g)<<32 | h
	t.gradient += max(g, -g)
	t.hessian += int64(h)
}

func (m *margins) weight(row int) float64 {
	if m.weights == nil {
		return 1
	}
	return m.weights[row]
}

// newLoss is the loss of the target.
func (b *Boosting) newLoss(y *learn.Target) (loss, error) {
	if y.Task == learn.Classification {
		switch {
		case b.Loss != "auto" && b.Loss != "":
			return nil, fmt.Errorf("loss is %s, which is of a regression: classes have the log loss, by auto", b.Loss)
		case len(y.Classes) == 2:
			return newLogistic(y), nil
		}
		return newMultinomial(y), nil
	}
	switch b.Loss {
	case "absolute":
		return newAbsolute(y), nil
	case "quantile":
		return newPinball(y, b.Quantile), nil
	case "poisson":
		return newPoisson(y), nil
	}
	return newSquared(y), nil
}
