package fitted

import (
	"context"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// Judged reads a model, and the raw rows that it is to be judged or explained on,
// with the subset that each is of.
func Judged(ctx context.Context, call *step.Call, ref events.ModelRef, raw events.Dataset) (*model.Model, *table.Table, []step.Subset, error) {
	m, err := Model(ctx, call, ref)
	if err != nil {
		return nil, nil, nil, err
	}
	t, split, err := call.Dataset(ctx, raw)
	return m, t, split, err
}

// Labelled are rows that have a model's target, in raw form.
type Labelled struct {
	X       *table.Table
	Y       *learn.Target
	Weights []float64 // how much each row counts; nil: 1
	Groups  []int32   // that each row is of, for folds within a fit; nil: none
}

// Take is some of the rows.
func (l *Labelled) Take(rows []int) *Labelled {
	return &Labelled{l.X.Take(rows), l.Y.Take(rows), learn.TakeWeights(l.Weights, rows), learn.TakeGroups(l.Groups, rows)}
}

// Rows takes the rows of a subset of dataset ds, whose table is raw, that have the
// model's target. The error is one of the data.
func Rows(raw *table.Table, split []step.Subset, which step.Subset, ds events.Dataset, m *model.Model) (*Labelled, error) {
	t := raw
	if rows := step.RowsOf(split, which, raw.Rows()); len(rows) < raw.Rows() {
		t = raw.Take(rows)
	}
	t, y, err := WithTarget(t, m.Target, m.Task, m.Classes)
	if err != nil {
		return nil, err
	}
	weights, err := preprocess.Weights(t, ds.Roles[events.RoleWeight])
	return &Labelled{X: t.Without(ds.Aside()...), Y: y, Weights: weights}, err
}

// WithTarget takes the rows that have a target, and the target. The error is one
// of the data.
func WithTarget(t *table.Table, name string, task learn.Task, classes []string) (*table.Table, *learn.Target, error) {
	y, absent, err := preprocess.Target(t, name, task, classes)
	if err != nil || len(absent) == 0 {
		return t, y, err
	}
	rows := preprocess.Without(t.Rows(), absent)
	return t.Take(rows), y.Take(rows), nil
}
