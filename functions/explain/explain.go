// Package explain is the step that says what a model's predictions rest on: what
// each column adds to the predictions of some test rows.
package explain

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/calibrate"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/explain"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// Params says how much is explained.
type Params struct {
	Rows int `json:"rows" default:"300" min:"1" max:"100000" doc:"test rows that are explained, drawn by the seed; fewer of a model of very many nodes"`
	Show int `json:"show" default:"3" min:"0" max:"50" doc:"rows whose prediction the report takes apart, from the highest to the lowest; of anomalies the highest of all"`

	Permute int    `json:"permute" default:"3" min:"0" max:"1000" doc:"how often each column is permuted on the explained rows, to measure how much worse the model gets; 0: not at all"`
	Metric  string `json:"metric" doc:"what is measured then; accuracy of classes, r2 of values and how many rows stay in their cluster by default; scores of anomalies are compared with those of the rows as they are, by mae"`
}

// Check implements step.Checker.
func (p Params) Check() error {
	if _, known := metrics.Greater(p.Metric); p.Metric != "" && !known {
		return fmt.Errorf("metric: no metric %q%s", p.Metric, nearest.Hint(p.Metric, metrics.Names()))
	}
	return nil
}

// Function is the step.
var Function = step.New("explain", handle,
	step.Doc("Says what each column adds to a model's predictions, by Shapley values of some test rows, and draws it."),
	step.Accepts(events.ModelEvaluated),
	step.Emits(events.ModelExplained))

// mostVisits bounds rows times nodes of the trees: a visit takes some 20 ns.
const mostVisits = 100_000_000

// fewest is how many rows are explained of the largest model.
const fewest = 20

func handle(ctx context.Context, call *step.Call, p Params) error {
	in, err := events.Data[events.ModelEvaluatedData](call.Event)
	if err != nil {
		return step.Permanent(err)
	}
	m, raw, split, err := fitted.Judged(ctx, call, in.Model, in.Raw)
	if err != nil {
		return err
	}
	metric, err := p.metric(m)
	if err != nil {
		return step.Permanent(err)
	}
	if m.Task == learn.Recommendation {
		return p.recommendations(ctx, call, in, m, raw, split)
	}
	subset, rows := "test", step.RowsOf(split, step.Test, raw.Rows())
	if len(rows) == 0 {
		subset, rows = "train", step.RowsOf(split, step.Train, raw.Rows())
	}
	all := rows
	rows = sample(all, p.most(call, m), call.Seed)
	if m.Task == learn.AnomalyDetection && len(rows) < len(all) {
		if rows, err = p.highest(m, raw, all, rows); err != nil {
			return err
		}
	}
	call.Rows(int64(len(rows)))
	chosen := raw.Take(rows)
	e, err := Rows(ctx, m, chosen, background(m, raw, split, call.Seed), nil)
	if none := (*notExplained)(nil); errors.As(err, &none) {
		call.Note("%v", none)
		return nil
	}
	if err == nil && p.Permute > 0 {
		err = e.permute(ctx, m, chosen, metric, in.Raw.Roles[events.RoleWeight], p.Permute)
		if none := (*notMeasured)(nil); errors.As(err, &none) {
			call.Note("no column is permuted: %v", none)
			err = nil
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return step.Permanent(fmt.Errorf("explaining the %s rows of dataset %s: %w", subset, in.Raw.Name, err))
	}
	e.Dataset, e.Estimator, e.Subset, e.Rows = in.Raw.Name, in.Estimator, subset, rows
	explanation, err := call.PutJSON(ctx, "explanation", events.MediaJSON, e)
	if err != nil {
		return err
	}
	html, err := call.PutBytes(ctx, "report", events.MediaHTML, e.page(p.Show))
	if err != nil {
		return err
	}
	return call.Emit(events.ModelExplainedData{Model: in.Model, Explanation: explanation, Report: html})
}

// highest puts the rows with the largest scores of all among those that were drawn,
// which hardly have an anomaly among them.
func (p Params) highest(m *model.Model, raw *table.Table, all, drawn []int) ([]int, error) {
	predicted, err := m.Predict(raw.Take(all))
	if err != nil {
		return nil, step.Permanent(err)
	}
	for _, i := range explain.Order(predicted.Scores)[:min(p.Show, len(all))] {
		drawn = append(drawn, all[i])
	}
	slices.Sort(drawn)
	return slices.Compact(drawn), nil
}

// most is how many rows of a model are explained.
func (p Params) most(call *step.Call, m *model.Model) int {
	switch combined := m.Estimator.(type) {
	case *combine.Model, *calibrate.Model:
		if c, ok := combined.(*combine.Model); ok {
			if s, ok := composed(m, c); ok && len(s.others) == 0 {
				return p.Rows
			}
		}
		if p.Rows > mostPredicted {
			call.Note("%d rows are explained, and not %d: each by many predictions of several models", mostPredicted, p.Rows)
		}
		return min(p.Rows, mostPredicted)
	}
	trees, ok := m.Estimator.(interface{ Nodes() int })
	if !ok {
		return p.Rows
	}
	visits := trees.Nodes()
	if !covered(m) {
		visits *= mostAgainst
	}
	most := max(fewest, mostVisits/max(visits, 1))
	if most < p.Rows {
		call.Note("%d rows are explained, and not %d: the trees have %d nodes", most, p.Rows, trees.Nodes())
	}
	return min(most, p.Rows)
}

// sample draws at most n rows, in rising order.
func sample(rows []int, n int, seed uint64) []int {
	if len(rows) <= n {
		return rows
	}
	random := rand.New(rand.NewPCG(seed, 0x6578706c61696e))
	drawn := make([]int, 0, n)
	for _, i := range random.Perm(len(rows))[:n] {
		drawn = append(drawn, rows[i])
	}
	slices.Sort(drawn)
	return drawn
}

// mostCompared is how many training rows others are compared with.
const mostCompared = 5000

// background are training rows of a model that is explained by comparing with some.
func background(m *model.Model, raw *table.Table, split []step.Subset, seed uint64) *table.Table {
	if !Compares(m) {
		return nil
	}
	return raw.Take(sample(step.RowsOf(split, step.Train, raw.Rows()), mostCompared, seed)).Without(m.Target)
}

// Compares reports whether rows of a model are explained by comparing them with
// others: where it is not of trees that say how many training rows came where.
func Compares(m *model.Model) bool {
	return m.Task != learn.Recommendation && !covered(m)
}

// Background are the training rows that Rows compares with, some of those given.
func Background(m *model.Model, train *table.Table) *table.Table {
	if train.Rows() == 0 {
		return nil
	}
	return train.Take(sample(allRows(train.Rows()), mostCompared, m.Seed)).Without(m.Target)
}
