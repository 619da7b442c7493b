package boost

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/portable"
)

// blockOf is how many rows walk down a tree before the next tree's turn: the rows
// and the tree stay in the nearest caches.
const blockOf = 64

// Predict returns the outputs of each row, on all processors where there are many
// rows.
func (m *Model) Predict(x *learn.Matrix) []float64 {
	out := make([]float64, x.Rows*m.outputs)
	blocks := (x.Rows + blockOf - 1) / blockOf
	if blocks < 8 {
		m.predict(x, 0, x.Rows, out)
		return out
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), blocks/4) {
		all.Go(func() {
			for {
				from := (int(next.Add(1)) - 1) * blockOf * 4
				if from >= x.Rows {
					return
				}
				m.predict(x, from, min(from+blockOf*4, x.Rows), out)
			}
		})
	}
	all.Wait()
	return out
}

// predict writes the outputs of some rows.
func (m *Model) predict(x *learn.Matrix, from, to int, out []float64) {
	var few [128]uint16
	var margins [blockOf]float64
	s, w, outputs := scratch{row: few[:]}, m.walker, len(m.base)
	for ; from < to; from += blockOf {
		end := min(from+blockOf, to)
		into := out[from*m.outputs : end*m.outputs]
		if m.link == ensemble.Logistic {
			into = margins[:end-from]
		}
		for i := 0; i < len(into); i += outputs {
			copy(into[i:], m.base)
		}
		at := from + w.addMany(&s, x, from, end, into, outputs)
		for at < end && w.addOne(&s, x, at, into[(at-from)*outputs:(at-from+1)*outputs]) {
			at++
		}
		if at < end {
			if size := (end - at) * len(w.columns); size > len(s.row) {
				s.row = make([]uint16, size)
			}
			w.look(x, at, end, s.row)
			w.add(s.row, into[(at-from)*outputs:], outputs)
		}
		m.finish(into, out[from*m.outputs:end*m.outputs])
	}
}

// finish turns margins into predictions.
func (m *Model) finish(margins, out []float64) {
	switch m.link {
	case ensemble.Logistic:
		for i, v := range margins {
			p := portable.Sigmoid(v)
			out[2*i], out[2*i+1] = 1-p, p
		}
	case ensemble.Softmax:
		for i := 0; i < len(out); i += m.outputs {
			portable.Softmax(out[i : i+m.outputs])
		}
	case ensemble.Log:
		for i, v := range out {
			out[i] = portable.Exp(v)
		}
	}
}
