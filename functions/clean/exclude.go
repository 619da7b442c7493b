package clean

import (
	"context"
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// rows is the dataset that comes in, with the rows that are left out marked in
// its split; a nil split leaves none out, and all are to learn from.
type rows struct {
	dataset events.Dataset
	split   []step.Subset
}

// exclude decides which rows are left out. No row that is learnt from is left
// out, or not, for the sake of one that is judged by.
func (p Params) exclude(ctx context.Context, call *step.Call, ds events.Dataset, t *table.Table, split []step.Subset) (*rows, error) {
	out := slices.Clone(split)
	if out == nil {
		out = make([]step.Subset, t.Rows())
	}
	excluded := 0
	leave := func(why string, rows []int) {
		noteLeft(call, why, len(rows))
		for _, r := range rows {
			out[r] = step.Excluded
		}
		excluded += len(rows)
	}
	if p.drops(ds) {
		leave(whyEqual, duplicates(t, split))
	}
	if ds.Target != "" {
		_, absent, err := preprocess.Target(t, ds.Target, learn.Task(ds.Task), ds.Classes)
		if err != nil {
			return nil, step.Permanent(err)
		}
		leave(whyNoTarget, slices.DeleteFunc(absent, func(r int) bool { return out[r] == step.Excluded }))
	}
	if p.Missing == "drop_rows" {
		train := step.RowsOf(out, step.Train, t.Rows())
		kept, err := preprocess.Complete(t.Take(train))
		if err != nil {
			return nil, step.Permanent(err)
		}
		leave(whyMissing, others(train, kept))
	}
	if p.removes() {
		train := step.RowsOf(out, step.Train, t.Rows())
		features := t.Without(ds.Aside()...).Take(train)
		far, err := p.rule(ctx, call, features)
		if err != nil {
			return nil, err
		}
		if far != nil {
			leave(p.whyOutlier(), others(train, far.Inliers(features)))
		}
	}
	if excluded == 0 {
		return &rows{dataset: ds}, nil
	}
	m, err := call.Manifest(ctx, ds)
	if err != nil {
		return nil, err
	}
	if ds, err = call.PutManifest(ctx, "raw", m, out, ds); err != nil {
		return nil, fmt.Errorf("the rows of dataset %s that are left out: %w", ds.Name, err)
	}
	return &rows{ds, out}, nil
}

// Why rows are left out.
const (
	whyEqual    = "equal to another row"
	whyNoTarget = "no target, or an infinite one"
	whyMissing  = "to learn from, and a value is missing"
)

func noteLeft(call *step.Call, why string, rows int) {
	if rows > 0 {
		call.Note("left out %s: %s", rowCount(rows), why)
	}
}

func rowCount(n int) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// duplicates lists the rows that equal one before them, rows to learn from
// counted as before the others.
func duplicates(t *table.Table, split []step.Subset) []int {
	if len(preprocess.Duplicates(t)) == t.Rows() {
		return nil // in any order
	}
	order := step.RowsOf(split, step.Train, t.Rows())
	for _, other := range []step.Subset{step.Validation, step.Test} {
		order = append(order, step.RowsOf(split, other, t.Rows())...)
	}
	if !slices.IsSorted(order) {
		t = t.Take(order)
	}
	return others(order, preprocess.Duplicates(t))
}

// others lists the elements of rows whose places, ascending, are not among kept.
func others(rows, kept []int) []int {
	var out []int
	for i, r := range rows {
		if len(kept) > 0 && kept[0] == i {
			kept = kept[1:]
		} else {
			out = append(out, r)
		}
	}
	return out
}

// kept lists the rows that are not left out.
func (r *rows) kept() []int {
	var out []int
	for i, s := range r.split {
		if s != step.Excluded {
			out = append(out, i)
		}
	}
	return out
}

// take is the split of some of the rows.
func (r *rows) take(rows []int) []step.Subset {
	out := make([]step.Subset, len(rows))
	for i, row := range rows {
		out[i] = r.split[row]
	}
	return out
}
