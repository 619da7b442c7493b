package linear

import (
	"context"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/portable"
)

const (
	newtonCoefficients = 768     // up to which all second derivatives are used,
	newtonPasses       = 4       // and if they cost no more than so many passes over the data
	nearColumns        = 1024    // up to which the features' correlations are used
	sampleRows         = 1 << 14 // rows, at least, of a sample
	sampleOfClass      = 50      // rows of every class that a sample is expected to have, at least
)

// sample takes some of the rows, evenly spread: enough to get close to the
// optimum by, and to know the second derivatives there. Where the rows or those
// of some class are too few for that, all are taken.
func (l *loss) sample() *loss {
	rows := max(sampleRows, 40*l.scores*(len(l.columns)+1))
	step := l.rows / rows
	for _, s := range l.share {
		if s*float64(rows) < sampleOfClass {
			return l
		}
	}
	if step < 2 {
		return l
	}
	var take []int
	for i := 0; i < l.rows; i += step {
		take = append(take, i)
	}
	d, out := *l.design, *l
	d.rows, d.total = len(take), float64(len(take))
	d.columns = (&learn.Matrix{Columns: l.columns, Rows: l.rows}).Take(take).Columns
	out.labels = make([]int32, len(take))
	for i, r := range take {
		out.labels[i] = l.labels[r]
	}
	if l.weights != nil {
		d.weights, d.total = make([]float64, len(take)), 0
		for i, r := range take {
			d.weights[i] = l.weights[r]
			d.total += d.weights[i]
		}
		if d.total == 0 {
			return l
		}
	}
	out.design = &d
	return &out
}

// cheap says whether newton on a sample of that many rows costs little, as
// against passes over all rows.
func (l *loss) cheap(rows int) bool {
	size := l.scores * (len(l.columns) + 1)
	return size <= newtonCoefficients && float64(size)*float64(rows) <= 8*newtonPasses*float64(l.rows)
}

// rare is the least of second where rows are a sample, which may lack those in which a rare
// feature varies, and where no more than a direction is asked for.
const rare = 0.01

// variance is the mean of p (1-p) over the classes where all rows are alike.
func (l *loss) variance() float64 {
	h := 0.0
	for _, s := range l.share {
		h += s * (1 - s) / float64(len(l.share))
	}
	return h
}

// correlations approximates the inverse of the second derivatives, which it
// takes to be variance * correlations of the features + penalty for every score;
// of very many features the correlations are taken to be 0.
func (l *loss) correlations(ctx context.Context) (func(g []float64) []float64, error) {
	n, h := len(l.columns), l.variance()
	if n > nearColumns {
		return func(g []float64) []float64 {
			out := make([]float64, len(g))
			for i, v := range g {
				out[i] = v / h
				if j := i % (n + 1); j < n {
					out[i] = v / (h + l.penalty[j])
				}
			}
			return out
		}, nil
	}
	a, err := l.gram(ctx)
	if err != nil {
		return nil, err
	}
	scale := make([]float64, n)
	for j := range n {
		if v := a[j*n+j]; v > 0 {
			scale[j] = 1 / math.Sqrt(v)
		}
	}
	for j := range n {
		for k := range n {
			a[j*n+k] *= scale[j] * scale[k] * h
		}
		a[j*n+j] = float64(h*(1+1e-6)) + l.penalty[j]
	}
	f, err := factorise(ctx, a, n, l.threads, tolerance)
	if err != nil {
		return nil, err
	}
	return func(g []float64) []float64 {
		out := make([]float64, 0, len(g))
		for k := range l.scores {
			out = append(out, f.solve(g[k*(n+1):k*(n+1)+n])...)
			out = append(out, g[k*(n+1)+n]/h)
		}
		return out
	}, nil
}

// newton is the inverse of the second derivatives at u.
func (l *loss) newton(ctx context.Context, u []float64) (func(g []float64) []float64, error) {
	p, err := l.probabilities(ctx, u)
	if err != nil {
		return nil, err
	}
	h, err := l.second(ctx, p, false, rare)
	if err != nil {
		return nil, err
	}
	f, err := factorise(ctx, h, len(p)*(len(l.columns)+1), l.threads, tolerance)
	if err != nil {
		return nil, err
	}
	return f.solve, nil
}

// second is the matrix of second derivatives where the scores' classes have these
// probabilities: for scores k and m the features' inner products, weighted by
// p_k ([k = m] - p_m), and the penalty. Alone, a score's derivatives are those of a
// softmax without regard to the others, p_k in place of p_k (1 - p_k): no less than
// what they add up to with the others'. No feature's own are taken for less than the
// share least of what they would be if all rows were as far apart as they usually are.
func (l *loss) second(ctx context.Context, p [][]float64, alone bool, least float64) ([]float64, error) {
	n := len(l.columns) + 1
	ones := make([]float64, l.rows)
	for i := range ones {
		ones[i] = 1
	}
	d := *l.design
	d.columns, d.center, d.inverse = append(d.columns[:n-1:n-1], ones), append(d.center[:n-1:n-1], 0), append(d.inverse[:n-1:n-1], 1)
	d.weights = make([]float64, l.rows)
	size := n * len(p)
	h := make([]float64, size*size)
	for k := range p {
		for m := k; m < len(p); m++ {
			variance := 0.0
			for i := range d.weights {
				w, q := 1.0, p[m][i]
				if l.weights != nil {
					w = l.weights[i]
				}
				switch {
				case alone:
					q = -1
				case k == m:
					q--
				}
				d.weights[i] = -w * p[k][i] * q / l.total
				variance += d.weights[i]
			}
			g, err := d.gram(ctx)
			if err != nil {
				return nil, err
			}
			for a := range n {
				for b := range n {
					h[(k*n+a)*size+m*n+b] = g[a*n+b]
					h[(m*n+b)*size+k*n+a] = g[a*n+b]
				}
			}
			if k != m {
				continue
			}
			for j := range n - 1 {
				at := &h[(k*n+j)*size+k*n+j]
				*at = max(*at, float64(least*variance)) + l.penalty[j]
			}
		}
	}
	for at := n - 1; !l.intercept && at < size; at += n {
		for i := range size {
			h[at*size+i], h[i*size+at] = 0, 0
		}
		h[at*size+at] = 1
	}
	return h, nil
}

// probabilities is the probability of each score's class, row by row.
func (l *loss) probabilities(ctx context.Context, u []float64) ([][]float64, error) {
	n := len(l.columns)
	p := make([][]float64, l.scores)
	for k := range p {
		p[k] = make([]float64, l.rows)
	}
	v := l.factors(u)
	err := parallel.Each(ctx, l.threads, blocks(l.rows), func(_, b int) {
		start := b * block
		end := min(start+block, l.rows)
		for k := range p {
			l.design.scores(start, v[k*(n+1):k*(n+1)+n], v[k*(n+1)+n], p[k][start:end])
		}
		row := make([]float64, l.scores)
		for i := start; i < end; i++ {
			if l.scores == 1 {
				p[0][i] = portable.Sigmoid(p[0][i])
				continue
			}
			for k := range p {
				row[k] = p[k][i]
			}
			portable.Softmax(row)
			for k := range p {
				p[k][i] = row[k]
			}
		}
	})
	return p, err
}
