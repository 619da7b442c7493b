package preprocess

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// A regression predicts joint column Column from the others: the intercept plus
// the sum of Weights times the row's values. Its own weight is 0.
type regression struct {
	Column    int       `json:"column"`
	Intercept float64   `json:"intercept"`
	Weights   []float64 `json:"weights"`
}

// fitRounds runs scikit-learn's IterativeImputer (initial strategy mean,
// ascending order, skip_complete) with ridge regression, and keeps every
// regression in the order in which a row has to pass them.
func (f *imputer) fitRounds(ctx context.Context, t *table.Table, opts *learn.Options) error {
	width, n := len(f.Joint), t.Rows()
	x, lacks := make([][]float64, width), make([][]bool, width)
	nulls := make([]int, width)
	largest := 0.0
	for j, name := range f.Joint {
		c := t.Column(name)
		x[j], lacks[j] = append([]float64(nil), c.Numbers()...), make([]bool, n)
		fill := f.Columns[f.at[name]].Number
		for i, v := range x[j] {
			switch {
			case math.IsInf(v, 0):
				return fmt.Errorf("column %q is infinite in row %d: cap it before iterative imputation", name, i)
			case v != v:
				x[j][i], lacks[j][i] = fill, true
				nulls[j]++
			default:
				largest = max(largest, math.Abs(v))
			}
		}
	}
	var order []int
	for j := range width {
		if nulls[j] > 0 && nulls[j] < n {
			order = append(order, j)
		}
	}
	sorting.Stable(order, func(a, b int) int { return nulls[a] - nulls[b] })
	if width < 2 {
		return nil
	}
	for range f.Params.Iterations {
		change := 0.0
		for _, j := range order {
			if err := ctx.Err(); err != nil {
				return err
			}
			r := fitRidge(x, j, lacks[j], f.Params.Ridge, opts.ThreadCount())
			f.Rounds = append(f.Rounds, r)
			for i, lacking := range lacks[j] {
				if lacking {
					v := r.predict(func(k int) float64 { return x[k][i] })
					change = max(change, math.Abs(v-x[j][i]))
					x[j][i] = v
				}
			}
		}
		if change < 1e-3*largest {
			break
		}
	}
	return f.checkRounds()
}

func (r *regression) predict(at func(k int) float64) float64 {
	v := r.Intercept
	for k, w := range r.Weights {
		if k != r.Column {
			v += float64(w * at(k))
		}
	}
	return v
}

func (f *imputer) fillByRounds(row, fills []float64) {
	lacks := make([]bool, len(row))
	for j, v := range row {
		if v != v {
			row[j], lacks[j] = fills[j], true
		}
	}
	for i := range f.Rounds {
		if r := &f.Rounds[i]; lacks[r.Column] {
			row[r.Column] = r.predict(func(k int) float64 { return row[k] })
		}
	}
}

func (f *imputer) checkRounds() error {
	for _, r := range f.Rounds {
		if r.Column < 0 || r.Column >= len(f.Joint) || len(r.Weights) != len(f.Joint) {
			return fmt.Errorf("a regression of column %d on %d columns, of %d", r.Column, len(r.Weights), len(f.Joint))
		}
		for _, w := range append([]float64{r.Intercept}, r.Weights...) {
			if math.IsNaN(w) || math.IsInf(w, 0) {
				return fmt.Errorf("iterative imputation of column %q does not converge: scale or cap the columns first", f.Joint[r.Column])
			}
		}
	}
	return nil
}

// fitRidge regresses column j on the others over the rows where it is not
// lacking, by the normal equations of the centred columns.
func fitRidge(x [][]float64, j int, lacking []bool, penalty float64, threads int) regression {
	width := len(x)
	means := make([]float64, width)
	count := 0.0
	for _, l := range lacking {
		if !l {
			count++
		}
	}
	for k := range x {
		sum := 0.0
		for i, v := range x[k] {
			if !lacking[i] {
				sum += v
			}
		}
		means[k] = sum / count
	}
	// Row j of the matrix stands for the right-hand side.
	gram := make([][]float64, width)
	_ = each(width, threads, func(a int) error {
		gram[a] = make([]float64, width)
		for b := range a + 1 {
			sum := 0.0
			for i := range lacking {
				if !lacking[i] {
					sum += float64((x[a][i] - means[a]) * (x[b][i] - means[b]))
				}
			}
			gram[a][b] = sum
		}
		return nil
	})
	for a := range width {
		for b := a + 1; b < width; b++ {
			gram[a][b] = gram[b][a]
		}
	}
	others := make([]int, 0, width-1)
	for k := range width {
		if k != j {
			others = append(others, k)
		}
	}
	m, rhs := make([][]float64, len(others)), make([]float64, len(others))
	for a, k := range others {
		m[a] = make([]float64, len(others))
		for b, l := range others {
			m[a][b] = gram[k][l]
		}
		m[a][a] += penalty
		rhs[a] = gram[k][j]
	}
	solution := solvePositive(m, rhs)
	r := regression{Column: j, Intercept: means[j], Weights: make([]float64, width)}
	for a, k := range others {
		r.Weights[k] = solution[a]
		r.Intercept -= float64(solution[a] * means[k])
	}
	return r
}

// solvePositive solves m x = b for a symmetric positive definite m by Cholesky's
// decomposition, in place. A direction that rounding leaves without length
// (collinear columns) gets the weight 0.
func solvePositive(m [][]float64, b []float64) []float64 {
	n := len(b)
	for i := range n {
		diagonal := m[i][i]
		for j := range i + 1 {
			sum := m[i][j]
			for k := range j {
				sum -= float64(m[i][k] * m[j][k])
			}
			switch {
			case i == j && sum <= diagonal*1e-13:
				m[i][i] = math.Inf(1)
			case i == j:
				m[i][i] = math.Sqrt(sum)
			default:
				m[i][j] = sum / m[j][j]
			}
		}
	}
	for i := range n {
		for k := range i {
			b[i] -= float64(m[i][k] * b[k])
		}
		b[i] /= m[i][i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			b[i] -= float64(m[k][i] * b[k])
		}
		b[i] /= m[i][i]
	}
	return b
}
