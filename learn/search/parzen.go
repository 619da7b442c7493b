package search

import (
	"math"
	"math/rand/v2"

	"github.com/runnel-dev/runnel/learn/portable"
)

// A parzen is a density over a group of parameters: a mixture of a kernel
// around each observation, the newest weighing most, and one over all.
type parzen struct {
	axes    []axis
	weights []float64 // of the kernels, sum 1; the last is the prior
	logs    []float64 // of the weights
	each    []float64 // room for the log density of each kernel
}

// An axis is one parameter of all kernels.
type axis struct {
	*Param
	lo, hi    float64
	means     []float64 // of the kernels but the prior: scaled numbers, or indices of choices
	deviation float64   // of the kernels but the prior
	norm      []float64 // log of what makes each kernel's mass 1
	own       float64   // a choice: log probability of the kernel's own value,
	other     float64   // and of each other one
	prior     float64   // a choice: log probability of each value under the prior
	mass      []float64 // a number in steps: log mass of the value so many steps from the mean
	wide      []float64 // and that of the prior, by the steps from the first value
}

// mostSteps is up to how many values are told apart by their mass; of more the
// density says the same.
const mostSteps = 1000

// newParzen makes the density of the observations at which the group is set.
func newParzen(s *Space, group []int, points [][]float64) *parzen {
	var seen [][]float64
	for _, v := range points {
		if !math.IsNaN(v[group[0]]) {
			seen = append(seen, v)
		}
	}
	n := len(seen)
	z := &parzen{weights: recent(n), logs: make([]float64, n+1), each: make([]float64, n+1)}
	for k, w := range z.weights {
		z.logs[k] = portable.Log(w)
	}
	// Scott's rule with a small factor, and not sharper than the observations allow.
	spread := 0.2 * portable.Pow(float64(max(n, 1)), -1/float64(len(group)+4))
	spread = min(max(spread, 1/min(100, float64(n+2))), 1)
	for _, i := range group {
		p := &s.params[i]
		a := axis{Param: p, means: make([]float64, n)}
		for k, v := range seen {
			a.means[k] = v[i]
		}
		if p.Kind == Choice {
			choices, share := float64(len(p.Choices)), 1/float64(n+1)
			total := 1 + float64(choices*share)
			a.own, a.other = portable.Log((1+share)/total), portable.Log(share/total)
			a.prior = -portable.Log(choices)
		} else {
			a.numeric(spread)
		}
		z.axes = append(z.axes, a)
	}
	return z
}

// recent are the weights of n observations, the oldest first, and of the prior:
// the newest 25 and the prior weigh the same, the others less the older they are.
func recent(n int) []float64 {
	w := make([]float64, n+1)
	sum := 0.0
	for k := range w {
		w[k] = 1
		if old := n - 25; k < old {
			w[k] = 1 / float64(n)
			if old > 1 {
				w[k] += float64((1 - 1/float64(n)) * float64(k) / float64(old-1))
			}
		}
		sum += w[k]
	}
	for k := range w {
		w[k] /= sum
	}
	return w
}

func (a *axis) numeric(spread float64) {
	a.lo, a.hi = a.bounds()
	width := a.hi - a.lo
	if width == 0 {
		width = 1 // one value
	}
	a.deviation = float64(spread * width)
	for k, x := range a.means {
		a.means[k] = a.scaled(x)
	}
	a.norm = make([]float64, len(a.means)+1)
	values := 0
	if a.step() > 0 && !a.log() {
		values = a.count()
	}
	discrete := values > 0 && values <= mostSteps
	density := 0.0 // log of the kernels' height
	if !discrete {
		density = -portable.Log(a.deviation)
	}
	for k, m := range a.means {
		a.norm[k] = density
		// Beyond 6 deviations there is nothing to cut off.
		if lo, hi := (a.lo-m)/a.deviation, (a.hi-m)/a.deviation; lo > -6 || hi < 6 {
			a.norm[k] -= portable.Log(between(lo, hi))
		}
	}
	a.norm[len(a.means)] = -portable.Log(between(-0.5, 0.5))
	if !discrete {
		a.norm[len(a.means)] -= portable.Log(width)
		return
	}
	a.mass, a.wide = make([]float64, values), make([]float64, values)
	for k := range a.mass {
		from := (float64(k) - 0.5) * a.step()
		a.mass[k] = logOf(between(from/a.deviation, (from+a.step())/a.deviation))
		from += a.Low - (a.lo+a.hi)/2
		a.wide[k] = logOf(between(from/width, (from+a.step())/width))
	}
}

// logOf is the logarithm, of 0 that of a very small number.
func logOf(p float64) float64 { return portable.Log(max(p, 1e-300)) }

// draw makes a point of the group from the density.
func (z *parzen) draw(x []float64, r *rand.Rand) {
	k, left := 0, r.Float64()
	for ; k < len(z.weights)-1 && left >= z.weights[k]; k++ {
		left -= z.weights[k]
	}
	for j := range z.axes {
		x[j] = z.axes[j].draw(k, r)
	}
}

func (a *axis) draw(k int, r *rand.Rand) float64 {
	prior := k == len(a.means)
	switch {
	case prior:
		if a.Kind == Choice {
			return a.random(r)
		}
		return a.unscaled(truncated((a.lo+a.hi)/2, max(a.hi-a.lo, math.SmallestNonzeroFloat64), a.lo, a.hi, r))
	case a.Kind != Choice:
		return a.unscaled(truncated(a.means[k], a.deviation, a.lo, a.hi, r))
	}
	if len(a.Choices) > 1 && r.Float64() >= portable.Exp(a.own) {
		other := r.IntN(len(a.Choices) - 1)
		if other >= int(a.means[k]) {
			other++
		}
		return float64(other)
	}
	return a.means[k]
}

// logDensity is the logarithm of the density at a point of the group.
func (z *parzen) logDensity(x []float64) float64 {
	copy(z.each, z.logs)
	for j := range z.axes {
		z.axes[j].add(x[j], z.each)
	}
	top := math.Inf(-1)
	for _, v := range z.each {
		top = max(top, v)
	}
	sum := 0.0
	for _, v := range z.each {
		if v -= top; v > -38 { // what is below vanishes in the sum
			sum += portable.Exp(v)
		}
	}
	return top + portable.Log(sum)
}

// add adds the log density of a value under each kernel.
func (a *axis) add(x float64, each []float64) {
	n := len(a.means)
	switch {
	case a.Kind == Choice:
		for k, m := range a.means {
			if m == x {
				each[k] += a.own
			} else {
				each[k] += a.other
			}
		}
		each[n] += a.prior
	case a.mass != nil:
		for k, m := range a.means {
			each[k] += a.mass[int(math.Abs(x-m)/a.step()+0.5)] + a.norm[k]
		}
		each[n] += a.wide[int((x-a.Low)/a.step()+0.5)] + a.norm[n]
	default:
		u, scale := a.scaled(x), 0.5/(a.deviation*a.deviation)
		for k, m := range a.means {
			d := u - m
			each[k] += a.norm[k] - float64(d*d*scale)
		}
		d := (u - (a.lo+a.hi)/2) / max(a.hi-a.lo, math.SmallestNonzeroFloat64)
		each[n] += a.norm[n] - float64(d*d/2)
	}
}
