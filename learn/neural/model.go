// Package neural has dense neural networks: their parameters, their training by
// mini-batches on processors, their prediction and their state.
//
// Training is in float32. Products of matrices are package sgemm's; sums over rows
// are formed in the order of the rows, whoever forms them, so that a fit has the same
// bits for any number of threads and on every processor.
package neural

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/portable"
)

// Kind is the kind of a network's state.
const Kind = "neural_network"

// A Layer maps values to units: Weights[i*Units+u] is that of input i in unit u.
type Layer struct {
	Units   int
	Weights []float32
	Bias    []float32
}

// A Model is a fitted network. Features are standardised on the way in; a value
// is Offset + Unit times the last layer's output, classes are its softmax. Its
// fields do not change once it predicts.
type Model struct {
	Task         learn.Task
	Classes      int
	Seen         []int32 // the classes that the last layer has units for, rising
	Activation   string
	Mean, Scale  []float64 // of each feature: (x - Mean) / Scale goes in
	Layers       []Layer
	Offset, Unit float64

	once   sync.Once
	packed *stack[float32]
}

// Outputs is the number of classes, or 1 for regression.
func (m *Model) Outputs() int {
	if m.Task == learn.Classification {
		return m.Classes
	}
	return 1
}

// furthest is how many deviations a value may be from the mean: what is further
// counts as that far, so that what comes out is finite.
const furthest = 1e6

// standardised is what goes in for a value of a feature.
func (m *Model) standardised(feature int, v float64) float64 {
	return near((v - m.Mean[feature]) / m.Scale[feature])
}

func near(v float64) float64 {
	if v > furthest {
		return furthest
	}
	if v < -furthest {
		return -furthest
	}
	return v
}

// A stack is the layers, for computing.
type stack[F float] struct {
	activation string
	weights    []matrix[F] // the last row is the bias
	inputs     []int
}

func newStack[F float](activation string, layers []Layer) *stack[F] {
	s := &stack[F]{activation: activation}
	for _, l := range layers {
		inputs := len(l.Weights) / l.Units
		w := newMatrix[F](inputs+1, l.Units)
		for i := range inputs {
			copyTo(w.row(i), l.Weights[i*l.Units:][:l.Units])
		}
		copyTo(w.row(inputs), l.Bias)
		s.weights, s.inputs = append(s.weights, w), append(s.inputs, inputs)
	}
	return s
}

// A pass is room for some rows on their way through a stack: what goes into each
// layer, with a last column of 1, and what comes out of it before its activation.
type pass[F float] struct{ in, z []matrix[F] }

func (s *stack[F]) pass(rows int) *pass[F] {
	p := &pass[F]{}
	for l, w := range s.weights {
		p.in = append(p.in, newMatrix[F](rows, s.inputs[l]+1))
		p.z = append(p.z, newMatrix[F](rows, w.columns))
		for i := range rows {
			p.in[l].row(i)[s.inputs[l]] = 1
		}
	}
	return p
}

// forward sends rows of the first layer's input through the stack. Hidden layers' z
// become the slopes of their activations.
func (s *stack[F]) forward(p *pass[F], rows int) matrix[F] {
	last := len(s.weights) - 1
	for l, w := range s.weights {
		clear(p.z[l].rows(0, rows))
		multiply(p.z[l], p.in[l], w, 0, rows, s.inputs[l]+1)
		if l < last {
			for i := range rows {
				activate(s.activation, p.z[l].row(i), p.in[l+1].row(i)[:w.columns])
			}
		}
	}
	return p.z[last]
}

func (m *Model) stack() *stack[float32] {
	m.once.Do(func() { m.packed = newStack[float32](m.Activation, m.Layers) })
	return m.packed
}

// blockRows is how many rows go through the layers before the next ones do.
const blockRows = 64

// Predict returns the outputs of each row, on all processors where there are
// many rows.
func (m *Model) Predict(x *learn.Matrix) []float64 {
	outputs := m.Outputs()
	out := make([]float64, x.Rows*outputs)
	s := m.stack()
	blocks(x.Rows, func(next func() (from, to int)) {
		p, scratch := s.pass(min(blockRows, x.Rows)), make([]float64, len(m.Seen))
		for from, to := next(); from < to; from, to = next() {
			m.read(x, from, to, p.in[0])
			z := s.forward(p, to-from)
			for i := from; i < to; i++ {
				m.output(z.row(i-from), out[i*outputs:][:outputs], scratch)
			}
		}
	})
	return out
}

// blocks calls do on as many goroutines as there are processors or blocks of rows:
// next says which rows come next, none at the end.
func blocks(rows int, do func(next func() (from, to int))) {
	var claimed atomic.Int64
	next := func() (from, to int) {
		from = (int(claimed.Add(1)) - 1) * blockRows
		return min(from, rows), min(from+blockRows, rows)
	}
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (rows+blockRows-1)/blockRows) {
		all.Go(func() { do(next) })
	}
	all.Wait()
}

// read standardises some rows.
func (m *Model) read(x *learn.Matrix, from, to int, in matrix[float32]) {
	done := m.readFast(x.Columns, from, to, in)
	whole := from + (to-from)&^7
	m.readPlain(x.Columns[:done], 0, whole, to, in, whole-from)
	m.readPlain(x.Columns[done:], done, from, to, in, 0)
}

// readPlain is read of columns, of which first is the number of the first, from a
// row on, which is row at of in.
func (m *Model) readPlain(columns [][]float64, first, from, to int, in matrix[float32], at int) {
	for k, col := range columns {
		j := first + k
		mean, scale := m.Mean[j], m.Scale[j]
		for i, v := range col[from:to] {
			in.data[(at+i)*in.step+j] = float32(near((v - mean) / scale))
		}
	}
}

// output turns what the last layer gives into probabilities or a value; p has room
// for one of each class seen.
func (m *Model) output(z []float32, out, p []float64) {
	if m.Task == learn.Regression {
		out[0] = m.Offset + float64(m.Unit*float64(z[0]))
		return
	}
	copyTo(p, z)
	portable.Softmax(p)
	for k, class := range m.Seen {
		out[class] = p[k]
	}
}

// finite says whether all weights are numbers that can be computed with.
func (m *Model) finite() bool {
	for _, l := range m.Layers {
		for _, values := range [][]float32{l.Weights, l.Bias} {
			for _, v := range values {
				if v != v || math.Abs(float64(v)) > math.MaxFloat32/2 {
					return false
				}
			}
		}
	}
	return true
}
