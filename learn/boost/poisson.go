package boost

import (
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/portable"
)

// poisson is the deviance of counts, by the logarithm of their mean.
type poisson struct {
	values []float64
	most   float64 // of the values
}

func newPoisson(y *learn.Target) *poisson {
	return &poisson{values: y.Values, most: slices.Max(y.Values)}
}

// countable says which row with a weight has a target that the loss is not for.
func countable(y *learn.Target, weights []float64) error {
	for i, v := range y.Values {
		if v < 0 && (weights == nil || weights[i] > 0) {
			return fmt.Errorf("the target is %v in row %d: the poisson loss is for values from 0; choose another loss", v, i)
		}
	}
	return nil
}

func (l *poisson) base(weights []float64) []float64 {
	return []float64{portable.Log(max(least, mean(l.values, weights)))}
}

func (l *poisson) link() ensemble.Link { return ensemble.Log }

func (l *poisson) flat() bool { return false }

func (l *poisson) bound(reach, step float64) (gradient, hessian float64) {
	h := portable.Exp(min(reach+step, 700))
	return max(h, l.most), h
}

func (l *poisson) fill(m *margins, from, to int) (reach float64, t totals) {
	words := m.words[0][from:to]
	reach = m.of[0][from]
	for i, f := range m.of[0][from:to] {
		reach = max(reach, f)
		e, w := portable.Exp(f), m.weight(from+i)
		m.put(&t, &words[i], (e-l.values[from+i])*w, e*w)
	}
	return reach, t
}

// limit keeps a step of Newton's method, which is far too long where the mean is
// far too low, from going beyond what is best for the leaf.
func (l *poisson) limit(step, rate float64) float64 {
	if step <= 0 {
		return float64(step * rate)
	}
	return min(float64(step*rate), portable.Log(1+step))
}

func (l *poisson) risk(m *margins, from, to int) float64 {
	sum := 0.0
	for i, f := range m.of[0][from:to] {
		sum += float64((portable.Exp(f) - float64(l.values[from+i]*f)) * m.weight(from+i))
	}
	return sum
}
