package neural

import (
	"math"

	"github.com/runnel-dev/runnel/learn/splitmix"
)

// A layer is a dense layer in training, with what a batch leaves in it: forward, z
// is in times w and out is its activation; back, delta is the derivative of the loss
// by z, and that by w is in, turned, times delta (Rumelhart, Hinton and Williams,
// "Learning representations by back-propagating errors", 1986).
//
// A last column of 1 in every in makes the last row of w the bias.
type layer[F float] struct {
	inputs, units int
	w             matrix[F]
	turned        matrix[F] // w without the bias, for the way back; of all layers but the first
	first, second matrix[F] // what the optimiser keeps of each weight
	norm          *norm[F]  // nil: none

	in, z, out, delta matrix[F] // a row of the batch each; a hidden layer's z becomes the slope of out by z
}

// newLayer makes a layer of the weights, with room for a batch.
func newLayer[F float](l Layer, batch int, hidden bool, in matrix[F]) *layer[F] {
	inputs := len(l.Weights) / l.Units
	out := &layer[F]{inputs: inputs, units: l.Units, in: in, w: newMatrix[F](inputs+1, l.Units)}
	for i := range inputs {
		copyTo(out.w.row(i), l.Weights[i*l.Units:][:l.Units])
	}
	copyTo(out.w.row(inputs), l.Bias)
	out.z, out.delta = newMatrix[F](batch, l.Units), newMatrix[F](batch, l.Units)
	if hidden {
		out.out = newMatrix[F](batch, l.Units+1)
	}
	return out
}

func copyTo[F, G float](to []F, from []G) {
	for i, v := range from {
		to[i] = F(v)
	}
}

// turn copies rows of the weights to their places in turned.
func (l *layer[F]) turn(from, to int) {
	to = min(to, l.inputs)
	for u := range l.units {
		row := l.turned.row(u)
		for i := from; i < to; i++ {
			row[i] = l.w.data[i*l.w.step+u]
		}
	}
}

// forward finds z of some rows.
func (l *layer[F]) forward(from, to int) {
	clear(l.z.rows(from, to))
	multiply(l.z, l.in, l.w, from, to, l.inputs+1)
}

// activate finds what a hidden layer gives out, and the slopes. Of each row, units
// are dropped with a probability, and the others grow in turn (Srivastava et al.,
// "Dropout", 2014). Which ones depends on the row's source alone.
func (l *layer[F]) activate(from, to int, activation string, dropout float64, source func(row int) *splitmix.Source) {
	for i := from; i < to; i++ {
		z, out := l.z.row(i), l.out.row(i)
		activate(activation, z, out[:l.units])
		out[l.units] = 1
		if dropout == 0 {
			continue
		}
		random, grow := source(i), F(1/(1-dropout))
		for u := range z {
			if random.Unit() < dropout {
				z[u], out[u] = 0, 0
			} else {
				z[u] *= grow
				out[u] *= grow
			}
		}
	}
}

// back finds the delta of the layer below from that of l.
func (l *layer[F]) back(below *layer[F], from, to int) {
	clear(below.delta.rows(from, to))
	multiply(below.delta, l.delta, l.turned, from, to, l.units)
	for i := from; i < to; i++ {
		delta := below.delta.row(i)
		for u, slope := range below.z.row(i) {
			delta[u] *= slope
		}
	}
}

// norm is the normalisation of a layer's z over a batch, before the activation (Ioffe
// and Szegedy, "Batch normalization", 2015). Its units are worked on apart from each
// other. Afterwards, it is part of the weights.
type norm[F float] struct {
	gamma, beta   []F
	first, second [2][]F // what the optimiser keeps of gamma and beta
	dGamma, dBeta []F
	inverse       []F       // of the batch's standard deviation
	scaled        matrix[F] // z of a batch without mean and deviation

	mean, variance []float64 // of many batches
}

const (
	normEpsilon  = 1e-5
	normMomentum = 0.1 // the share of the newest batch in mean and variance
)

func newNorm[F float](units, batch int) *norm[F] {
	vector := func() []F { return make([]F, units) }
	n := &norm[F]{gamma: vector(), beta: vector(), dGamma: vector(), dBeta: vector(), inverse: vector(), scaled: newMatrix[F](batch, units)}
	for k := range 2 {
		n.first[k], n.second[k] = vector(), vector()
	}
	n.mean, n.variance = make([]float64, units), make([]float64, units)
	for u := range units {
		n.gamma[u], n.variance[u] = 1, 1
	}
	return n
}

// forward normalises z of a batch of rows, for units from from to before to.
func (n *norm[F]) forward(z matrix[F], rows, from, to int) {
	mean, square := make([]float64, to-from), make([]float64, to-from)
	for i := range rows {
		for k, v := range z.row(i)[from:to] {
			mean[k] += float64(v) / float64(rows)
		}
	}
	for i := range rows {
		for k, v := range z.row(i)[from:to] {
			d := float64(v) - mean[k]
			square[k] += float64(d * d)
		}
	}
	for k := range mean {
		u := from + k
		n.inverse[u] = F(1 / math.Sqrt(square[k]/float64(rows)+normEpsilon))
		n.mean[u] += float64(normMomentum * (mean[k] - n.mean[u]))
		n.variance[u] += float64(normMomentum * (square[k]/float64(max(rows-1, 1)) - n.variance[u]))
	}
	for i := range rows {
		row, scaled := z.row(i), n.scaled.row(i)
		for k, m := range mean {
			u := from + k
			scaled[u] = (row[u] - F(m)) * n.inverse[u]
			row[u] = times(n.gamma[u], scaled[u]) + n.beta[u]
		}
	}
}

// back makes of the derivative by what forward gave that by what it was given.
func (n *norm[F]) back(delta matrix[F], rows, from, to int) {
	gamma, beta := make([]float64, to-from), make([]float64, to-from)
	for i := range rows {
		scaled := n.scaled.row(i)[from:to]
		for k, d := range delta.row(i)[from:to] {
			beta[k] += float64(d)
			gamma[k] += float64(float64(d) * float64(scaled[k]))
		}
	}
	for i := range rows {
		row, scaled := delta.row(i), n.scaled.row(i)
		for k := range gamma {
			u := from + k
			d := row[u] - F(beta[k]/float64(rows)) - times(scaled[u], F(gamma[k]/float64(rows)))
			row[u] = n.gamma[u] * n.inverse[u] * d
		}
	}
	for k := range gamma {
		n.dGamma[from+k], n.dBeta[from+k] = F(gamma[k]), F(beta[k])
	}
}

// folded is the layer as a model has it: what the normalisation does to z on average
// is part of weights and bias.
func (l *layer[F]) folded() Layer {
	out := Layer{Units: l.units, Weights: make([]float32, l.inputs*l.units), Bias: make([]float32, l.units)}
	for u := range l.units {
		factor, mean, shift := 1.0, 0.0, 0.0
		if n := l.norm; n != nil {
			factor = float64(n.gamma[u]) / math.Sqrt(n.variance[u]+normEpsilon)
			mean, shift = n.mean[u], float64(n.beta[u])
		}
		for i := range l.inputs {
			out.Weights[i*l.units+u] = float32(float64(l.w.row(i)[u]) * factor)
		}
		out.Bias[u] = float32(float64((float64(l.w.row(l.inputs)[u])-mean)*factor) + shift)
	}
	return out
}
