package search

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/runnel-dev/runnel/learn/portable"
)

// Gaussian proposes where a Gaussian process expects most improvement on the
// best score (Jones et al., "Efficient global optimization", 1998), for spaces of
// a few parameters and some hundred trials: its kernel is Matérn's of 5/2, with a
// length for each parameter that makes the scores likeliest. Of choices, and of
// parameters that are not always set, it knows whether they are the same.
type Gaussian struct {
	Startup int `json:"startup,omitempty"` // trials at random before the model is used; 0: 10
}

func (*Gaussian) name() string { return "gp" }

// mostAxes is how many parameters a process can tell apart from some hundred trials.
const mostAxes = 20

func (g *Gaussian) check(s *Space) error {
	switch {
	case g.Startup < 0:
		return fail(nil, "gp: the trials at random are at least 0, not %d", g.Startup)
	case len(s.params) > mostAxes:
		return fail(nil, "gp: a Gaussian process is for small spaces, at most %d parameters, and the space has %d: use tpe", mostAxes, len(s.params))
	}
	return nil
}

// mostObserved bounds the time of a proposal, which grows with its cube: the
// best trials, of more.
const mostObserved = 200

func (g *Gaussian) suggest(h *history, _ int, r *rand.Rand) []float64 {
	n := 0
	for n < len(h.done) && n < mostObserved && h.done[n].steps == math.MaxInt {
		n++
	}
	if n < max(or(g.Startup, 10), 2) {
		return h.fresh(r, func() []float64 { return (&Random{}).point(h.space, r) })
	}
	p := newProcess(h.space, h.done[:n])
	for _, v := range h.running { // what is being tried is taken to come out as expected
		p.believe(h.space.unit(v))
	}
	return h.fresh(r, func() []float64 { return p.best(h.done[:min(n, 5)], r) })
}

// A process is a Gaussian process that was fitted to trials. Losses are
// standardised.
type process struct {
	space  *Space
	points [][]float64 // as unit gives them
	losses []float64
	least  float64
	scale  []float64 // of each parameter: 1 / length squared
	noise  float64
	factor [][]float64 // of the kernel's matrix, lower
	alpha  []float64   // the matrix's inverse times the losses
}

func newProcess(s *Space, trials []done) *process {
	p := &process{space: s, noise: 1e-4, scale: make([]float64, len(s.params))}
	for _, d := range trials {
		p.points, p.losses = append(p.points, s.unit(d.point)), append(p.losses, d.loss)
	}
	// Losses far above the middle say only that it is bad there. The trials are sorted.
	if middle, best := p.losses[len(p.losses)/2], p.losses[0]; middle > best {
		for i, v := range p.losses {
			p.losses[i] = min(v, middle+float64(2*(middle-best)))
		}
	}
	mean, square := 0.0, 0.0
	for _, v := range p.losses {
		mean += v / float64(len(p.losses))
	}
	for _, v := range p.losses {
		square += float64((v - mean) * (v - mean))
	}
	deviation := math.Sqrt(square / float64(len(p.losses)))
	for i := range p.losses {
		p.losses[i] -= mean
		if deviation > 0 {
			p.losses[i] /= deviation
		}
	}
	p.least = slices.Min(p.losses)
	p.learn()
	return p
}

// learn chooses lengths and noise, one after the other, while the losses get likelier.
func (p *process) learn() {
	for j := range p.scale {
		p.scale[j] = 4 / float64(len(p.scale))
	}
	best := p.fit()
	try := func(v *float64, least, most float64, by ...float64) {
		for _, f := range by {
			before := *v
			if *v = before * f; *v >= least && *v <= most {
				if l := p.fit(); l > best {
					best = l
					continue
				}
			}
			*v = before
		}
	}
	for range 4 {
		before := best
		for j := range p.scale {
			try(&p.scale[j], 1e-3, 1e4, 4, 0.25)
		}
		try(&p.noise, 1e-6, 0.3, 0.1, 10)
		if best-before < 0.1 {
			break
		}
	}
	p.fit()
}

// fit factors the kernel's matrix and returns the log likelihood of the losses,
// less a constant, with the process' variance at its likeliest.
func (p *process) fit() float64 {
	n := len(p.points)
	p.factor, p.alpha = nil, slices.Clone(p.losses)
	for i := range n {
		p.extend(p.points[i])
	}
	logs, fit := 0.0, 0.0
	for i := range n {
		logs += portable.Log(p.factor[i][i])
		v := p.alpha[i]
		for k, f := range p.factor[i][:i] {
			v -= float64(f * p.alpha[k])
		}
		p.alpha[i] = v / p.factor[i][i]
		fit += float64(p.alpha[i] * p.alpha[i])
	}
	for i := n - 1; i >= 0; i-- {
		v := p.alpha[i]
		for k := i + 1; k < n; k++ {
			v -= float64(p.factor[k][i] * p.alpha[k])
		}
		p.alpha[i] = v / p.factor[i][i]
	}
	return -logs - float64(float64(n)/2*portable.Log(max(fit, 1e-12)/float64(n)))
}

