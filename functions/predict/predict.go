// Package predict is the step that predicts the rows of a table with a
// registered model.
package predict

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/functions/ingest/reading"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// Params says which model predicts and what is written.
type Params struct {
	Model         string `json:"model" doc:"name, name@version or name@alias; by default the one that the event or the upload's metadata names under model"`
	Probabilities bool   `json:"probabilities" default:"true" doc:"add a column for the probability of each class"`
	Inputs        bool   `json:"inputs" default:"true" doc:"repeat the columns of the table that is predicted"`
	Top           int    `json:"top" default:"10" min:"1" max:"1000" doc:"recommendation: how many items are recommended for a row"`
	Seen          bool   `json:"seen" default:"false" doc:"recommendation: recommend what a user has done, too"`
}

// Function is the step.
var Function = step.New("predict", handle,
	step.Doc("Predicts the rows of an uploaded table with a registered model."),
	step.Accepts(events.PredictionRequest, events.ObjectCreated),
	step.Emits(events.PredictionMade),
	step.Effect()) // which version an alias means may change: never from the cache

func handle(ctx context.Context, call *step.Call, p Params) error {
	object, name, err := request(call, p)
	if err != nil {
		return step.Permanent(err)
	}
	base, version, _ := strings.Cut(name, "@")
	if version == "" {
		version = "champion"
	}
	v, err := call.Models().Get(ctx, base, version)
	if err != nil {
		return err
	}
	m, err := fitted.Model(ctx, call, v.Files)
	if err != nil {
		return err
	}
	t, err := reading.Table(ctx, call, object, CSV(m.Inputs))
	if err != nil {
		return err
	}
	call.Rows(int64(t.Rows()))
	pred, err := Rows(ctx, m, t, p)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var out *table.Table
	if err == nil {
		out, err = Beside(m, pred, t, p)
	}
	if err != nil {
		return step.Permanent(fmt.Errorf("predicting %s with %s version %d: %w", object.Key, v.Name, v.Version, err))
	}
	ref, err := call.PutTable(ctx, "predictions", out)
	if err != nil {
		return err
	}
	return call.Emit(events.PredictionMadeData{Model: v.Name, Version: v.Version, Rows: int64(out.Rows()), Predictions: ref})
}

func request(call *step.Call, p Params) (events.Object, string, error) {
	var o events.Object
	name := p.Model
	if call.Event.Type() == events.PredictionRequest {
		in, err := events.Data[events.PredictionRequestData](call.Event)
		if err != nil {
			return o, "", err
		}
		o = in.Object
		if name == "" {
			name = in.Model
		}
	} else {
		in, err := events.Data[events.ObjectCreatedData](call.Event)
		if err != nil {
			return o, "", err
		}
		o = in.Object
	}
	if name == "" {
		name = o.Metadata["model"]
	}
	if name == "" {
		return o, "", fmt.Errorf("no model is named: set the param model, or the metadata `model` of the upload of %s", o.Key)
	}
	return o, name, nil
}

// Table predicts the rows of t and writes the predictions beside them: see Rows and Beside.
func Table(m *model.Model, t *table.Table, p Params) (*table.Table, error) {
	pred, err := Rows(context.Background(), m, t, p)
	if err != nil {
		return nil, err
	}
	return Beside(m, pred, t, p)
}

// together is how many rows are predicted at a time: their features are numbers, of
// texts thousands a row, and those of all rows may be more than the memory.
const together = 4096

