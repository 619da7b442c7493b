package evaluate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/cluster"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// Clusters say how rows were grouped, in the units of the raw columns.
type Clusters struct {
	Sizes  []int64 `json:"sizes"` // rows of each
	Traits []Trait `json:"traits"`
	// Tried are the silhouettes of 2, 3, ... clusters by which their number was
	// chosen; none where it was given.
	Tried []float64 `json:"tried,omitempty"`
	// SilhouetteRows is how many rows the silhouette was measured on.
	SilhouetteRows int `json:"silhouetteRows"`
}

// A Trait is how groups of rows, the clusters or the anomalies and all others, differ in a column of numbers, or in the share of
// rows that have a category. The traits that tell most are first.
type Trait struct {
	Column    string     `json:"column"`
	Category  string     `json:"category,omitempty"`
	Mean      float64    `json:"mean"` // of all rows; of a category its share, from 0 to 1
	Std       float64    `json:"std"`
	Groups    []*float64 `json:"groups"`    // mean of each; null where no row of it has a value
	Explained float64    `json:"explained"` // share of the variance that lies between the groups
}

// judged takes the rows that a model without a target is judged by, and their numbers:
// the test rows where there are some, else those that were learnt from.
func (e *Evaluation) judged(call *step.Call, raw *table.Table, split []step.Subset) (*table.Table, []int) {
	rows := step.RowsOf(split, step.Test, raw.Rows())
	if len(rows) == 0 {
		e.Subset, rows = "train", step.RowsOf(split, step.Train, raw.Rows())
	}
	if len(rows) < raw.Rows() {
		raw = raw.Take(rows)
	}
	call.Rows(int64(raw.Rows()))
	return raw, rows
}

// clusters measures how the rows are grouped: those that were learnt from, or the
// test rows where there are some.
func (p Params) clusters(ctx context.Context, call *step.Call, e *Evaluation, m *model.Model, ds events.Dataset, raw *table.Table, split []step.Subset) ([]report.Section, error) {
	fail := func(err error) ([]report.Section, error) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, step.Permanent(fmt.Errorf("the clusters of dataset %s: %w", e.Dataset, err))
	}
	raw, _ = e.judged(call, raw, split)
	x, err := m.Matrix(raw)
	if err != nil {
		return fail(err)
	}
	weights, err := preprocess.Weights(raw, ds.Roles[events.RoleWeight])
	if err != nil {
		return fail(err)
	}
	opts := &learn.Options{Seed: call.Seed, Weights: weights}
	n := m.Estimator.Outputs()
	distances := m.Estimator.Predict(x)
	if e.Model, err = estimator.Judge(ctx, x, &learn.Target{Task: m.Task, Rows: x.Rows}, distances, 0, opts); err != nil {
		return fail(err)
	}
	if x.Rows > cluster.SilhouetteRows {
		call.Note("the silhouette is that of %d of the %d rows among themselves, drawn by the seed", cluster.SilhouetteRows, x.Rows)
	}
	if _, several := e.Model.Metrics["silhouette"]; !several {
		call.Note("the %d rows are in fewer than two clusters, or in as many as there are rows: there is no silhouette", x.Rows)
	}
	e.Baseline = cluster.Single(x, opts)
	labels, _ := cluster.Nearest(distances, n)
	e.Clusters = &Clusters{Sizes: make([]int64, n), SilhouetteRows: min(x.Rows, cluster.SilhouetteRows), Traits: traits(raw, labels, n, nil)}
	for _, k := range labels {
		e.Clusters.Sizes[k]++
	}
	if c, ok := m.Estimator.(*cluster.Clusters); ok {
		e.Clusters.Tried = c.Tried
	}
	return e.Clusters.sections(x, labels), nil
}

// mostCategories is how many categories of a column are traits: the most
// frequent. A column of more than mostValues has none.
const (
	mostCategories = 8
	mostValues     = 100
)

// traits describes n groups of rows by the raw columns, those that were dropped too, and by
// what is missing in them. The values of times and of columns that name their rows are left out. Where of is not nil, numbers are
// described by what it makes of them.
func traits(raw *table.Table, labels []int32, n int, of func([]float64) []float64) []Trait {
	var out []Trait
	add := func(t Trait, values []float64) {
		if t.measure(values, labels, n) {
			out = append(out, t)
		}
	}
	for _, c := range raw.Columns {
		if nulls := c.Nulls(); nulls > 0 && nulls < c.Len() {
			missing := make([]float64, c.Len())
			for i := range missing {
				if c.Missing(i) {
					missing[i] = 1
				}
			}
			add(Trait{Column: c.Name, Category: "(missing)"}, missing)
		}
		switch {
		case c.Kind == table.Time || preprocess.Identifier(c):
		case c.Kind != table.String:
			values := c.Numbers()
			if of != nil {
				values = of(values)
			}
			add(Trait{Column: c.Name}, values)
		default:
			for _, category := range frequent(c) {
				add(Trait{Column: c.Name, Category: category}, having(c, category))
			}
		}
	}
	sorting.Stable(out, func(a, b Trait) int { return cmp.Compare(b.Explained, a.Explained) })
	return out
}

// frequent are the categories of a column that most rows have.
func frequent(c *table.Column) []string {
	counts := make([]int, len(c.Dict))
	for i := range c.Len() {
		if !c.Missing(i) {
			counts[c.Codes[i]]++
		}
	}
	var order []int
	for code, count := range counts {
		if count > 0 {
			order = append(order, code)
		}
	}
	if len(order) > mostValues {
		return nil
	}
	sorting.Stable(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(c.Dict[a], c.Dict[b]))
	})
	var out []string
	for _, code := range order[:min(len(order), mostCategories)] {
		out = append(out, c.Dict[code])
	}
	return out
}

// having is 1 for the rows of a category, 0 for others, and NaN for missing ones.
func having(c *table.Column, category string) []float64 {
	out := make([]float64, c.Len())
	for i := range out {
		switch {
		case c.Missing(i):
			out[i] = math.NaN()
		case c.Dict[c.Codes[i]] == category:
			out[i] = 1
		}
	}
	return out
}

// measure fills in a trait of these values; NaN are missing. It reports whether
// they vary at all.
func (t *Trait) measure(values []float64, labels []int32, n int) bool {
	sums, counts := make([]float64, n), make([]float64, n)
	total, all := 0.0, 0.0
	for i, v := range values {
		if v-v == 0 { // neither missing nor infinite
			sums[labels[i]] += v
			counts[labels[i]]++
			total += v
			all++
		}
	}
	if all == 0 {
		return false
	}
	t.Mean = total / all
	variance := 0.0
	for _, v := range values {
		if v-v == 0 {
			variance += float64((v - t.Mean) * (v - t.Mean))
		}
	}
	t.Std = math.Sqrt(variance / all)
	if !(variance > 0) || math.IsInf(variance, 0) {
		return false
	}
	t.Groups = make([]*float64, n)
	between := 0.0
	for k, count := range counts {
		if count > 0 {
			mean := sums[k] / count
			t.Groups[k] = &mean
			between += float64(count * (mean - t.Mean) * (mean - t.Mean))
		}
	}
	t.Explained = min(1, between/variance)
	return true
}

// shifts is by how many standard deviations each group is off the mean of all;
// NaN where no row has a value.
func (t *Trait) shifts() []float64 {
	out := slices.Repeat([]float64{math.NaN()}, len(t.Groups))
	for k, mean := range t.Groups {
		if mean != nil {
			out[k] = (*mean - t.Mean) / t.Std
		}
	}
	return out
}
