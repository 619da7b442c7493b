package boost

import (
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
)

// squared is half the squared error.
type squared struct{ values []float64 }

func newSquared(y *learn.Target) *squared { return &squared{y.Values} }

func (l *squared) base(weights []float64) []float64 { return []float64{mean(l.values, weights)} }

func (l *squared) link() ensemble.Link { return ensemble.Identity }

func (l *squared) flat() bool { return true }

func (l *squared) bound(reach, step float64) (gradient, hessian float64) { return reach + step, 1 }

func (l *squared) fill(m *margins, from, to int) (reach float64, t totals) {
	words := m.words[0][from:to]
	for i, f := range m.of[0][from:to] {
		d := f - l.values[from+i]
		reach = max(reach, math.Abs(d))
		w := m.weight(from + i)
		m.put(&t, &words[i], d*w, w)
	}
	return reach, t
}

func (l *squared) risk(m *margins, from, to int) float64 {
	sum := 0.0
	for i, f := range m.of[0][from:to] {
		d := f - l.values[from+i]
		sum += float64(float64(d*d) / 2 * m.weight(from+i))
	}
	return sum
}