// extend adds a row to the factor of the kernel's matrix (Cholesky).
func (p *process) extend(v []float64) {
	row := p.solve(v, make([]float64, len(p.factor)+1))
	left := 1 + p.noise
	for _, f := range row[:len(p.factor)] {
		left -= float64(f * f)
	}
	row[len(p.factor)] = math.Sqrt(max(left, 1e-10))
	p.factor = append(p.factor, row)
}

// solve is the factor's inverse times the kernel of v and the points.
func (p *process) solve(v, row []float64) []float64 {
	for i, f := range p.factor {
		k := p.kernel(v, p.points[i])
		for j, w := range f[:i] {
			k -= float64(w * row[j])
		}
		row[i] = k / f[i]
	}
	return row
}

// believe takes in a point as if it had come out as it is expected to.
func (p *process) believe(v []float64) {
	p.extend(v)
	p.points = append(p.points, v)
	p.alpha = append(p.alpha, 0)
}

// kernel is Matérn's of 5/2.
func (p *process) kernel(a, b []float64) float64 {
	square := 0.0
	for j := range p.scale {
		square += float64(p.scale[j] * p.apart(j, a[j], b[j]))
	}
	d := math.Sqrt(5 * square)
	return (1 + d + float64(d*d)/3) * portable.Exp(-d)
}

// apart is the square of the distance of two values of a parameter, at most 1.
func (p *process) apart(j int, a, b float64) float64 {
	switch {
	case a == b || math.IsNaN(a) && math.IsNaN(b):
		return 0
	case p.space.params[j].Kind == Choice || math.IsNaN(a+b):
		return 1
	}
	return float64((a - b) * (a - b))
}

// unit is a point with its numbers on a scale from 0 to 1.
func (s *Space) unit(v []float64) []float64 {
	out := slices.Clone(v)
	for i := range s.params {
		if p := &s.params[i]; p.Kind != Choice && !math.IsNaN(v[i]) {
			lo, hi := p.bounds()
			if out[i] = 0; hi > lo {
				out[i] = (p.scaled(v[i]) - lo) / (hi - lo)
			}
		}
	}
	return out
}

// improvement is how far below the least loss a point is expected to be, where
// it is below at all.
func (p *process) improvement(v, room []float64) float64 {
	mean, left := 0.0, 1.0
	for i, x := range p.points {
		mean += float64(p.alpha[i] * p.kernel(v, x))
	}
	for _, f := range p.solve(v, room) {
		left -= float64(f * f)
	}
	deviation := math.Sqrt(max(left, 1e-12))
	z := (p.least - mean) / deviation
	density := portable.Exp(-float64(z*z)/2) / math.Sqrt(2*math.Pi)
	return float64(deviation * (float64(z*cdf(z)) + density))
}

// best searches for the point of most improvement: anywhere, then ever closer
// around the best trials and the best point so far.
func (p *process) best(trials []done, r *rand.Rand) []float64 {
	var top []float64
	most, room := math.Inf(-1), make([]float64, len(p.factor))
	consider := func(v []float64) {
		if e := p.improvement(p.space.unit(v), room); e > most {
			top, most = v, e
		}
	}
	for range 300 {
		consider((&Random{}).point(p.space, r))
	}
	for _, d := range trials {
		for range 30 {
			consider(p.space.near(d.point, 0.1, r))
		}
	}
	for _, width := range []float64{0.1, 0.03, 0.01, 0.003} {
		for range 40 {
			consider(p.space.near(top, width, r))
		}
	}
	return top
}

// near is a point close to another: numbers moved by about the width of their
// range, choices now and then exchanged.
func (s *Space) near(v []float64, width float64, r *rand.Rand) []float64 {
	out := s.unset()
	for i := range s.params {
		p := &s.params[i]
		switch {
		case !s.active(i, out):
		case math.IsNaN(v[i]) || p.Kind == Choice && r.Float64() < 0.1:
			out[i] = p.random(r)
		case p.Kind == Choice:
			out[i] = v[i]
		default:
			lo, hi := p.bounds()
			u := p.scaled(v[i]) + float64(float64(width*gaussian(r))*(hi-lo))
			out[i] = p.unscaled(min(max(u, lo), hi))
		}
	}
	return out
}
