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
	if x.Rows == 1 {
		m.predictOne(x, out)
		return out
	}
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

// predictOne writes the outputs of the only row.
func (m *Model) predictOne(x *learn.Matrix, out []float64) {
	var keys [64]uint64
	var margin [1]float64
	s, into := scratch{keys: keys[:]}, out
	if m.link == ensemble.Logistic {
		into = margin[:]
	}
	copy(into, m.base)
	m.walker.addOne(&s, x, 0, into)
	m.finish(into, out)
}

// predict writes the outputs of some rows.
func (m *Model) predict(x *learn.Matrix, from, to int, out []float64) {
	var keys [64]uint64
	var margins [blockOf]float64
	s, w, outputs := scratch{keys: keys[:]}, m.walker, len(m.base)
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
		if fours := (end - at) &^ 3; fours > 0 {
			if size := fours * len(w.columns); size > len(s.row) {
				s.row = make([]uint16, size)
			}
			w.look(x, at, at+fours, s.row)
			w.add(s.row, into[(at-from)*outputs:(at+fours-from)*outputs], outputs)
			at += fours
		}
		for ; at < end; at++ {
			w.addOne(&s, x, at, into[(at-from)*outputs:(at-from+1)*outputs])
		}
		m.finish(into, out[from*m.outputs:end*m.outputs])
	}
}

// addOne adds the trees to the margins of a row.
func (w *walker) addOne(s *scratch, x *learn.Matrix, row int, margins []float64) {
	if w.addOneFast(s, x, row, margins) {
		return
	}
	if size := 2 * len(w.columns); size > len(s.keys) {
		s.keys = make([]uint64, size)
	}
	w.lookAtOne(x, row, s.keys)
	w.forks.add(s.keys, w, margins)
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
