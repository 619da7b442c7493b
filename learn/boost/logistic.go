package boost

import (
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/portable"
)

// least is what a class's share is taken for at least, so that its logarithm is finite.
const least = 1e-12

// logistic is the log loss of two classes, by the log-odds of the second.
type logistic struct {
	second []float64 // 1 where a row is of the second class, else 0
	start  float64
}

func newLogistic(y *learn.Target, weights []float64) *logistic {
	l := &logistic{second: make([]float64, len(y.Labels))}
	for i, label := range y.Labels {
		l.second[i] = float64(label)
	}
	p := max(least, min(1-least, mean(l.second, weights)))
	l.start = portable.Log(p / (1 - p))
	return l
}

func (l *logistic) base() []float64 { return []float64{l.start} }

func (l *logistic) link() ensemble.Link { return ensemble.Logistic }

func (l *logistic) flat() bool { return false }

func (l *logistic) bound(float64, float64) (gradient, hessian float64) { return 1, 0.25 }

func (l *logistic) fill(m *margins, from, to int) (reach float64, t totals) {
	words := m.words[0][from:to]
	for i, f := range m.of[0][from:to] {
		p := portable.Sigmoid(f)
		w := m.weight(from + i)
		m.put(&t, &words[i], (p-l.second[from+i])*w, float64(p*(1-p))*w)
	}
	return 0, t
}

// mean is the weighted mean, of blocks in turn.
func mean(values, weights []float64) float64 {
	sum, total := 0.0, float64(len(values))
	if weights == nil {
		for _, v := range values {
			sum += v
		}
		return sum / total
	}
	total = 0
	for i, v := range values {
		sum += float64(v * weights[i])
		total += weights[i]
	}
	return sum / total
}
