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

// data reads the training rows that have a target: the features, their target,
// and the transforms that made them. Where a search chose transforms of its own,
// these are fitted on the raw rows.
func data(ctx context.Context, call *step.Call, in events.FeaturesBuiltData, own []preprocess.Description) (*table.Table, *learn.Target, *preprocess.Graph, error) {
	from := in.Dataset
	if len(own) > 0 {
		from = in.Raw
	}
	t, split, err := call.Dataset(ctx, from)
	if err != nil {
		return nil, nil, nil, err
	}
	var graph *preprocess.Graph
	if len(own) == 0 {
		if graph, err = fitted.Graph(ctx, call, in.Transformers); err != nil {
			return nil, nil, nil, err
		}
	}
	if rows := step.RowsOf(split, step.Train, t.Rows()); len(rows) < t.Rows() {
		t = t.Take(rows)
	}
	call.Rows(int64(t.Rows()))
	t, y, err := fitted.WithTarget(t, from.Target, learn.Task(from.Task), from.Classes)
	if err != nil {
		return nil, nil, nil, step.Permanent(err)
	}
	t = t.Without(from.Target)
	if len(own) == 0 {
		return t, y, graph, nil
	}
	specs, err := preprocess.Specs(own)
	if err == nil {
		graph, t, err = preprocess.Fit(ctx, t, y, &learn.Options{Seed: call.Seed}, specs...)
	}
	if err == nil {
		t, err = t.Select(preprocess.Numeric(t)...)
	}
	if err != nil {
		return nil, nil, nil, step.Permanent(fmt.Errorf("the transforms that the search chose, of dataset %s: %w", from.Name, err))
	}
	return t, y, graph, nil
}
