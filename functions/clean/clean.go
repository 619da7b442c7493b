// Package clean is the step that makes a table fit to learn from: duplicate
// rows out, missing values filled, dates parsed, outliers capped, text
// normalised.
//
// What it learns from data (means, quantiles, layouts) it learns from the
// training rows only, and keeps as transformers that the model carries along,
// so that a row to predict is cleaned the same way. The target is never filled
// or capped.
//
// A row that stands twice, or has no target, is neither learnt from nor judged
// by. A row with missing values or outliers is at most not learnt from: a model
// has to answer for such rows, and is judged by them.
//
// A table of more cells than the params allow is never in memory: it is read
// part by part, fitted on a seeded sample of its training rows, and its rows
// are equal where 128 bits of their SHA-256 are. Beside a part and the sample
// this takes about 4 bytes a row, and 24 more of those that stand twice.
package clean

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// Params says how rows and values that would mislead a model are treated.
type Params struct {
	Duplicates    string   `json:"duplicates" default:"auto" enum:"auto,drop,keep" doc:"rows that equal an earlier one in every column; auto drops them, unless rows have weights, are to be clustered or searched for anomalies: how often one comes then counts"`
	Missing       string   `json:"missing" default:"mean" enum:"mean,median,mode,constant,knn,iterative,drop_rows,drop_columns,keep" doc:"how missing numbers are filled, or what is dropped for them"`
	Constant      float64  `json:"constant" default:"0" doc:"the number that missing: constant fills in"`
	Categories    string   `json:"categories" default:"keep" enum:"mode,constant,keep" doc:"how missing texts and truth values are filled; keep leaves them missing, which encoders understand"`
	Neighbors     int      `json:"neighbors" default:"5" min:"1" max:"100" doc:"rows that missing: knn averages"`
	Indicators    bool     `json:"indicators" default:"false" doc:"add a column <name>_missing of 0 and 1 for each column with missing numbers"`
	MaxMissing    float64  `json:"max_missing" default:"0.5" min:"0" max:"1" doc:"missing: drop_columns drops columns with a larger share of missing values"`
	Outliers      string   `json:"outliers" default:"auto" enum:"auto,upper,both,iqr,remove,isolation_forest,none" doc:"numbers far out: capped above a quantile, in both tails or beyond the quartiles, or their rows removed; auto is upper, and none where anomalies are searched for; isolation_forest removes rows that lie far out in all columns of numbers together"`
	Contamination float64  `json:"contamination" default:"0" min:"0" max:"0.5" doc:"share of the rows to learn from that outliers: isolation_forest removes; 0 is all with a score above 0.5"`
	Quantile      float64  `json:"quantile" default:"0.99" min:"0.5" max:"1" doc:"outliers: upper and both cap at this quantile"`
	Factor        float64  `json:"factor" default:"1.5" min:"0" max:"100" doc:"outliers: iqr and remove allow this many interquartile ranges beyond the quartiles"`
	Dates         []string `json:"dates" doc:"columns to parse as dates; by default those named so that hold dates"`
	Text          string   `json:"text" default:"normalise" enum:"normalise,lower,keep" doc:"trim text, make each run of white space one space and Unicode canonical; lower case on request"`
	DropColumns   []string `json:"drop_columns" doc:"columns to leave out from the start"`
	Whole         int      `json:"whole" default:"50000000" min:"0" doc:"cells (rows times columns) up to which a table is cleaned whole; a larger one is cleaned part by part"`
	Sample        int      `json:"sample" default:"10000000" min:"1" doc:"cells of the rows to learn from that a table cleaned part by part is fitted on at most, drawn with the run's seed"`
}

// Check implements step.Checker.
func (p Params) Check() error {
	if p.Factor == 0 && (p.Outliers == "iqr" || p.Outliers == "remove") {
		return errors.New("factor: want a number above 0")
	}
	return nil
}

// Function is the step.
var Function = step.New("clean", handle,
	step.Doc("Takes out duplicate rows, fills missing values, parses dates, caps outliers and normalises text."),
	step.Accepts(events.DatasetIngested),
	step.Emits(events.DatasetCleaned))

func handle(ctx context.Context, call *step.Call, p Params) error {
	in, err := events.Data[events.DatasetIngestedData](call.Event)
	if err != nil {
		return step.Permanent(err)
	}
	m, err := call.Manifest(ctx, in.Dataset)
	if err != nil {
		return err
	}
	call.Rows(m.Rows)
	if learn.Task(in.Dataset.Task) == learn.Recommendation {
		return pass(ctx, call, in.Dataset)
	}
	if p.Outliers == "auto" {
		p.Outliers = "upper"
		if learn.Task(in.Dataset.Task) == learn.AnomalyDetection {
			p.Outliers = "none"
		}
	}
	specs, err := p.specs(m.Schema, in.Dataset)
	if err != nil {
		return step.Permanent(err)
	}
	var done *cleaned
	if m.Rows*int64(len(m.Schema)) <= int64(p.Whole) {
		done, err = p.whole(ctx, call, in.Dataset, specs)
	} else {
		done, err = p.inParts(ctx, call, in.Dataset, m, specs)
	}
	if err != nil {
		return err
	}
	for _, n := range done.graph.Notes() {
		call.Note("%s", n)
	}
	ref, err := fitted.PutGraph(ctx, call, "transformers", done.graph)
	if err != nil {
		return err
	}
	return call.Emit(events.DatasetCleanedData{Raw: done.raw, Dataset: done.dataset, Transformers: ref, Notes: call.Notes()})
}

