package predict

import (
	"fmt"

	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/table"
)

// lists gives each row of t the rows of its list: `rank` from 1, `prediction`, an
// item in the type of its column, `score`, and `by`, what the list goes by.
func lists(m *model.Model, t *table.Table, p Params) (*table.Table, error) {
	pred, err := m.Recommend(t, p.Top, p.Seen)
	if err != nil {
		return nil, err
	}
	var rows []int
	var ranks []int64
	var items, by []string
	var scores []float64
	for i, l := range pred.Lists {
		for k, item := range l.Items {
			rows, ranks = append(rows, i), append(ranks, int64(k+1))
			items, scores = append(items, fmt.Sprint(item.Item)), append(scores, item.Score)
			by = append(by, l.By)
		}
	}
	prediction := table.StringColumn("prediction", items)
	if m.Inputs[1].Kind == table.Int64 {
		prediction = table.IntColumn("prediction", itemsOf[int64](pred.Lists, len(rows)))
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
