package explain

import (
	"context"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
)

// Gradients gives the scores of each row, rows x outputs, and their derivatives by each
// feature, rows x outputs x features, such as (*neural.Model).Gradients. It is called
// from several goroutines.
type Gradients func(x *learn.Matrix) (scores, gradients []float64)

const (
	inPanel    = 4 // points of a panel, by Gauss-Legendre quadrature
	panels     = 8 // that the way is cut into at first
	mostPoints = 4000
	leftOver   = 1e-4 // of what all features add: the gap of a panel that is not cut in two
)

// Integrated returns integrated gradients (Sundararajan, Taly and Yan, "Axiomatic
// attribution for deep networks", 2017): what a feature adds is how far the row's value
// is from the mean of the background rows, times the mean derivative on the straight way
// from there. The base is the score of the mean row.
//
// Base and values sum to the row's score but for what points on the way miss. Where a
// part of the way does not sum to the difference between the scores at its ends, as
// where rectifiers switch, it is cut in two, until a row took some 4000 points.
func Integrated(ctx context.Context, gradients Gradients, background, x *learn.Matrix, opts *Options) (*Values, error) {
	n := len(x.Columns)
	for _, m := range []*learn.Matrix{background, x} {
		if err := checkFeatures(m, n); err != nil {
			return nil, err
		}
	}
	from, err := middle(background)
	if err != nil {
		return nil, err
	}
	start := &learn.Matrix{Names: x.Names, Columns: make([][]float64, n), Rows: 1}
	for j := range from {
		start.Columns[j] = from[j : j+1]
	}
	base, _ := gradients(start)
	out := newValues(names(x), x.Rows, len(base))
	copy(out.Base, base)
	rule, err := gauss(ctx, inPanel)
	if err != nil {
		return nil, err
	}
	err = parallel.Each(ctx, opts.threads(), x.Rows, func(_, i int) {
		w := way{gradients: gradients, rule: rule, from: from, to: rowsOf(x, i, i+1), outputs: len(base)}
		w.integrate(ctx, out.Added[i*len(base)*n:][:len(base)*n])
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// A way leads from one row to another.
type way struct {
	gradients Gradients
	rule      *rule
	from, to  []float64
	outputs   int
}

// A panel is the part of a way between two shares of it.
type panel struct{ from, to float64 }

// integrate sets added to what each feature adds on the way.
func (w *way) integrate(ctx context.Context, added []float64) {
	var open []panel
	for p := range panels {
		open = append(open, panel{float64(p) / panels, float64(p+1) / panels})
	}
	var gap []float64 // that a panel may have, by output
	for used := 0; len(open) > 0 && ctx.Err() == nil; {
		parts, gaps := w.measure(open)
		used += len(open) * (inPanel + 2)
		if gap == nil {
			gap = w.allowed(parts)
		}
		var next []panel
		for p, part := range parts {
			if mid := (open[p].from + open[p].to) / 2; used < mostPoints && !within(gaps[p], gap) {
				next = append(next, panel{open[p].from, mid}, panel{mid, open[p].to})
				continue
			}
			for a, v := range part {
				added[a] += v
			}
		}
		open = next
	}
}

// measure finds what features add in each panel, and by how much that misses the
// differences between the scores at its ends.
func (w *way) measure(open []panel) (parts, gaps [][]float64) {
	n, size := len(w.to), inPanel+2
	x := &learn.Matrix{Names: make([]string, n), Columns: make([][]float64, n), Rows: len(open) * size}
	for j, from := range w.from {
		by := w.to[j] - from
		for _, p := range open {
			for _, t := range w.rule.points {
				x.Columns[j] = append(x.Columns[j], from+float64((p.from+float64(t*(p.to-p.from)))*by))
			}
			x.Columns[j] = append(x.Columns[j], from+float64(p.from*by), from+float64(p.to*by))
		}
	}
	scores, slopes := w.gradients(x)
	for i, p := range open {
		part, gap := make([]float64, w.outputs*n), make([]float64, w.outputs)
		for k, weight := range w.rule.weights {
			weight *= p.to - p.from
			for a := range part {
				part[a] += float64(weight * slopes[(i*size+k)*len(part)+a])
			}
		}
		for a := range part {
			part[a] *= w.to[a%n] - w.from[a%n]
			gap[a/n] += float64(part[a])
		}
		for k := range gap {
			last := (i*size+inPanel+1)*w.outputs + k
			gap[k] -= scores[last] - scores[last-w.outputs]
		}
		parts, gaps = append(parts, part), append(gaps, gap)
	}
	return parts, gaps
}

// allowed is the gap that a panel may have, by what the first ones add.
func (w *way) allowed(parts [][]float64) []float64 {
	out := make([]float64, w.outputs)
	for a := range parts[0] {
		sum := 0.0
		for _, part := range parts {
			sum += part[a]
		}
		out[a/len(w.to)] += float64(leftOver * abs(sum))
	}
	return out
}

func within(gaps, allowed []float64) bool {
	for k, v := range gaps {
		if abs(v) > allowed[k] {
			return false
		}
	}
	return true
}