// Rows predicts the rows of t, as the model's Predict does, until ctx is done. A text
// of an input that is a time may be in any layout that a CSV file has one in.
func Rows(ctx context.Context, m *model.Model, t *table.Table, p Params) (*model.Prediction, error) {
	t = times(m.Inputs, t)
	if m.Task == learn.Recommendation {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return m.Recommend(t, p.Top, p.Seen)
	}
	t, err := m.CheckInput(t)
	if err != nil {
		return nil, err
	}
	var all *model.Prediction
	rows := make([]int, 0, min(together, t.Rows()))
	for first := 0; first == 0 || first < t.Rows(); first += together { // once, too, where there are no rows
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows = rows[:0]
		for i := first; i < min(first+together, t.Rows()); i++ {
			rows = append(rows, i)
		}
		next, err := m.PredictChecked(t.Take(rows), first)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = next
			continue
		}
		all.Labels = append(all.Labels, next.Labels...)
		all.Probabilities = append(all.Probabilities, next.Probabilities...)
		all.Values = append(all.Values, next.Values...)
		all.Clusters = append(all.Clusters, next.Clusters...)
		all.Distances = append(all.Distances, next.Distances...)
		all.Anomalies = append(all.Anomalies, next.Anomalies...)
		all.Scores = append(all.Scores, next.Scores...)
	}
	return all, nil
}

// Beside writes what m says of the rows of t beside them: a column `prediction`, in
// the type of the target, and for classes the probability of each; for clusters the
// number of the row's, and how far it is from the centre; of anomalies whether a row
// is one, and its score. Of a model that recommends each row becomes as many as its
// list has items; see lists. A column of t that has the name of one of them is called
// input_<name>.
func Beside(m *model.Model, pred *model.Prediction, t *table.Table, p Params) (*table.Table, error) {
	if pred.Task == learn.Recommendation {
		return lists(m, pred, t, p)
	}
	columns := []*table.Column{column(m, pred)}
	if pred.Task == learn.Clustering {
		columns = append(columns, table.FloatColumn("distance", pred.Distances))
	}
	if pred.Task == learn.AnomalyDetection {
		columns = append(columns, table.FloatColumn("score", pred.Scores))
	}
	if pred.Task == learn.Classification && p.Probabilities {
		for k, class := range pred.Classes {
			values := make([]float64, pred.Rows())
			for i := range values {
				values[i] = pred.Probabilities[i*len(pred.Classes)+k]
			}
			columns = append(columns, table.FloatColumn("probability_"+class, values))
		}
	}
	return p.beside(t, columns)
}

// beside puts columns that were made beside those of the table, or alone.
func (p Params) beside(t *table.Table, columns []*table.Column) (*table.Table, error) {
	if !p.Inputs {
		return table.New(columns...)
	}
	taken := map[string]bool{}
	for _, c := range append(slices.Clone(t.Columns), columns...) {
		taken[c.Name] = true
	}
	var out []*table.Column
	for _, c := range t.Columns {
		if slices.ContainsFunc(columns, func(made *table.Column) bool { return made.Name == c.Name }) {
			name := "input_" + c.Name
			for taken[name] {
				name = "input_" + name
			}
			taken[name] = true
			c = c.Renamed(name)
		}
		out = append(out, c)
	}
	return table.New(append(out, columns...)...)
}

// column is the prediction for each row.
func column(m *model.Model, pred *model.Prediction) *table.Column {
	const name = "prediction"
	rows := pred.Rows()
	switch {
	case pred.Task == learn.Clustering:
		return table.IntColumn(name, typed[int64](pred, rows))
	case pred.Task == learn.AnomalyDetection:
		return table.BoolColumn(name, pred.Anomalies)
	case pred.Task != learn.Classification:
		return table.FloatColumn(name, pred.Values)
	case m.TargetKind == table.Bool:
		return table.BoolColumn(name, typed[bool](pred, rows))
	case m.TargetKind == table.Int64:
		return table.IntColumn(name, typed[int64](pred, rows))
	case m.TargetKind == table.Float64:
		return table.FloatColumn(name, typed[float64](pred, rows))
	}
	return table.StringColumn(name, pred.Labels)
}

// typed are the predictions as values of the target's type.
func typed[T any](pred *model.Prediction, rows int) []T {
	out := make([]T, rows)
	for i := range out {
		out[i], _ = pred.Value(i).(T) // classes are values of the target's column
	}
	return out
}
