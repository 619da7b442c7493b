package boost

import (
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/portable"
)

// least is what a class's share is taken for at least, so that its logarithm is finite.
const least = 1e-12

// logistic is the log loss of two classes, by the log-odds of the second.
type logistic struct {
	second []float64 // 1 where a row is of the second class, else 0
}

func newLogistic(y *learn.Target) *logistic {
	l := &logistic{second: make([]float64, len(y.Labels))}
	for i, label := range y.Labels {
		l.second[i] = float64(label)
	}
	return l
}

func (l *logistic) base(weights []float64) []float64 {
	p := max(least, min(1-least, mean(l.second, weights)))
	return []float64{portable.Log(p / (1 - p))}
}

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

func (l *logistic) risk(m *margins, from, to int) float64 {
	sum := 0.0
	for i, f := range m.of[0][from:to] {
		if l.second[from+i] == 1 {
			f = -f
		}
		loss := max(f, 0) + portable.Log(1+portable.Exp(-math.Abs(f)))
		sum += float64(loss * m.weight(from+i))
	}
	return sum
}

// mean is the weighted mean.
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
