package recommend

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/splitmix"
	"github.com/runnel-dev/runnel/learn/vector"
)

// ALS are the parameters of a factorisation by alternating least squares (Hu,
// Koren and Volinsky, "Collaborative filtering for implicit feedback datasets",
// 2008): each user and item gets Factors numbers, whose products are near 1 for
// what a user did, all the nearer the more of it, and near 0 for all else. A zero
// field means its default.
type ALS struct {
	Factors    int     `json:"factors,omitempty" default:"0" min:"0" max:"1000" doc:"numbers a user and an item; 0 is 64, or an eighth of the items or users where these are fewer, and at least 8"`
	Alpha      float64 `json:"alpha,omitempty" default:"1" min:"0" doc:"how much more an event counts than that there was none: 1 + alpha times its weight; 0: 1"`
	L2         float64 `json:"l2,omitempty" default:"0.01" min:"0" doc:"penalty on the factors' squares; 0: 0.01"`
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
	if a.Factors == 0 {
		a.Factors = DefaultFactors(events)
	}
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
	user, item := newSide(a.random(len(m.users), opts.Seed, 0), a.Factors), newSide(a.random(len(m.items), opts.Seed, 1), a.Factors)
	ofUser, ofItem := a.newFours(&m.seen, item.rows), a.newFours(&done, user.rows)
	for i := range a.Iterations {
		if err := a.turn(ctx, opts.ThreadCount(), ofUser, item, user); err != nil {
			return nil, err
		}
		if err := a.turn(ctx, opts.ThreadCount(), ofItem, user, item); err != nil {
			return nil, err
		}
		if opts.Progress != nil {
			opts.Progress(i+1, a.Iterations)
		}
	}
	m.user, m.item = user.factors(a.Factors), item.factors(a.Factors)
	m.index()
	return m, nil
}

// more is how much more an event of that weight counts than that there was none.
func (a ALS) more(weight float64) float64 { return min(float64(a.Alpha*weight), surest) }

// random are small first factors of n users or items.
func (a ALS) random(n int, seed uint64, side int) []float64 {
	rng := splitmix.Stream(seed, side)
	out := make([]float64, n*a.Factors)
	for i := range out {
		out[i] = (rng.Unit() - 0.5) / 10
	}
	return out
}

// surest is how much more than nothing an event counts at most, and how much the
// penalty: with more, sums lose what all else adds to them.
const surest = 1e12

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
		y, c := fixed[int(o)*f:][:f], a.more(weights[i])
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
			var y vector.Four
			for k, o := range others[i : i+4] {
				y.Columns[k] = fixed[int(o)*f:][:f]
			}
			s := y.Inner(p)
			for k, w := range weights[i : i+4] {
				s[k] *= a.more(w)
			}
			y.Add(ap, &s)
		}
		for ; i < len(others); i++ {
			y := fixed[int(others[i])*f:][:f]
			vector.Add(ap, a.more(weights[i])*vector.Inner(y, p), y)
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
