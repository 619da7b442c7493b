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

// Rows takes the rows of a subset that have the model's target: in raw form, as
// the model takes them, and the target. The error is one of the data.
func Rows(raw *table.Table, split []step.Subset, which step.Subset, m *model.Model) (*table.Table, *learn.Target, error) {
	t := raw
	if rows := step.RowsOf(split, which, raw.Rows()); len(rows) < raw.Rows() {
		t = raw.Take(rows)
	}
	t, y, err := WithTarget(t, m.Target, m.Task, m.Classes)
	if err != nil {
		return nil, nil, err
	}
	return t.Without(m.Target), y, nil
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
