package train

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// training is what is learnt from: the features of rows that have a target, their
// target, how much each counts, and the transforms that made them.
type training struct {
	x       *table.Table
	y       *learn.Target
	weights []float64 // nil: all 1
	groups  []int32   // of each row, for folds within the fit; nil: none
	graph   *preprocess.Graph
}

// data reads the training rows. Where a search chose transforms of its own, these
// are fitted on the raw rows.
func data(ctx context.Context, call *step.Call, in events.FeaturesBuiltData, own []preprocess.Description) (*training, error) {
	from := in.Dataset
	if len(own) > 0 {
		from = in.Raw
	}
	t, split, err := call.Dataset(ctx, from)
	if err != nil {
		return nil, err
	}
	var graph *preprocess.Graph
	if len(own) == 0 {
		if graph, err = fitted.Graph(ctx, call, in.Transformers); err != nil {
			return nil, err
		}
	}
	if rows := step.RowsOf(split, step.Train, t.Rows()); len(rows) < t.Rows() {
		t = t.Take(rows)
	}
	call.Rows(int64(t.Rows()))
	t, y, err := fitted.WithTarget(t, from.Target, learn.Task(from.Task), from.Classes)
	if err != nil {
		return nil, step.Permanent(err)
	}
	weights, err := preprocess.Weights(t, from.Roles[events.RoleWeight])
	if err != nil {
		return nil, step.Permanent(fmt.Errorf("dataset %s: %w", from.Name, err))
	}
	t = t.Without(from.Aside()...)
	if len(own) == 0 {
		return &training{x: t, y: y, weights: weights, graph: graph}, nil
	}
	specs, err := preprocess.Specs(own)
	if err == nil {
		graph, t, err = preprocess.Fit(ctx, t, y, &learn.Options{Seed: call.Seed}, specs...)
	}
	if err == nil {
		t, err = t.Select(preprocess.Numeric(t)...)
	}
	if err != nil {
		return nil, step.Permanent(fmt.Errorf("the transforms that the search chose, of dataset %s: %w", from.Name, err))
	}
	return &training{x: t, y: y, weights: weights, graph: graph}, nil
}
