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
	sign []float64 // 1 where a row is of the second class, else -1
}

func newLogistic(y *learn.Target) *logistic {
	l := &logistic{sign: make([]float64, len(y.Labels))}
	for i, label := range y.Labels {
		l.sign[i] = float64(2*label - 1)
	}
	return l
}

func (l *logistic) base(weights []float64) []float64 {
	p := max(least, min(1-least, (1+mean(l.sign, weights))/2))
	return []float64{portable.Log(p / (1 - p))}
}

func (l *logistic) link() ensemble.Link { return ensemble.Logistic }

func (l *logistic) flat() bool { return false }

func (l *logistic) bound(float64, float64) (gradient, hessian float64) { return 1, 0.25 }

func (l *logistic) fill(m *margins, from, to int) (reach float64, t totals) {
	words, of, sign := m.words[0][from:to], m.of[0][from:to], l.sign[from:to]
	if m.weights == nil {
		return 0, logisticWords(words, of, sign, m.gradientScale, m.hessianScale)
	}
	for i, f := range of {
		g, h := logisticStep(f, sign[i])
		w := m.weights[from+i]
		m.put(&t, &words[i], float64(g*w), float64(h*w))
	}
	return 0, t
}

// logisticWords writes the words of rows without weights, and adds them up.
func logisticWords(words []word, of, sign []float64, gradientScale, hessianScale float64) (t totals) {
	done := logisticFast(words, of, sign, gradientScale, hessianScale, &t)
	m := margins{gradientScale: gradientScale, hessianScale: hessianScale}
	words, sign = words[:len(of)], sign[:len(of)]
	for i := done; i < len(of); i++ {
		g, h := logisticStep(of[i], sign[i])
		m.put(&t, &words[i], g, h)
	}
	return t
}

// Of e^x, as 2^k e^r: x/log 2, log 2 in two parts, and Taylor's series, to 2e-10 of
// the value: a word has no more. Products are rounded before they are added, so
// that every processor comes to the same bits.
const (
	log2e  = 1.44269504088896338700e+00
	log2Hi = 6.93147180369123816490e-01
	log2Lo = 1.90821492927058770002e-10
	most   = 40 // what is beyond is no more sure
)

// logisticStep is the gradient of the log loss at a margin, and the second
// derivative, without a branch that depends on them.
func logisticStep(margin, sign float64) (gradient, hessian float64) {
	x := float64(margin * sign)
	if x > most {
		x = most
	} else if x < -most {
		x = -most
	}
	bits := float64(x*log2e) + rounding
	k := bits - rounding
	r := x - float64(k*log2Hi)
	r -= float64(k * log2Lo)
	r2 := float64(r * r)
	r4 := float64(r2 * r2)
	low := 1 + r
	low += float64(r2 * (1./2 + float64(r*(1./6))))
	high := 1./24 + float64(r*(1./120))
	high += float64(r2 * (1./720 + float64(r*(1./5040))))
	high += float64(r4 * (1. / 40320))
	e := float64((low + float64(r4*high)) * math.Float64frombits((math.Float64bits(bits)+1023)<<52))
	u := 1 / (1 + e)
	return float64(-sign * u), float64(float64(e*u) * u)
}

func (l *logistic) risk(m *margins, from, to int) float64 {
	sum := 0.0
	for i, f := range m.of[0][from:to] {
		f *= -l.sign[from+i]
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
