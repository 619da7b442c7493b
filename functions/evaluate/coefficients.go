package evaluate

import (
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/report/markup"
)

// coefficients is a table of those of a linear model, the largest first.
func coefficients(m *model.Model) markup.HTML {
	l, ok := m.Estimator.(*linear.Model)
	if !ok {
		return ""
	}
	rows, intercepts := l.Coefficients(), l.Intercepts()
	t := &report.Table{Head: []string{"Feature"}, Text: 1}
	seen := l.Seen()
	if len(rows) == 1 && len(seen) > 1 {
		seen = seen[1:] // the score is that of the second class
	}
	for k := range rows {
		head := m.Target
		if len(seen) > 0 {
			head = m.Classes[seen[k]]
		}
		t.Head = append(t.Head, head)
	}
	size, order, none := make([]float64, len(m.Features)), make([]int, len(m.Features)), 0
	for j := range order {
		order[j] = j
		for _, w := range rows {
			size[j] = max(size[j], math.Abs(w[j]))
		}
		if size[j] == 0 {
			none++
		}
	}
	sorting.Stable(order, func(a, b int) int {
		switch {
		case size[a] > size[b]:
			return -1
		case size[a] < size[b]:
			return 1
		}
		return 0
	})
	line := func(name string, of func(k int) float64) {
		cells := []string{name}
		for k := range rows {
			cells = append(cells, format.Number(of(k)))
		}
		t.Rows = append(t.Rows, cells)
	}
	for _, j := range order[:min(drawn, len(order)-none)] {
		line(m.Features[j], func(k int) float64 { return rows[k][j] })
	}
	line("(intercept)", func(k int) float64 { return intercepts[k] })
	if none > 0 {
		t.Caption = fmt.Sprintf("%s of %s features have no coefficient.", format.Count(int64(none)), format.Count(int64(len(order))))
	}
	return t.HTML()
}
