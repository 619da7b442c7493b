package clean

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/tree"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// A rule tells which rows of a table are no outliers.
type rule interface {
	Inliers(t *table.Table) (kept []int)
}

// removes says that rows are left out for their numbers.
func (p Params) removes() bool { return p.Outliers == "remove" || p.Outliers == "isolation_forest" }

// rule fits the rule by which rows to learn from are left out; nil for none.
func (p Params) rule(ctx context.Context, call *step.Call, train *table.Table) (rule, error) {
	switch p.Outliers {
	case "remove":
		fences, err := preprocess.FitFences(train, p.Factor)
		if err != nil {
			return nil, step.Permanent(err)
		}
		return fences, nil
	case "isolation_forest":
		return p.isolate(ctx, call, train)
	}
	return nil, nil
}

// whyOutlier is why rows are left out by the rule.
func (p Params) whyOutlier() string {
	if p.Outliers == "isolation_forest" {
		return "to learn from, and an isolation forest finds them far from the others"
	}
	return "to learn from, and a number lies far out"
}

// isolated is an isolation forest on some columns of numbers.
type isolated struct {
	columns []string
	forest  *tree.IsolationModel
}

// isolate fits one on all columns of numbers; nil where there is none.
func (p Params) isolate(ctx context.Context, call *step.Call, train *table.Table) (rule, error) {
	r := &isolated{}
	for _, c := range train.Columns {
		if c.Kind.Numeric() {
			r.columns = append(r.columns, c.Name)
		}
	}
	if len(r.columns) == 0 || train.Rows() == 0 {
		return nil, nil
	}
	f := tree.NewIsolationForest()
	f.Contamination = p.Contamination
	forest, err := f.Isolate(ctx, r.matrix(train), &learn.Options{Seed: call.Seed})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, step.Permanent(fmt.Errorf("outliers: %w", err))
	}
	r.forest = forest
	return r, nil
}

func (r *isolated) matrix(t *table.Table) *learn.Matrix {
	x := &learn.Matrix{Names: r.columns, Rows: t.Rows()}
	for _, name := range r.columns {
		x.Columns = append(x.Columns, t.Column(name).Numbers())
	}
	return x
}

// Inliers implements rule.
func (r *isolated) Inliers(t *table.Table) (kept []int) {
	for i, score := range r.forest.Scores(r.matrix(t), new(learn.Options).ThreadCount()) {
		if score <= r.forest.Threshold() {
			kept = append(kept, i)
		}
	}
	return kept
}
