package search

import (
	"math"
	"math/rand/v2"

	"github.com/runnel-dev/runnel/learn/order"
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

// An axis is one parameter of all kernels; the last kernel is the prior.
type axis struct {
	*Param
	lo, hi  float64
	values  []float64 // of a choice: the kernels' own, but the prior's
	own     float64   // log probability of the kernel's own value,
	other   float64   // and of each other one
	prior   float64   // and of each value under the prior
	kernels []kernel  // of a number
	same    []int32   // of a number in steps: an index into classes for each kernel
	classes []kernel  // the kernels that differ
	masses  []float64 // room for the log mass of a value under each class
}

// A kernel is a normal that is cut off at the bounds.
type kernel struct {
	mean, deviation float64
	narrow          float64 // 1 / (2 deviation squared)
	norm            float64 // log of what makes its mass 1, less the logarithm of the square root of two pi
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
	for _, i := range group {
		p := &s.params[i]
		a := axis{Param: p, values: make([]float64, n)}
		for k, v := range seen {
			a.values[k] = v[i]
		}
		if p.Kind == Choice {
			choices, share := float64(len(p.Choices)), 1/float64(n+1)
			total := 1 + float64(choices*share)
			a.own, a.other = portable.Log((1+share)/total), portable.Log(share/total)
			a.prior = -portable.Log(choices)
		} else {
			a.numeric()
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

// numeric makes the kernels of a number. Each is as wide as it is far to its
// neighbour, the farther of the two (Bergstra et al., 2011), and neither wider
// than the range nor much sharper than so many observations allow.
func (a *axis) numeric() {
	n := len(a.values)
	a.lo, a.hi = a.bounds()
	width := a.hi - a.lo
	if width == 0 {
		width = 1 // one value
	}
	for k, x := range a.values {
		a.values[k] = a.scaled(x)
	}
	least := width / min(100, float64(n+2))
	sorted := order.Of(a.values)
	a.kernels = make([]kernel, n+1)
	values := a.count()
	if values <= mostSteps && values > 0 {
		a.same = make([]int32, n+1)
	}
	for i, k := range sorted {
		at := a.values[k]
		left, right := at-a.lo, a.hi-at
		if i > 0 {
			left = at - a.values[sorted[i-1]]
		}
		if i < n-1 {
			right = a.values[sorted[i+1]] - at
		}
		deviation := max(left, right)
		switch { // the first and the last do not look at the bounds
		case n > 1 && i == 0:
			deviation = right
		case n > 1 && i == n-1:
			deviation = left
		}
		a.add(int(k), at, min(max(deviation, least), width))
	}
	a.add(n, (a.lo+a.hi)/2, width)
	a.masses = make([]float64, len(a.classes))
}

// add sets the k-th kernel.
func (a *axis) add(k int, mean, deviation float64) {
	if last := len(a.classes) - 1; last >= 0 && a.classes[last].mean == mean && a.classes[last].deviation == deviation {
		a.kernels[k], a.same[k] = a.classes[last], int32(last)
		return
	}
	z := kernel{mean: mean, deviation: deviation, narrow: 0.5 / (deviation * deviation)}
	if a.same == nil {
		z.norm = -portable.Log(deviation)
	}
	// Beyond 6 deviations there is nothing to cut off.
	if lo, hi := (a.lo-mean)/deviation, (a.hi-mean)/deviation; lo > -6 || hi < 6 {
		z.norm -= logOf(between(lo, hi))
	}
	a.kernels[k] = z
	if a.same != nil {
		a.same[k] = int32(len(a.classes))
		a.classes = append(a.classes, z)
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
	switch {
	case a.Kind != Choice:
		z := &a.kernels[k]
		return a.unscaled(truncated(z.mean, z.deviation, a.lo, a.hi, r))
	case k == len(a.values): // the prior
		return a.random(r)
	}
	if len(a.Choices) > 1 && r.Float64() >= portable.Exp(a.own) {
		other := r.IntN(len(a.Choices) - 1)
		if other >= int(a.values[k]) {
			other++
		}
		return float64(other)
	}
	return a.values[k]
}

// logDensity is the logarithm of the density at a point of the group.
func (z *parzen) logDensity(x []float64) float64 {
	copy(z.each, z.logs)
	for j := range z.axes {
		z.axes[j].density(x[j], z.each)
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

// density adds the log density of a value under each kernel.
func (a *axis) density(x float64, each []float64) {
	switch {
	case a.Kind == Choice:
		for k, v := range a.values {
			if v == x {
				each[k] += a.own
			} else {
				each[k] += a.other
			}
		}
		each[len(a.values)] += a.prior
	case a.same != nil:
		from, to := a.around(x)
		for i := range a.classes {
			z := &a.classes[i]
			a.masses[i] = z.norm + logOf(between((from-z.mean)/z.deviation, (to-z.mean)/z.deviation))
		}
		for k, i := range a.same {
			each[k] += a.masses[i]
		}
	default:
		u := a.scaled(x)
		for k := range a.kernels {
			z := &a.kernels[k]
			d := u - z.mean
			each[k] += z.norm - float64(float64(d*d)*z.narrow)
		}
	}
}

// around are the bounds, on the scale, of what counts as a value in steps.
func (a *axis) around(x float64) (from, to float64) {
	if a.Kind == LogInt {
		return portable.Log(x - 0.5), portable.Log(x + 0.5)
	}
	half := float64(a.step() / 2)
	return x - half, x + half
}
