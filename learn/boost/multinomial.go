package boost

import (
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/portable"
)

// multinomial is the log loss of three and more classes, by a margin a class whose
// softmax is the probability.
type multinomial struct {
	labels []int32
	start  []float64
}

func newMultinomial(y *learn.Target, weights []float64) *multinomial {
	l := &multinomial{labels: y.Labels, start: make([]float64, len(y.Classes))}
	total := 0.0
	for i, label := range y.Labels {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		l.start[label] += w
		total += w
	}
	for k, sum := range l.start {
		l.start[k] = portable.Log(max(least, sum/total))
	}
	return l
}

func (l *multinomial) base() []float64 { return l.start }

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
