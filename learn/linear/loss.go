package linear

import (
	"context"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/portable"
	"github.com/runnel-dev/runnel/learn/vector"
)

// A loss is the mean log loss of a design's rows plus the penalty, as a function
// of the coefficients of the standardised features.
type loss struct {
	*design
	labels    []int32   // index into the seen classes; of rows without weight any
	share     []float64 // of each seen class in the weight
	scores    int       // 1 for two classes, otherwise one each
	penalty   []float64 // on each squared coefficient, halved
	intercept bool
}

func newLoss(d *design, y *learn.Target) (l *loss, seen []int32) {
	weight := make([]float64, len(y.Classes))
	for i, c := range y.Labels {
		if d.weights == nil {
			weight[c]++
		} else {
			weight[c] += d.weights[i]
		}
	}
	index := make([]int32, len(y.Classes))
	l = &loss{design: d}
	for c, w := range weight {
		if w > 0 {
			index[c] = int32(len(seen))
			seen = append(seen, int32(c))
			l.share = append(l.share, w/d.total)
		}
	}
	if l.scores = len(seen); l.scores <= 2 {
		l.scores = 1
	}
	l.labels = make([]int32, len(y.Labels))
	for i, c := range y.Labels {
		l.labels[i] = index[c]
	}
	return l, seen
}

// balance weighs the rows so that all classes count the same. The features stay
// standardised by the weights from before.
func (l *loss) balance() {
	weights := make([]float64, l.rows)
	total := 0.0
	for i, k := range l.labels {
		weights[i] = 1 / (float64(len(l.share)) * l.share[k])
		if l.weights != nil {
			weights[i] *= l.weights[i]
		}
		total += weights[i]
	}
	d := *l.design
	d.weights, d.total = weights, total
	l.design = &d
	for k := range l.share {
		l.share[k] = 1 / float64(len(l.share))
	}
}

// start sets the intercepts to what the classes' shares alone suggest.
func (l *loss) start(u []float64) {
	n := len(l.columns)
	if l.scores == 1 {
		u[n] = portable.Log(l.share[1]) - portable.Log(l.share[0])
		return
	}
	mean := 0.0
	for _, s := range l.share {
		mean += portable.Log(s) / float64(l.scores)
	}
	for k, s := range l.share {
		u[k*(n+1)+n] = portable.Log(s) - mean
	}
}

// factors are those of the features as they came, less their centers.
func (l *loss) factors(u []float64) []float64 {
	n := len(l.columns)
	v := slices.Clone(u)
	for k := range l.scores {
		for j, s := range l.inverse {
			v[k*(n+1)+j] *= s
		}
	}
	return v
}

// value returns the loss at u and writes its gradient to g.
func (l *loss) value(ctx context.Context, u, g []float64) (float64, error) {
	n := len(l.columns)
	v := l.factors(u)
	gradients := make([][]float64, l.chunks())
	losses := make([]float64, len(gradients))
	err := parallel.Each(ctx, l.threads, len(gradients), func(_, c int) {
		gradients[c] = make([]float64, len(u))
		start, end := l.cut(c, len(gradients))
		losses[c] = l.pass(start, end, v, gradients[c])
	})
	if err != nil {
		return 0, err
	}
	total := losses[0]
	copy(g, gradients[0])
	for c := 1; c < len(gradients); c++ {
		total += losses[c]
		vector.Add(g, 1, gradients[c])
	}
	total /= l.total
	for k := range l.scores {
		g, u := g[k*(n+1):(k+1)*(n+1)], u[k*(n+1):(k+1)*(n+1)]
		for j, s := range l.inverse {
			pull := float64(l.penalty[j] * u[j])
			g[j] = g[j]*s/l.total + pull
			total += float64(0.5 * pull * u[j])
		}
		g[n] /= l.total
		if !l.intercept {
			g[n] = 0
		}
	}
	return total, nil
}

// pass sums the losses of the rows from start to end, and adds their gradients
// with regard to v, by the features less their centers, to g.
func (l *loss) pass(start, end int, v, g []float64) (total float64) {
	n := len(l.columns)
	z := make([]float64, l.scores*block)
	row := make([]float64, l.scores)
	for ; start < end; start += block {
		rows := min(block, end-start)
		z := z[:rows*l.scores]
		labels := l.labels[start : start+rows]
		var weights []float64
		if l.weights != nil {
			weights = l.weights[start : start+rows]
		}
		for k := range l.scores {
			l.design.scores(start, v[k*(n+1):k*(n+1)+n], v[k*(n+1)+n], z[k*rows:(k+1)*rows])
		}
		if l.scores == 1 {
			total += twoClasses(z, labels, weights)
		} else {
			total += manyClasses(z, row, labels, weights)
		}
		for k := range l.scores {
			r := z[k*rows : (k+1)*rows]
			l.gather(start, r, g[k*(n+1):k*(n+1)+n])
			sum := 0.0
			for _, v := range r {
				sum += v
			}
			g[k*(n+1)+n] += sum
		}
	}
	return total
}

// twoClasses replaces the scores of rows by the derivatives of their losses, and
// returns the sum of the losses.
func twoClasses(z []float64, labels []int32, weights []float64) (total float64) {
	for i, score := range z {
		t := portable.Exp(-math.Abs(score))
		loss, p := portable.Log(1+t), 1/(1+t)
		if score < 0 {
			p = t * p
		}
		y := float64(labels[i])
		loss += max(score, 0) - float64(y*score)
		d := p - y
		if weights != nil {
			loss *= weights[i]
			d *= weights[i]
		}
		total += loss
		z[i] = d
	}
	return total
}

// manyClasses is twoClasses for a score a class, z holding one run of rows a
// class; p has room for one row.
func manyClasses(z, p []float64, labels []int32, weights []float64) (total float64) {
	rows := len(labels)
	for i, label := range labels {
		for k := range p {
			p[k] = z[k*rows+i]
		}
		right := p[label]
		loss := portable.Softmax(p) - right
		p[label]--
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		total += float64(loss * w)
		for k, d := range p {
			z[k*rows+i] = d * w
		}
	}
	return total
}
