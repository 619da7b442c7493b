package neural

import "github.com/runnel-dev/runnel/learn"

// Scores is how many outputs Gradients tells of: one for a regression and for two
// classes, else one for each class of Seen.
func (m *Model) Scores() int {
	if m.Task == learn.Regression || len(m.Seen) == 2 {
		return 1
	}
	return len(m.Seen)
}

// Gradients returns the scores of each row (rows x Scores) and their derivatives by
// each feature (rows x Scores x features). The score of a regression is its value, of
// two classes the log odds of the second, of more classes what their probabilities are
// the softmax of, less the mean over the classes.
func (m *Model) Gradients(x *learn.Matrix) (scores, gradients []float64) {
	features, outputs := len(m.Mean), m.Scores()
	scores, gradients = make([]float64, x.Rows*outputs), make([]float64, x.Rows*outputs*features)
	s := m.stack()
	back := make([]matrix[float32], len(s.weights)) // turned weights
	for l, w := range s.weights {
		back[l] = newMatrix[float32](w.columns, s.inputs[l])
		for u := range w.columns {
			for i := range s.inputs[l] {
				back[l].row(u)[i] = w.row(i)[u]
			}
		}
	}
	mixes := m.mixes()
	blocks(x.Rows, func(next func() (from, to int)) {
		size := min(blockRows, x.Rows)
		p := s.pass(size)
		deltas := make([]matrix[float32], len(s.weights)) // by what goes into each layer
		for l := range s.weights {
			deltas[l] = newMatrix[float32](size, s.inputs[l])
		}
		top := newMatrix[float32](size, s.weights[len(s.weights)-1].columns)
		for from, to := next(); from < to; from, to = next() {
			m.read(x, from, to, p.in[0])
			z := s.forward(p, to-from)
			for k, mix := range mixes {
				for i := range to - from {
					at := (from+i)*outputs + k
					for u, share := range mix {
						scores[at] += float64(share * float64(z.row(i)[u]))
						top.row(i)[u] = float32(share)
					}
					if m.Task == learn.Regression {
						scores[at] += m.Offset
					}
				}
				delta := top
				for l := len(s.weights) - 1; l >= 0; l-- {
					clear(deltas[l].rows(0, to-from))
					multiply(deltas[l], delta, back[l], 0, to-from, s.weights[l].columns)
					if delta = deltas[l]; l == 0 {
						break
					}
					for i := range to - from {
						row := delta.row(i)
						for u, slope := range p.z[l-1].row(i) {
							row[u] *= slope
						}
					}
				}
				for i := range to - from {
					out := gradients[((from+i)*outputs+k)*features:][:features]
					for j, v := range delta.row(i) {
						out[j] = float64(v) / m.Scale[j]
					}
				}
			}
		}
	})
	return scores, gradients
}

// mixes are how much of each unit of the last layer is in each score.
func (m *Model) mixes() [][]float64 {
	if m.Task == learn.Regression {
		return [][]float64{{m.Unit}}
	}
	n := len(m.Seen)
	if n == 2 {
		return [][]float64{{-1, 1}}
	}
	out := make([][]float64, n)
	for k := range out {
		out[k] = make([]float64, n)
		for u := range out[k] {
			out[k][u] = -1 / float64(n)
		}
		out[k][k]++
	}
	return out
}
