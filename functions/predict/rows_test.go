package predict_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/predict"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/table"
)

// many are n rows of a table over and over, no number of which is there twice.
func many(t *testing.T, raw *table.Table, n int) *table.Table {
	t.Helper()
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i * 7 % raw.Rows()
	}
	out := raw.Take(rows)
	for _, c := range out.Columns {
		for i := range c.Floats {
			c.Floats[i] *= 1 + float64(i)/float64(10*n)
		}
	}
	return out
}

// TestManyRows: rows that are predicted some at a time get what they get at once, to
// the bit, and an error names the row of the table.
func TestManyRows(t *testing.T) {
	const n = 12_000
	for name, c := range map[string]struct {
		task   learn.Task
		params functest.Params
	}{
		"classes":   {learn.Classification, functest.Params{"ingest": {"target": "species"}}},
		"values":    {learn.Regression, functest.Params{"ingest": {"target": "body_mass_g"}, "clean": {"outliers": "none"}, "train": {"model": "ridge"}}},
		"clusters":  {learn.Clustering, functest.Params{"ingest": {"task": "clustering"}}},
		"anomalies": {learn.AnomalyDetection, functest.Params{"ingest": {"task": "anomaly_detection"}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), c.params).Must(t)
			m := r.Model(t)
			raw, _ := r.Env.Read(t, r.Trained.Raw)
			all := many(t, raw, n)
			want, err := m.Predict(all)
			if err != nil {
				t.Fatal(err)
			}
			got, err := predict.Rows(t.Context(), m, all, predict.Params{})
			if err != nil || got.Task != c.task || got.Rows() != n || !reflect.DeepEqual(got, want) {
				t.Errorf("%d rows are not predicted as they are at once: error %v", n, err)
			}
			for _, rows := range []int{0, 1, 4096, 4097, 8192} {
				part := all.Take(slices.Repeat([]int{5}, rows))
				want, err := m.Predict(part)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := predict.Rows(t.Context(), m, part, predict.Params{}); err != nil || got.Rows() != rows || !reflect.DeepEqual(got, want) {
					t.Errorf("%d rows are not predicted as they are at once: error %v", rows, err)
				}
			}

			texts := make([]string, n)
			for i := range texts {
				texts[i] = "40.5"
			}
			texts[7000] = "long"
			wrong, err := all.Without("bill_length_mm").With(table.StringColumn("bill_length_mm", texts))
			if err != nil {
				t.Fatal(err)
			}
			named(t, m, wrong, "bill_length_mm")
			if name == "values" { // which a model of other kinds has for an infinite number
				all.Column("bill_length_mm").Floats[7000] = math.Inf(1)
				named(t, m, all, "")
			}

			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if p, err := predict.Rows(ctx, m, all, predict.Params{}); p != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("it goes on where it was cancelled: error %v", err)
			}
		})
	}
}

// named fails the test unless the error names row 7001, of a column if one is given,
// as that of the whole does.
func named(t *testing.T, m *model.Model, wrong *table.Table, column string) {
	t.Helper()
	_, want := m.Predict(wrong)
	_, err := predict.Rows(t.Context(), m, wrong, predict.Params{})
	in, ok := errors.AsType[*model.InputError](err)
	if !ok || in.Row != 7000 || column != "" && in.Column != column || !reflect.DeepEqual(err, want) {
		t.Errorf("error %v, want %v, of row 7001", err, want)
	}
}

// later is a context that is cancelled once it has been asked a number of times.
type later struct {
	context.Context
	left int
}

func (c *later) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestInterrupted: it ends between two parts of a table, too.
func TestInterrupted(t *testing.T) {
	r := functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), functest.Params{"ingest": {"target": "species"}}).Must(t)
	raw, _ := r.Env.Read(t, r.Trained.Raw)
	ctx := &later{t.Context(), 2}
	if p, err := predict.Rows(ctx, r.Model(t), many(t, raw, 12_000), predict.Params{}); p != nil || !errors.Is(err, context.Canceled) || ctx.left != -1 {
		t.Errorf("it goes on where it was cancelled: error %v", err)
	}
}
