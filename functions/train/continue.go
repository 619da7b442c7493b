package train

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/step"
)

// versionOf takes name@3 apart. An alias will not do: it may move, and a step
// makes the same of the same inputs.
func versionOf(ref string) (name, version string, err error) {
	name, version, _ = strings.Cut(ref, "@")
	if n, e := strconv.Atoi(version); name == "" || e != nil || n < 1 {
		return "", "", fmt.Errorf("continue: %q names no version of a model: write it as churn@3 (an alias may move, and the same step would then make another model)", ref)
	}
	return name, version, nil
}

// resume goes on from a registered model by one round over the training rows. Its
// transforms, classes, threshold and parameters stay as they are.
func (p Params) resume(ctx context.Context, call *step.Call, in events.FeaturesBuiltData) error {
	name, version, err := versionOf(p.Continue)
	if err != nil {
		return step.Permanent(err)
	}
	v, err := call.Models().Get(ctx, name, version)
	if err != nil {
		return fmt.Errorf("continue: %s cannot be gone on from (runnel models list says which there are): %w", p.Continue, err)
	}
	m, raw, split, err := fitted.Judged(ctx, call, v.Files, in.Raw)
	if err != nil {
		return err
	}
	fail := func(err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return step.Permanent(fmt.Errorf("continue: going on from %s with dataset %s: %w", p.Continue, in.Raw.Name, err))
	}
	if m.Target != in.Raw.Target || m.Task != learn.Task(in.Raw.Task) {
		return fail(fmt.Errorf("the model is a %s of %q, the dataset a %s of %q", m.Task, m.Target, in.Raw.Task, in.Raw.Target))
	}
	rows, err := fitted.Rows(raw, split, step.Train, in.Raw, m)
	if err != nil {
		return fail(err)
	}
	call.Rows(int64(rows.Y.Len()))
	x, err := m.Matrix(rows.X)
	if err != nil {
		return fail(err)
	}
	opts := &learn.Options{Seed: call.Seed, Weights: rows.Weights, Progress: func(done, total int) { call.Progress(int64(done), int64(total), "scores") }}
	if m.Estimator, err = goOn(ctx, m, x, rows.Y, opts); err != nil {
		return fail(err)
	}
	before := m.Inputs
	m.Seed = call.Seed
	call.Note("model: %s goes on by one round over %d rows; its transforms and parameters stay, and its statistics are those of these rows", p.Continue, rows.Y.Len())
	if err := describe(ctx, call, m, in); err != nil {
		return err
	}
	m.Inputs = widened(before, m.Inputs)
	if err := continued(m, p.Continue, v.Files); err != nil {
		return err
	}
	return finish(ctx, call, m, v.Estimator, x, rows.Y, rows.Weights, in)
}

// goOn fits the model's estimator further.
func goOn(ctx context.Context, m *model.Model, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	name, params, err := estimator.FromUsed(m.Params)
	if err != nil {
		return nil, err
	}
	former, ok := m.Estimator.(*linear.Model)
	if !ok || former.Kind() != linear.KindSGD {
		return nil, fmt.Errorf("%s learns from all rows at once, and so does what calibrates probabilities: of the estimators only sgd, uncalibrated, goes on from where it ended; train anew on the rows of both, or with model: sgd", name)
	}
	if params.Balance != "" && params.Balance != "none" {
		return nil, errors.New("balance: some rows do not tell how the classes of all are balanced: train anew on the rows of both")
	}
	return params.SGD.PartialFit(ctx, former, x, y, opts)
}

// widened are the model's inputs with what the new rows have beside: categories,
// and numbers outside of the range.
func widened(inputs, more []model.Input) []model.Input {
	inputs = slices.Clone(inputs)
	for i := range inputs {
		in := &inputs[i]
		j := slices.IndexFunc(more, func(m model.Input) bool { return m.Name == in.Name })
		if j < 0 {
			continue
		}
		of := more[j]
		if in.Values != nil {
			all := map[string]bool{}
			for _, v := range append(slices.Clone(in.Values), of.Values...) {
				all[v] = true
			}
			if in.Values = sorting.Keys(all); len(all) > model.MaxValues {
				in.Values = nil
			}
		}
		if in.Min != nil && of.Min != nil {
			in.Min, in.Max = new(min(*in.Min, *of.Min)), new(max(*in.Max, *of.Max))
		}
	}
	return inputs
}

// continued adds to a model's lineage what it went on from.
func continued(m *model.Model, from string, files events.ModelRef) error {
	var all map[string]any
	if err := json.Unmarshal(m.Lineage, &all); err != nil {
		return fmt.Errorf("the lineage of the model: %w", err)
	}
	all["continues"] = map[string]any{"model": from, "description": files.Model.Digest, "weights": files.Weights.Digest}
	var err error
	m.Lineage, err = json.Marshal(all)
	return err
}