// pass hands on events of users and items as they are: one that stands twice was
// done twice, and there is nothing to fill in or to cap.
func pass(ctx context.Context, call *step.Call, ds events.Dataset) error {
	call.Note("what users did is not cleaned: recommendations are learnt from it as it is")
	ref, err := fitted.PutGraph(ctx, call, "transformers", nil)
	if err != nil {
		return err
	}
	return call.Emit(events.DatasetCleanedData{Raw: ds, Dataset: ds, Transformers: ref, Notes: call.Notes()})
}

// cleaned is what came of a dataset.
type cleaned struct {
	raw, dataset events.Dataset
	graph        *preprocess.Graph
}

// whole cleans a table that is held in memory.
func (p Params) whole(ctx context.Context, call *step.Call, ds events.Dataset, specs []preprocess.Spec) (*cleaned, error) {
	t, split, err := call.Dataset(ctx, ds)
	if err != nil {
		return nil, err
	}
	raw, err := p.exclude(ctx, call, ds, t, split)
	if err != nil {
		return nil, err
	}
	if raw.split != nil {
		kept := raw.kept()
		t, split = t.Take(kept), raw.take(kept)
	}
	graph, err := fit(ctx, call, ds, t.Take(step.RowsOf(split, step.Train, t.Rows())), specs)
	if err != nil {
		return nil, err
	}
	out, err := transform(graph, ds, t)
	if err != nil {
		return nil, err
	}
	done, err := call.PutDataset(ctx, "dataset", out, split, ds)
	if err != nil {
		return nil, err
	}
	return &cleaned{raw.dataset, done, graph}, nil
}

// fit fits the transforms on rows to learn from.
func fit(ctx context.Context, call *step.Call, ds events.Dataset, train *table.Table, specs []preprocess.Spec) (*preprocess.Graph, error) {
	if train.Rows() == 0 {
		return nil, step.Permanent(fmt.Errorf("no training rows are left of dataset %s after cleaning (%s): relax duplicates, missing or outliers", ds.Name, strings.Join(call.Notes(), "; ")))
	}
	graph, err := preprocess.FitOnly(ctx, train.Without(ds.Aside()...), nil, &learn.Options{Seed: call.Seed}, specs...)
	if err != nil {
		return nil, step.Permanent(fmt.Errorf("cleaning dataset %s: %w", ds.Name, err))
	}
	return graph, nil
}

// drops tells whether equal rows of a dataset are taken for one.
func (p Params) drops(ds events.Dataset) bool {
	if p.Duplicates == "auto" {
		task := learn.Task(ds.Task)
		return ds.Roles[events.RoleWeight] == "" && task != learn.Clustering && task != learn.AnomalyDetection
	}
	return p.Duplicates == "drop"
}

// transform cleans all columns but those aside, which go last.
func transform(graph *preprocess.Graph, ds events.Dataset, t *table.Table) (*table.Table, error) {
	out, err := graph.Transform(t.Without(ds.Aside()...))
	if err != nil {
		return nil, step.Permanent(fmt.Errorf("cleaning dataset %s: %w", ds.Name, err))
	}
	aside, err := t.Select(ds.Aside()...)
	if err == nil {
		out, err = out.With(aside.Columns...)
	}
	if err != nil {
		return nil, step.Permanent(err)
	}
	return out, nil
}

// specs are the transforms of a row, in their order.
func (p Params) specs(schema table.Schema, ds events.Dataset) ([]preprocess.Spec, error) {
	columns := make([]string, len(schema))
	for i, field := range schema {
		columns[i] = field.Name
	}
	for i, names := range [][]string{p.DropColumns, p.Dates} {
		param := []string{"drop_columns", "dates"}[i]
		for _, name := range names {
			if !slices.Contains(columns, name) {
				return nil, fmt.Errorf("%s: no column %q%s (the columns are %s)", param, name, nearest.Hint(name, columns), nearest.Some(columns))
			}
			switch name {
			case ds.Target:
				return nil, fmt.Errorf("%s: column %q is the target: cleaning never changes it", param, name)
			case ds.Roles[events.RoleWeight]:
				return nil, fmt.Errorf("%s: column %q is how much rows count: cleaning never changes it", param, name)
			case ds.Roles[events.RoleLabel]:
				return nil, fmt.Errorf("%s: column %q says which rows are anomalies: nothing is learnt from it, and cleaning never changes it", param, name)
			}
		}
	}
	var specs []preprocess.Spec
	drop := &preprocess.Drop{Columns: p.DropColumns}
	if p.Missing == "drop_columns" {
		drop.Missing = max(p.MaxMissing, math.SmallestNonzeroFloat64) // 0 would drop none
	}
	if len(drop.Columns) > 0 || drop.Missing > 0 {
		specs = append(specs, drop)
	}
	if p.Text != "keep" {
		specs = append(specs, &preprocess.Tidy{Lower: p.Text == "lower"})
	}
	specs = append(specs, &preprocess.Dates{Columns: p.Dates})
	fill := &preprocess.Impute{Numeric: p.Missing, Categorical: p.Categories, Constant: p.Constant, Neighbors: p.Neighbors, Indicators: p.Indicators}
	if slices.Contains([]string{"drop_rows", "drop_columns"}, p.Missing) {
		fill.Numeric = "mean" // a row to predict may have missing values all the same
	}
	if fill.Numeric != "keep" || fill.Categorical != "keep" {
		specs = append(specs, fill)
	}
	switch p.Outliers {
	case "upper", "both", "iqr":
		specs = append(specs, &preprocess.Cap{Method: p.Outliers, Quantile: p.Quantile, Factor: p.Factor})
	}
	return specs, nil
}
