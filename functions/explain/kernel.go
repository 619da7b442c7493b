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

// byColumn is Kernel SHAP of a model's predictions by raw columns.
func (e *Explanation) byColumn(ctx context.Context, m *model.Model, b, x *learn.Matrix, opts *explain.Options) (*explain.Values, error) {
	names, of, err := namesOf(m, e.cells)
	if err != nil {
		return nil, err
	}
	v, err := kernel(ctx, m, m.Estimator.Predict, names, of, b, x, opts)
	if err != nil {
		return nil, err
	}
	return perFeature(v, m.Features, of), nil
}

// kernel is Kernel SHAP of columns: the features that belong to one are known
// together or not at all.
func kernel(ctx context.Context, m *model.Model, predict explain.Predict, columns []string, of []int, b, x *learn.Matrix, opts *explain.Options) (*explain.Values, error) {
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
		out := &learn.Matrix{Names: columns, Rows: rows}
		for range columns {
			out.Columns = append(out.Columns, at)
		}
		return out
	}
	ofMixed := func(mixed *learn.Matrix) []float64 {
		rows := &learn.Matrix{Names: m.Features, Columns: make([][]float64, len(of)), Rows: mixed.Rows}
		for f, g := range of {
			rows.Columns[f] = make([]float64, mixed.Rows)
			for i, place := range mixed.Columns[g] {
				rows.Columns[f][i] = both[f][int(place)]
			}
		}
		return predict(rows)
	}
	return explain.Kernel{Seed: m.Seed}.Explain(ctx, ofMixed, places(x.Rows, b.Rows), places(0, x.Rows), opts)
}

// perFeature gives the value of a column to the first of its features.
func perFeature(v *explain.Values, features []string, of []int) *explain.Values {
	first := make([]int, len(v.Features))
	for f := len(of) - 1; f >= 0; f-- {
		first[of[f]] = f
	}
	out := &explain.Values{Features: features, Rows: v.Rows, Base: v.Base, Added: make([]float64, v.Rows*v.Outputs()*len(of))}
	for i := range v.Rows {
		for k := range v.Base {
			for g, a := range v.Of(i, k) {
				out.Of(i, k)[first[g]] = a
			}
		}
	}
	return out
}
