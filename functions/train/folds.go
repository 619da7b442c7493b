package train

import (
	"context"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/calibrate"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/runtime/step"
)

// onFolds are those of the params by which something is learnt from what was predicted
// for rows that were not fitted on.
func (p Params) onFolds() (names []string, folds []int) {
	add := func(name string, k int) { names, folds = append(names, name), append(folds, k) }
	if p.Model == combine.KindStacking {
		add(combine.KindStacking, p.Stacking.Folds)
	}
	if p.Calibration.Method != "" && p.Calibration.Method != calibrate.None {
		add("calibration", p.Calibration.Folds)
	}
	if p.Threshold.Chosen() {
		add("threshold", p.Threshold.Folds)
	}
	return names, folds
}

// groups are those of the training rows, for the folds of what needs some, where the
// dataset was split by group. In time there are no such folds: every row has to be
// predicted, and nothing comes before the first.
func (p Params) groups(ctx context.Context, call *step.Call, ds events.Dataset, d *training) ([]int32, error) {
	on, folds := p.onFolds()
	if len(on) == 0 || ds.Roles[events.RoleGroup] == "" && ds.Roles[events.RoleTime] == "" {
		return nil, nil
	}
	its := "its"
	if len(on) > 1 {
		its = "their"
	}
	none := func(format string, args ...any) ([]int32, error) {
		call.Note("%s: %s folds are at random, "+format, append([]any{strings.Join(on, ", "), its}, args...)...)
		return nil, nil
	}
	if by := ds.Roles[events.RoleTime]; by != "" {
		return none("and not by time (%s) as the split of the rows: each row is predicted by what was fitted on others, later ones among them", by)
	}
	raw, split, err := call.Dataset(ctx, ds)
	if err != nil {
		return nil, err
	}
	raw, _, err = fitted.WithTarget(raw.Take(step.RowsOf(split, step.Train, raw.Rows())), ds.Target, learn.Task(ds.Task), ds.Classes)
	if err != nil {
		return nil, step.Permanent(err)
	}
	like, err := fitted.DivisionOf(ds, raw)
	switch {
	case err != nil:
		return none("%v", err)
	case raw.Rows() != d.y.Len():
		return none("for rows have been taken out since they were split by group (%s)", like.By)
	case like.Count() == 1:
		return none("for all training rows are of one group by %s", like.By)
	}
	for _, k := range folds {
		if _, err := combine.GroupFolds(d.y, k, &learn.Options{Seed: call.Seed, Weights: d.weights, Groups: like.Groups}); err != nil {
			return none("and not by group (%s): %v", like.By, err)
		}
	}
	return like.Groups, nil
}
