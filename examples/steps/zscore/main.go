// Command zscore is a step in Go written against Runnel's own packages, as the
// functions of this repository are: it takes out training rows that are far from
// the mean. Rows that a model is judged by stay, far or not.
package main

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/guest"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// Params are those of function.yaml.
type Params struct {
	Threshold float64  `json:"threshold" default:"3" min:"0" doc:"how far is far, in standard deviations of the training rows"`
	Columns   []string `json:"columns" doc:"columns to look at; without any, all numeric ones but the target"`
}

var zscore = step.New("zscore", handle, step.Accepts(events.DatasetCleaned), step.Emits(events.DatasetCleaned))

func init() { guest.For(zscore) }

func main() {} // never runs: the host calls the function

func handle(ctx context.Context, call *step.Call, p Params) error {
	in, err := events.Data[events.DatasetCleanedData](call.Event)
	if err != nil {
		return step.Permanent(err)
	}
	t, split, err := call.Dataset(ctx, in.Dataset)
	if err != nil {
		return err
	}
	columns, err := numeric(t, p.Columns, in.Dataset.Target)
	if err != nil {
		return step.Permanent(err)
	}
	train := step.RowsOf(split, step.Train, t.Rows())
	out := make([]bool, t.Rows())
	for _, c := range columns {
		mark(out, c.Numbers(), train, p.Threshold)
	}

	var rows []int
	var rest []step.Subset
	for i := range t.Rows() {
		if out[i] {
			continue
		}
		rows = append(rows, i)
		if split != nil {
			rest = append(rest, split[i])
		}
	}
	if n := t.Rows() - len(rows); n > 0 {
		call.Note("%d of %d training rows were left out: more than %g standard deviations from the mean", n, len(train), p.Threshold)
	}
	call.Rows(int64(len(rows)))
	if in.Dataset, err = call.PutDataset(ctx, "dataset", t.Take(rows), rest, in.Dataset); err != nil {
		return err
	}
	in.Notes = append(in.Notes, call.Notes()...)
	return call.Emit(in)
}

// numeric gives the columns to look at.
func numeric(t *table.Table, names []string, target string) ([]*table.Column, error) {
	var out []*table.Column
	for _, name := range names {
		c := t.Column(name)
		if c == nil || c.Kind != table.Float64 && c.Kind != table.Int64 {
			return nil, fmt.Errorf("param columns: the table has no numeric column %q", name)
		}
		out = append(out, c)
	}
	if len(names) > 0 {
		return out, nil
	}
	for _, c := range t.Columns {
		if c.Name != target && (c.Kind == table.Float64 || c.Kind == table.Int64) {
			out = append(out, c)
		}
	}
	return out, nil
}

// mark marks the rows, of those given, whose value is far from the mean of them.
func mark(out []bool, values []float64, rows []int, threshold float64) {
	n, mean, squares := 0.0, 0.0, 0.0 // Welford, B. P. (1962). Technometrics 4(3), 419-420
	for _, i := range rows {
		if v := values[i]; !math.IsNaN(v) {
			n++
			d := v - mean
			mean += d / n
			squares += d * (v - mean)
		}
	}
	far := threshold * math.Sqrt(squares/n)
	for _, i := range rows {
		out[i] = out[i] || math.Abs(values[i]-mean) > far // false where there is no value
	}
}
