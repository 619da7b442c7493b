// Package featurize is the step that turns a clean table into numbers to learn
// from: bins, interactions, encoded categories, dates taken apart, text counted.
//
// Everything is fitted on the training rows and kept in the model. Where an
// encoding looks at the target, the training rows are encoded fold by fold, so
// that no row sees its own.
//
// The whole table is held in memory. Where there is neither a target nor a task
// without one it is not read.
package featurize

import (
	"context"
	"fmt"
	"sync"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// Params says which features are made. The transforms that are listed come
// first, in the order of the fields; auto then makes numbers of every column
// that is none yet.
type Params struct {
	Interactions []preprocess.Interact     `json:"interactions" doc:"features made of pairs of columns"`
	Bins         []preprocess.Bin          `json:"bins" doc:"numbers cut into intervals: by given edges and labels, by quantiles or of equal width"`
	Clusters     []preprocess.Cluster      `json:"clusters" doc:"groups of alike rows, by k-means: to which a row belongs, or how far it is from each"`
	DateParts    []preprocess.DateParts    `json:"date_parts" doc:"dates taken apart"`
	Tfidf        []preprocess.Tfidf        `json:"tfidf" doc:"text as its most frequent terms, weighed by tf-idf"`
	HashText     []preprocess.HashText     `json:"hash_text" doc:"text as hashed terms"`
	OneHot       []preprocess.OneHot       `json:"one_hot" doc:"categories as a column of 0 and 1 each"`
	Ordinal      []preprocess.Ordinal      `json:"ordinal" doc:"categories as their place in an order"`
	Target       []preprocess.TargetEncode `json:"target" doc:"categories as the mean of the target, cross-fitted"`
	Frequency    []preprocess.Frequency    `json:"frequency" doc:"categories as how frequent they are"`
	Auto         preprocess.Auto           `json:"auto" doc:"what becomes of the other columns"`
	Scale        []preprocess.Scale        `json:"scale" doc:"numbers scaled; linear models scale by themselves"`
	PCA          []preprocess.PCA          `json:"pca" doc:"principal components in the place of columns, of all features where none are named"`
}

// Function is the step.
var Function = step.New("featurize", handle,
	step.Doc("Turns a clean table into numeric features: encodes categories, takes dates and text apart, bins, combines and scales."),
	step.Accepts(events.DatasetCleaned),
	step.Emits(events.FeaturesBuilt))

func handle(ctx context.Context, call *step.Call, p Params) error {
	in, err := events.Data[events.DatasetCleanedData](call.Event)
	if err != nil {
		return step.Permanent(err)
	}
	task := learn.Task(in.Dataset.Task)
	if in.Dataset.Target == "" && (task == "" || task.Supervised()) {
		call.Note("no target column is known, so the chain ends here: name one (--target, or the metadata `target` of the upload) to train a model, or ask for clusters of alike rows (--task clustering), or for rows unlike all others (--task anomaly_detection)")
		return nil
	}
	if task == learn.Recommendation {
		return call.Emit(events.FeaturesBuiltData{Raw: in.Raw, Dataset: in.Dataset, Transformers: in.Transformers, Notes: call.Notes()})
	}
	t, split, err := call.Dataset(ctx, in.Dataset)
	if err != nil {
		return err
	}
	call.Rows(int64(t.Rows()))
	cleaning, err := fitted.Graph(ctx, call, in.Transformers)
	if err != nil {
		return err
	}
	y, _, err := preprocess.Target(t, in.Dataset.Target, task, in.Dataset.Classes)
	if err != nil {
		return step.Permanent(err)
	}
	if _, err := preprocess.Weights(t, in.Dataset.Roles[events.RoleWeight]); err != nil {
		return step.Permanent(fmt.Errorf("dataset %s: %w", in.Dataset.Name, err))
	}
	x := t.Without(in.Dataset.Aside()...)
	if len(x.Columns) == 0 {
		return step.Permanent(fmt.Errorf("dataset %s has no column to learn from%s", in.Dataset.Name, beside(in.Dataset.Target)))
	}
	train := step.RowsOf(split, step.Train, t.Rows())
	trainX := x.Take(train)
	graph, trainF, err := preprocess.Fit(ctx, trainX, y.Take(train), &learn.Options{Seed: call.Seed}, p.specs()...)
	if err != nil {
		return step.Permanent(fmt.Errorf("features of dataset %s: %w", in.Dataset.Name, err))
	}
	features, err := assemble(graph, x, trainF, train)
	if err != nil {
		return step.Permanent(fmt.Errorf("features of dataset %s: %w", in.Dataset.Name, err))
	}
	for _, n := range graph.Notes() {
		call.Note("%s", n)
	}
	if len(features.Columns) == 0 {
		return step.Permanent(fmt.Errorf("dataset %s has no column to learn from%s: %d columns, none of which became a feature", in.Dataset.Name, beside(in.Dataset.Target), len(x.Columns)))
	}
	for _, name := range in.Dataset.Aside() {
		if features.Column(name) != nil {
			return step.Permanent(fmt.Errorf("a feature of dataset %s is called %q, as the %s is: rename one of the columns", in.Dataset.Name, name, of(in.Dataset, name)))
		}
		if features, err = features.With(t.Column(name)); err != nil {
			return step.Permanent(err)
		}
	}
	ds, err := call.PutDataset(ctx, "features", features, split, in.Dataset)
	if err != nil {
		return err
	}
	ref, err := fitted.PutGraph(ctx, call, "transformers", cleaning.Append(graph))
	if err != nil {
		return err
	}
	return call.Emit(events.FeaturesBuiltData{Raw: in.Raw, Dataset: ds, Transformers: ref, Notes: call.Notes()})
}

// of says what a column that is no feature is.
func of(ds events.Dataset, name string) string {
	switch name {
	case ds.Target:
		return "target"
	case ds.Roles[events.RoleLabel]:
		return "label"
	}
	return "weight"
}

// beside is the end of a sentence about the columns of features.
func beside(target string) string {
	if target == "" {
		return ""
	}
	return fmt.Sprintf(" beside the target %q", target)
}

// assemble puts the training rows as they were fitted, and the others as they
// are transformed, back into the order of the table: those columns that are numbers.
func assemble(graph *preprocess.Graph, x, trainF *table.Table, train []int) (*table.Table, error) {
	names := preprocess.Numeric(trainF)
	trainF, err := trainF.Select(names...)
	if err != nil || len(train) == x.Rows() {
		return trainF, err
	}
	rest := preprocess.Without(x.Rows(), train)
	restF, err := graph.Transform(x.Take(rest))
	if err != nil {
		return nil, err
	}
	if restF, err = restF.Select(names...); err != nil {
		return nil, err
	}
	out := make([]*table.Column, len(names))
	var all sync.WaitGroup
	for j, c := range trainF.Columns {
		d := restF.Columns[j]
		if c.Kind != d.Kind {
			return nil, fmt.Errorf("feature %q is of type %v in the training rows and %v in the others", c.Name, c.Kind, d.Kind)
		}
		all.Go(func() { out[j] = weave(c, d, train, rest) })
	}
	all.Wait()
	return table.New(out...)
}

// weave is the column of numbers that has the values of c in some rows, and
// those of d in the others.
func weave(c, d *table.Column, cRows, dRows []int) *table.Column {
	rows := len(cRows) + len(dRows)
	out := &table.Column{Name: c.Name, Kind: c.Kind}
	switch c.Kind {
	case table.Float64:
		out.Floats = put(put(make([]float64, rows), c.Floats, cRows), d.Floats, dRows)
	case table.Bool:
		out.Bools = put(put(make([]bool, rows), c.Bools, cRows), d.Bools, dRows)
	default:
		out.Ints = put(put(make([]int64, rows), c.Ints, cRows), d.Ints, dRows)
	}
	if c.Valid == nil && d.Valid == nil {
		return out
	}
	out.Valid = table.NewBitmap(rows)
	out.Valid.SetAll(rows)
	for _, from := range []struct {
		*table.Column
		rows []int
	}{{c, cRows}, {d, dRows}} {
		for i, r := range from.rows {
			if from.Missing(i) {
				out.Valid.Clear(r)
			}
		}
	}
	return out
}

// put puts the values into these rows of out.
func put[T any](out, values []T, rows []int) []T {
	for i, r := range rows {
		out[r] = values[i]
	}
	return out
}
