package neural

import "math"

// An optimiser makes steps down the gradient. Its numbers are those of the step that
// is being made.
type optimiser struct {
	n    *Network
	rate float64

	power1, power2 float64 // of Adam's decay rates, by the number of steps
}

// Adam's decay rates and its epsilon, as its authors have them.
const (
	beta1, beta2 = 0.9, 0.999
	adamEpsilon  = 1e-8
)

// begin is called before each step.
func (o *optimiser) begin(rate float64) {
	if o.power1 == 0 {
		o.power1, o.power2 = 1, 1
	}
	o.rate = rate
	o.power1 *= beta1
	o.power2 *= beta2
}

// update changes weights by their gradient. What is kept of each weight, first and
// second, is 0 at first. Weights that decay lose a share that does not depend on the
// gradient (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).
func update[F float](o *optimiser, w, gradient, first, second []F, decays bool) {
	decay := 0.0
	if decays {
		decay = o.rate * o.n.Decay
	}
	if o.n.Solver == "sgd" {
		descend(w, gradient, first, F(o.rate), F(o.n.Momentum), F(decay), o.n.Nesterov)
		return
	}
	a := adam[F]{
		keep1: beta1, keep2: beta2, add1: F(1 - beta1), add2: F(1 - beta2), decay: F(decay),
		rate: F(o.rate / (1 - o.power1)), root: F(1 / math.Sqrt(1-o.power2)), epsilon: adamEpsilon,
	}
	if a, ok := any(&a).(*adam[float32]); ok {
		at := adamFast(a, any(w).([]float32), any(gradient).([]float32), any(first).([]float32), any(second).([]float32))
		w, gradient, first, second = w[at:], gradient[at:], first[at:], second[at:]
	}
	a.step(w, gradient, first, second)
}

// descend is stochastic gradient descent with momentum, which may look ahead
// (Sutskever et al., "On the importance of initialization and momentum in deep
// learning", 2013, in the form of PyTorch).
func descend[F float](w, gradient, speed []F, rate, momentum, decay F, nesterov bool) {
	for i, g := range gradient {
		speed[i] = times(momentum, speed[i]) + g
		by := speed[i]
		if nesterov {
			by = g + times(momentum, by)
		}
		w[i] -= times(decay, w[i]) + times(rate, by)
	}
}

// adam is one step of Adam (Kingma and Ba, "Adam: a method for stochastic
// optimization", 2015): its numbers, which the assembly knows the order of.
type adam[F float] struct {
	keep1, add1, keep2, add2, root, epsilon, rate, decay F
}

func (a *adam[F]) step(w, gradient, first, second []F) {
	for i, g := range gradient {
		m := times(a.keep1, first[i]) + times(a.add1, g)
		v := times(a.keep2, second[i]) + times(a.add2, g*g)
		first[i], second[i] = m, v
		by := a.rate * m / (times(F(math.Sqrt(float64(v))), a.root) + a.epsilon)
		w[i] = (w[i] - times(a.decay, w[i])) - by
	}
}

// A schedule says how the learning rate goes on from pass to pass.
type schedule struct {
	n      *Network
	epoch  int
	factor float64 // of plateau
	best   float64 // loss
	waited int     // passes since
}

func newSchedule(n *Network) *schedule { return &schedule{n: n, factor: 1, best: math.Inf(1)} }

// rate is that of the pass at hand.
func (s *schedule) rate() float64 {
	switch s.n.Schedule {
	case "step":
		rate := s.n.Rate
		for range s.epoch / s.n.Every {
			rate *= s.n.Factor
		}
		return rate
	case "cosine": // Loshchilov and Hutter, "SGDR", 2017, without restarts
		return s.n.Rate * 0.5 * (1 + cosine(float64(s.epoch)/float64(s.n.Epochs)))
	}
	return s.n.Rate * s.factor
}

// next goes on to the next pass, after one of that loss.
func (s *schedule) next(loss float64) {
	s.epoch++
	if s.n.Schedule != "plateau" {
		return
	}
	if loss < s.best-s.n.Tolerance {
		s.best, s.waited = loss, 0
	} else if s.waited++; s.waited >= s.n.Every {
		s.factor, s.waited = s.factor*s.n.Factor, 0
	}
}

// cosine of x half turns, for x from 0 to 1: the same bits on every processor.
func cosine(x float64) float64 {
	if x > 0.5 {
		return -cosine(1 - x)
	}
	angle := math.Pi * x
	square, term, sum := float64(angle*angle), 1.0, 1.0
	for k := 2.0; k < 24; k += 2 {
		term = -float64(term*square) / float64(k*(k-1))
		sum += term
	}
	return sum
}
