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
func (p Params) onFolds() (names []string) {
	if p.Model == combine.KindStacking {
		names = append(names, combine.KindStacking)
	}
	if p.Calibration.Method != "" && p.Calibration.Method != calibrate.None {
		names = append(names, "calibration")
	}
	if p.Threshold.Chosen() {
		names = append(names, "threshold")
	}
	return names
}

// groups are those of the training rows, for the folds of what needs some, where the
// dataset was split by group. In time there are no such folds: every row has to be
// predicted, and nothing comes before the first.
func (p Params) groups(ctx context.Context, call *step.Call, ds events.Dataset, rows int) ([]int32, error) {
	on := p.onFolds()
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
	d, err := fitted.DivisionOf(ds, raw)
	switch {
	case err != nil:
		return none("%v", err)
	case raw.Rows() != rows:
		return none("for rows have been taken out since they were split by group (%s)", d.By)
	case d.Count() == 1:
		return none("for all training rows are of one group by %s", d.By)
	}
	return d.Groups, nil
}
