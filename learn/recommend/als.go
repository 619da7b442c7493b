package recommend

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/splitmix"
	"github.com/runnel-dev/runnel/learn/vector"
)

// ALS are the parameters of a factorisation by alternating least squares (Hu,
// Koren and Volinsky, "Collaborative filtering for implicit feedback datasets",
// 2008): each user and item gets Factors numbers, whose products are near 1 for
// what a user did, all the nearer the more of it, and near 0 for all else. A zero
// field means its default.
type ALS struct {
	Factors    int     `json:"factors,omitempty" default:"64" min:"1" max:"1000" doc:"numbers a user and an item"`
	Alpha      float64 `json:"alpha,omitempty" default:"1" min:"0" doc:"how much more an event counts than that there was none: 1 + alpha times its weight"`
	L2         float64 `json:"l2,omitempty" default:"0.01" min:"0" doc:"penalty on the factors' squares"`
	Iterations int     `json:"iterations,omitempty" default:"15" min:"1" max:"1000" doc:"how often users and items take their turns"`
	Steps      int     `json:"steps,omitempty" default:"3" min:"1" max:"100" doc:"steps of conjugate gradients a turn"`
}

func (a ALS) withDefaults() ALS {
	if a.Factors == 0 {
		a.Factors = 64
	}
	if a.Alpha == 0 {
		a.Alpha = 1
	}
	if a.L2 == 0 {
		a.L2 = 0.01
	}
	if a.Iterations == 0 {
		a.Iterations = 15
	}
	if a.Steps == 0 {
		a.Steps = 3
	}
	return a
}

// Fit learns the factors. Events of the same user and item add up; their order
// does not matter. opts gives the seed, the threads and who is told of progress.
func (a ALS) Fit(ctx context.Context, events []Event, opts *learn.Options) (*Model, error) {
	a = a.withDefaults()
	if a.Factors < 1 || a.Iterations < 1 || a.Steps < 1 || !(a.Alpha > 0) || !(a.L2 > 0) || math.IsInf(a.Alpha, 0) || math.IsInf(a.L2, 0) {
		return nil, fmt.Errorf("recommend: factors %d, iterations %d, steps %d, alpha %v and l2 %v: want positive numbers", a.Factors, a.Iterations, a.Steps, a.Alpha, a.L2)
	}
	m := &Model{params: a}
	var done history // to each item
	var err error
	if m.users, m.items, m.seen, done, err = cells(events); err != nil {
		return nil, err
	}
	if opts == nil {
		opts = &learn.Options{}
	}
	m.user, m.item = a.random(len(m.users), opts.Seed, 0), a.random(len(m.items), opts.Seed, 1)
	for i := range a.Iterations {
		if err := a.turn(ctx, opts.ThreadCount(), &m.seen, m.item, m.user); err != nil {
			return nil, err
		}
		if err := a.turn(ctx, opts.ThreadCount(), &done, m.user, m.item); err != nil {
			return nil, err
		}
		if opts.Progress != nil {
			opts.Progress(i+1, a.Iterations)
		}
	}
	m.index()
	return m, nil
}

// random are small first factors of n users or items.
func (a ALS) random(n int, seed uint64, side int) []float64 {
	rng := splitmix.Stream(seed, side)
	out := make([]float64, n*a.Factors)
	for i := range out {
		out[i] = (rng.Unit() - 0.5) / 10
	}
	return out
}

// turn improves the factors of one side by those of the other.
func (a ALS) turn(ctx context.Context, threads int, h *history, fixed, free []float64) error {
	f := a.Factors
	gram, err := a.gram(ctx, threads, fixed)
	if err != nil {
		return err
	}
	const several = 64 // rows a task
	n := len(free) / f
	scratch := make([][]float64, threads)
	return parallel.Each(ctx, threads, (n+several-1)/several, func(thread, task int) {
		if scratch[thread] == nil {
			scratch[thread] = make([]float64, 3*f)
		}
		for i := task * several; i < min((task+1)*several, n); i++ {
			others, weights := h.of(i)
			a.solve(gram, fixed, others, weights, free[i*f:][:f], a.Steps, scratch[thread])
		}
	})
}

// gram is the sum of the products of all rows with themselves, and the penalty.
func (a ALS) gram(ctx context.Context, threads int, rows []float64) ([]float64, error) {
	f := a.Factors
	n := len(rows) / f
	several := max(256, (n+31)/32) // rows a part; the parts are added in their order
	parts := make([][]float64, (n+several-1)/several)
	err := parallel.Each(ctx, threads, len(parts), func(_, part int) {
		sum := make([]float64, f*f)
		for i := part * several; i < min((part+1)*several, n); i++ {
			row := rows[i*f:][:f]
			for j, v := range row {
				vector.Add(sum[j*f:][:j+1], v, row)
			}
		}
		parts[part] = sum
	})
	if err != nil {
		return nil, err
	}
	out := make([]float64, f*f)
	for _, p := range parts {
		vector.Add(out, 1, p)
	}
	for j := range f {
		out[j*f+j] += a.L2
		for k := range j {
			out[k*f+j] = out[j*f+k]
		}
	}
	return out, nil
}

// solve improves x towards the factors that fit best what was done with the
// others, by conjugate gradients (Takács, Pilászy and Tikk, "Applications of the
// conjugate gradient method for implicit feedback collaborative filtering", 2011):
// (gram + sum of (c - 1) y y') x = sum of c y, where c is 1 + alpha weight.
func (a ALS) solve(gram, fixed []float64, others []int32, weights, x []float64, steps int, scratch []float64) {
	f := len(x)
	r, p, ap := scratch[:f], scratch[f:2*f], scratch[2*f:3*f]
	for j := range r {
		r[j] = -vector.Inner(gram[j*f:][:f], x)
	}
	for i, o := range others {
		y, c := fixed[int(o)*f:][:f], float64(a.Alpha*weights[i])
		vector.Add(r, 1+c-float64(c*vector.Inner(y, x)), y)
	}
	copy(p, r)
	before := vector.Inner(r, r)
	for range steps {
		if before < 1e-20 {
			return
		}
		for j := range ap {
			ap[j] = vector.Inner(gram[j*f:][:f], p)
		}
		i := 0
		for ; i+4 <= len(others); i += 4 {
			y0, y1 := fixed[int(others[i])*f:][:f], fixed[int(others[i+1])*f:][:f]
			y2, y3 := fixed[int(others[i+2])*f:][:f], fixed[int(others[i+3])*f:][:f]
			s0, s1, s2, s3 := vector.Inner4(p, y0, y1, y2, y3)
			w := weights[i : i+4 : i+4]
			vector.Add4(ap, &[4]float64{a.Alpha * w[0] * s0, a.Alpha * w[1] * s1, a.Alpha * w[2] * s2, a.Alpha * w[3] * s3}, y0, y1, y2, y3)
		}
		for ; i < len(others); i++ {
			y := fixed[int(others[i])*f:][:f]
			vector.Add(ap, a.Alpha*weights[i]*vector.Inner(y, p), y)
		}
		step := before / vector.Inner(p, ap)
		vector.Add(x, step, p)
		vector.Add(r, -step, ap)
		now := vector.Inner(r, r)
		for j := range p {
			p[j] = r[j] + float64(now/before*p[j])
		}
		before = now
	}
}
