package train

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/recommend"
	"github.com/runnel-dev/runnel/runtime/step"
)

// recommend fits the factors of users and items to what users did, as far as it
// is to learn from. What they did beside that the model knows too: a list leaves
// it out, and goes by it.
func (p Params) recommend(ctx context.Context, call *step.Call, in events.FeaturesBuiltData) error {
	t, split, err := call.Dataset(ctx, in.Raw)
	if err != nil {
		return err
	}
	rows := step.RowsOf(split, step.Train, t.Rows())
	call.Rows(int64(len(rows)))
	train, err := fitted.Events(in.Raw, t, rows)
	if err != nil {
		return err
	}
	held, err := fitted.Events(in.Raw, t, append(step.RowsOf(split, step.Validation, t.Rows()), step.RowsOf(split, step.Test, t.Rows())...))
	if err != nil {
		return err
	}
	if p.Model == "auto" {
		p.Model = estimator.Default(learn.Recommendation, len(rows))
	}
	entry, err := estimator.Find(p.Model, learn.Recommendation)
	if err != nil {
		return step.Permanent(err)
	}
	fail := func(err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return step.Permanent(fmt.Errorf("fitting %s to dataset %s: %w", p.Model, in.Raw.Name, err))
	}
	opts := &learn.Options{Seed: call.Seed, Progress: func(done, total int) { call.Progress(int64(done), int64(total), entry.Unit) }}
	if p.ALS.Factors == 0 {
		p.ALS.Factors = recommend.DefaultFactors(train)
		call.Note("factors: %d (chosen for the number of users and items)", p.ALS.Factors)
	}
	r, err := p.ALS.Fit(ctx, train, opts)
	if err == nil {
		err = r.Settle(ctx, opts.ThreadCount())
	}
	if err == nil {
		r, err = r.With(held)
	}
	if err != nil {
		return fail(err)
	}
	m := &model.Model{Task: learn.Recommendation, Estimator: r, Features: []string{in.Raw.Roles[events.RoleUser]}, Seed: call.Seed}
	if m.Params, err = p.Used(entry.Name, m.Task); err != nil {
		return fail(err)
	}
	learnt := t.Take(rows)
	if m.Inputs, err = model.DescribeEvents(learnt, in.Raw.Roles[events.RoleUser], in.Raw.Roles[events.RoleItem]); err != nil {
		return fail(err)
	}
	if err := origin(m, in, learnt); err != nil {
		return err
	}
	ref, err := fitted.PutModel(ctx, call, m)
	if err != nil {
		return err
	}
	return call.Emit(events.ModelTrainedData{Raw: in.Raw, Features: in.Dataset, Estimator: p.Model, Model: ref, Metrics: map[string]float64{}, Notes: call.Notes()})
}
