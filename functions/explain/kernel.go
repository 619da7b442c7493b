package explain

import (
	"context"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/explain"
	"github.com/runnel-dev/runnel/learn/model"
)

// mostPredicted is how many rows are explained of a model that is explained by
// predictions alone, some thousand times background rows for each.
const mostPredicted = 50

// byColumn is Kernel SHAP of raw columns: those features that come from one
// column are known together or not at all. The value of a column is given to
// the first of its features.
func (e *Explanation) byColumn(ctx context.Context, m *model.Model, b, x *learn.Matrix, opts *explain.Options) (*explain.Values, error) {
	columns, of, err := columnsOf(m, e.cells)
	if err != nil {
		return nil, err
	}
	// What is mixed are the places of rows in the table of both.
	both := make([][]float64, len(of))
	for f := range both {
		both[f] = append(append(make([]float64, 0, x.Rows+b.Rows), x.Columns[f]...), b.Columns[f]...)
	}
	places := func(from, rows int) *learn.Matrix {
		at := make([]float64, rows)
		for i := range at {
			at[i] = float64(from + i)
		}
		out := &learn.Matrix{Rows: rows}
		for _, c := range columns {
			out.Names, out.Columns = append(out.Names, c.Name), append(out.Columns, at)
		}
		return out
	}
	predict := func(mixed *learn.Matrix) []float64 {
		rows := &learn.Matrix{Names: m.Features, Columns: make([][]float64, len(of)), Rows: mixed.Rows}
		for f, g := range of {
			rows.Columns[f] = make([]float64, mixed.Rows)
			for i, place := range mixed.Columns[g] {
				rows.Columns[f][i] = both[f][int(place)]
			}
		}
		return m.Estimator.Predict(rows)
	}
	v, err := explain.Kernel{Seed: m.Seed}.Explain(ctx, predict, places(x.Rows, b.Rows), places(0, x.Rows), opts)
	if err != nil {
		return nil, err
	}
	first := make([]int, len(columns))
	for f := len(of) - 1; f >= 0; f-- {
		first[of[f]] = f
	}
	out := &explain.Values{Features: m.Features, Rows: v.Rows, Base: v.Base, Added: make([]float64, v.Rows*v.Outputs()*len(of))}
	for i := range v.Rows {
		for k := range v.Base {
			for g, a := range v.Of(i, k) {
				out.Of(i, k)[first[g]] = a
			}
		}
	}
	return out, nil
}
