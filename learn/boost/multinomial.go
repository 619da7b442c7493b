package boost

import (
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/portable"
)

// multinomial is the log loss of three and more classes, by a margin a class whose
// softmax is the probability.
type multinomial struct {
	labels  []int32
	classes int
}

func newMultinomial(y *learn.Target) *multinomial {
	return &multinomial{y.Labels, len(y.Classes)}
}

func (l *multinomial) base(weights []float64) []float64 {
	start, total := make([]float64, l.classes), 0.0
	for i, label := range l.labels {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		start[label] += w
		total += w
	}
	for k, sum := range start {
		start[k] = portable.Log(max(least, sum/total))
	}
	return start
}

func (l *multinomial) link() ensemble.Link { return ensemble.Softmax }

func (l *multinomial) flat() bool { return false }

func (l *multinomial) bound(float64, float64) (gradient, hessian float64) { return 1, 0.25 }

func (l *multinomial) fill(m *margins, from, to int) (reach float64, t totals) {
	p := make([]float64, len(m.of))
	for i := from; i < to; i++ {
		for k, of := range m.of {
			p[k] = of[i]
		}
		portable.Softmax(p)
		w := m.weight(i)
		for k, q := range p {
			g := q
			if int32(k) == l.labels[i] {
				g--
			}
			m.put(&t, &m.words[k][i], g*w, float64(q*(1-q))*w)
		}
	}
	return 0, t
}

func (l *multinomial) risk(m *margins, from, to int) float64 {
	sum, z := 0.0, make([]float64, l.classes)
	for i := from; i < to; i++ {
		for k, of := range m.of {
			z[k] = of[i]
		}
		own := z[l.labels[i]]
		sum += float64((portable.Softmax(z) - own) * m.weight(i))
	}
	return sum
}
