package linear

import (
	"context"
	"math"

	"github.com/runnel-dev/runnel/learn"
)

// fullSecond is up to how many coefficients all second derivatives are used; of
// more, those between the scores of different classes are bounded.
const fullSecond = 1536

// sparse minimises the mean log loss with a penalty on the coefficients' sizes by
// the proximal Newton method (Friedman, Hastie, Tibshirani 2010, 3; Yuan, Ho, Lin
// 2012): a step goes to the minimum of the quadratic approximation plus the
// penalty, and is shortened until the function falls enough. Columns that have no
// coefficient and deserve none stay out of the step.
type sparse struct {
	*loss
	first []float64 // of each column: the penalty on its coefficients' sizes
	least float64   // that second takes

	steady bool // second derivatives are taken for a little more than they are
}

// minimise improves u until a step would make the function fall by no more than the
// tolerance's square, and says whether it came to be and after how many steps.
func (l *sparse) minimise(ctx context.Context, u []float64, tolerance float64, most int, progress func(step int)) (converged bool, steps int, err error) {
	g, next, gNext := make([]float64, len(u)), make([]float64, len(u)), make([]float64, len(u))
	f, err := l.value(ctx, u, g)
	if err != nil {
		return false, 0, err
	}
	f += l.sizes(u)
	for ; steps < most; steps++ {
		down, fall, err := l.step(ctx, u, g, tolerance)
		if err != nil {
			return false, steps, err
		}
		if fall <= tolerance*tolerance {
			return true, steps, nil
		}
		if !finite(fall) {
			if l.steadied() {
				continue
			}
			return false, steps, nil
		}
		rounding := float64(1e-15 * math.Abs(f))
		t, found := 1.0, true
		for try := 0; ; try++ {
			for i, d := range down {
				next[i] = u[i] + float64(t*d)
				if t == 1 && d == -u[i] {
					next[i] = 0
				}
			}
			v, err := l.value(ctx, next, gNext)
			if err != nil {
				return false, steps, err
			}
			v += l.sizes(next)
			if v <= f-float64(1e-4*t*fall)+rounding {
				f = v
				break
			}
			if try == 30 { // no step is better but for rounding
				found = false
				break
			}
			t /= 2
		}
		if !found {
			if fall > 1e-10 && l.steadied() {
				continue
			}
			return fall <= 1e-10, steps, nil
		}
		copy(u, next)
		copy(g, gNext)
		if progress != nil {
			progress(steps + 1)
		}
	}
	return false, steps, nil
}

// steadied keeps steps from where the approximation has no minimum but for rounding,
// as of classes that are far apart, whose second derivatives are next to nothing
// along some ways. It is false where it was asked for already.
func (l *sparse) steadied() bool {
	before := l.steady
	l.steady = true
	return !before
}

// sizes is the penalty on the coefficients' sizes.
func (l *sparse) sizes(u []float64) (sum float64) {
	n := len(l.columns)
	for k := range l.scores {
		for j, p := range l.first {
			sum += float64(p * math.Abs(u[k*(n+1)+j]))
		}
	}
	return sum
}

// step is the way from u to the minimum of the approximation there, g being the
// gradient, and what the function would fall by at first on the whole of it.
func (l *sparse) step(ctx context.Context, u, g []float64, tolerance float64) (down []float64, fall float64, err error) {
	n := len(l.columns)
	of := choose(len(l.first), func(j int) float64 {
		beyond := math.Inf(-1)
		for k := range l.scores {
			at := k*(n+1) + j
			if u[at] != 0 {
				return math.Inf(1)
			}
			beyond = max(beyond, math.Abs(g[at])-l.first[j])
		}
		return beyond
	})
	part := *l.loss
	part.design, part.penalty = l.some(of), make([]float64, len(of))
	first := make([]float64, len(of)+1)
	index := make([]int, 0, l.scores*(len(of)+1)) // of each coefficient of the part
	for i, j := range of {
		part.penalty[i], first[i] = l.penalty[j], l.first[j]
	}
	for k := range l.scores {
		for _, j := range of {
			index = append(index, k*(n+1)+j)
		}
		index = append(index, k*(n+1)+n)
	}
	at, left := make([]float64, len(index)), make([]float64, len(index))
	for i, j := range index {
		at[i], left[i] = u[j], -g[j]
	}
	p, err := l.probabilities(ctx, u)
	if err != nil {
		return nil, 0, err
	}
	// Each run of coefficients is a problem of its own: of all scores, or of one.
	size := len(of) + 1
	run := l.scores
	if l.scores > 1 && size*l.scores > fullSecond {
		run = 1
	}
	to := append([]float64(nil), at...)
	for k := 0; k < l.scores; k += run {
		h, err := part.second(ctx, p[k:k+run], l.scores > 1 && run == 1, l.least)
		if err != nil {
			return nil, 0, err
		}
		if l.steady {
			for i := range run * size {
				h[i*(run*size+1)] *= 1 + 1e-6
			}
		}
		q := quadratic{a: h, threads: l.threads}
		for range run {
			q.lasso = append(q.lasso, first...)
		}
		from, end := k*size, (k+run)*size
		if _, err := q.minimise(ctx, to[from:end], left[from:end], max(tolerance/10, 1e-12), 1000); err != nil {
			return nil, 0, err
		}
	}
	// Probabilities of several classes stay as they are when all intercepts move by as
	// much: the approximation may send them anywhere, and scores would lose digits.
	shift := 0.0
	for k := 0; k < l.scores && l.scores > 1; k++ {
		shift += to[k*size+size-1] / float64(l.scores)
	}
	for k := 0; k < l.scores; k++ {
		to[k*size+size-1] -= shift
	}
	down = make([]float64, len(u))
	for i, j := range index {
		down[j] = to[i] - at[i]
		fall -= float64(g[j]*down[j]) + float64(first[i%size]*(math.Abs(to[i])-math.Abs(at[i])))
	}
	return down, fall, nil
}

// solveSparse is solve with a penalty on the coefficients' sizes.
func (p Logistic) solveSparse(ctx context.Context, l *loss, m *Model, opts *learn.Options) ([]float64, error) {
	u := p.begin(l)
	first := make([]float64, len(l.columns))
	for j, s := range l.inverse {
		first[j] = min(p.L1Ratio*s/p.C/l.total, 1e200)
	}
	run := func(on *loss, tolerance, least float64) error {
		before := m.iterations
		s := sparse{loss: on, first: first, least: least}
		var progress func(int)
		if opts != nil && opts.Progress != nil {
			progress = func(step int) { opts.Progress(before+step, p.MaxIter) }
		}
		converged, steps, err := s.minimise(ctx, u, tolerance, p.MaxIter-before, progress)
		m.converged, m.iterations = converged, before+steps
		return err
	}
	if part := l.sample(); part != l {
		if err := run(part, max(p.Tolerance, 1e-2), rare); err != nil {
			return nil, err
		}
	}
	return u, run(l, p.Tolerance, 0)
}
