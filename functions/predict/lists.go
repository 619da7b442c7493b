package predict

import (
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/table"
)

// lists gives each row of t the rows of its list: `rank` from 1, `prediction`, an
// item in the type of its column, `score`, and `by`, what the list goes by.
func lists(m *model.Model, pred *model.Prediction, t *table.Table, p Params) (*table.Table, error) {
	var rows []int
	var ranks []int64
	var by []string
	var scores []float64
	for i, l := range pred.Lists {
		for k, item := range l.Items {
			rows, ranks = append(rows, i), append(ranks, int64(k+1))
			scores, by = append(scores, item.Score), append(by, l.By)
		}
	}
	var prediction *table.Column
	switch m.Inputs[1].Kind {
	case table.Int64:
		prediction = table.IntColumn("prediction", itemsOf[int64](pred.Lists, len(rows)))
	case table.Float64:
		prediction = table.FloatColumn("prediction", itemsOf[float64](pred.Lists, len(rows)))
	case table.Bool:
		prediction = table.BoolColumn("prediction", itemsOf[bool](pred.Lists, len(rows)))
	default:
		prediction = table.StringColumn("prediction", itemsOf[string](pred.Lists, len(rows)))
	}
	return p.beside(t.Take(rows), []*table.Column{table.IntColumn("rank", ranks), prediction,
		table.FloatColumn("score", scores), table.StringColumn("by", by)})
}

// itemsOf are the n items of all lists as values of the column's type.
func itemsOf[T any](lists []model.List, n int) []T {
	out := make([]T, 0, n)
	for _, l := range lists {
		for _, item := range l.Items {
			v, _ := item.Item.(T)
			out = append(out, v)
		}
	}
	return out
}
