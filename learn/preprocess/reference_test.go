package preprocess

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// reference is testdata/reference.json, which testdata/make.py writes.
type reference struct {
	Train, Test refTable
	Cases       []struct {
		Name, Kind string
		Params     json.RawMessage
		Test       refTable
		Target     *struct {
			Task    learn.Task
			Values  []float64
			Labels  []int32
			Classes []string
		}
	}
	Cross struct {
		Values, City []float64
	}
	Duplicates struct {
		Table          refTable
		Kept, Complete []int
	}
}

type refTable map[string]struct {
	Type   table.Kind
	Values []any
}

func (r refTable) table(t *testing.T) *table.Table {
	t.Helper()
	names := make([]string, 0, len(r))
	for name := range r {
		names = append(names, name)
	}
	slices.Sort(names)
	out := &table.Table{}
	for _, name := range names {
		values := r[name].Values
		c := &table.Column{Name: name, Kind: r[name].Type}
		switch c.Kind {
		case table.Float64:
			c.Floats = make([]float64, len(values))
		case table.Time:
			c.Ints = make([]int64, len(values))
		default:
			texts := make([]string, len(values))
			for i, v := range values {
				texts[i], _ = v.(string)
			}
			c = table.StringColumn(name, texts)
		}
		for i, v := range values {
			switch v := v.(type) {
			case nil:
				c.SetMissing(i)
			case float64:
				c.Floats[i] = v
			case string:
				if c.Kind == table.Time {
					when, err := time.Parse(time.RFC3339, v)
					if err != nil {
						t.Fatal(err)
					}
					c.Ints[i] = when.UnixMicro()
				}
			}
		}
		out.Columns = append(out.Columns, c)
	}
	return out
}

func loadReference(t *testing.T) reference {
	t.Helper()
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref reference
	if err := json.Unmarshal(b, &ref); err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestAgainstPandasAndScikitLearn(t *testing.T) {
	ref := loadReference(t)
	train, test := ref.Train.table(t), ref.Test.table(t)
	for _, c := range ref.Cases {
		t.Run(c.Name, func(t *testing.T) {
			spec, err := DecodeSpec(c.Kind, c.Params)
			if err != nil {
				t.Fatal(err)
			}
			var y *learn.Target
			if c.Target != nil {
				y = &learn.Target{Task: c.Target.Task, Values: c.Target.Values, Labels: c.Target.Labels, Classes: c.Target.Classes}
			}
			f, err := spec.Fit(context.Background(), train, y, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Transform(test)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, got, c.Test.table(t))
		})
	}
}

// compare checks the columns of want, numbers to a relative error of 1e-9.
func compare(t *testing.T, got, want *table.Table) {
	t.Helper()
	if len(want.Columns) == 0 {
		t.Fatal("nothing to compare with")
	}
	for _, w := range want.Columns {
		g := got.Column(w.Name)
		if g == nil {
			t.Fatalf("no column %q in %v", w.Name, got.Names())
		}
		for i := range w.Len() {
			same := g.Missing(i) == w.Missing(i)
			if same && !w.Missing(i) {
				if w.Kind == table.Float64 {
					same = g.Kind == w.Kind && near(g.Floats[i], w.Floats[i])
				} else {
					same = g.Text(i) == w.Text(i)
				}
			}
			if !same {
				t.Fatalf("column %q, row %d: %q, want %q", w.Name, i, g.Text(i), w.Text(i))
			}
		}
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(b)) }

// TestCrossFit compares the encodings of the training rows with scikit-learn's
// in the folds that it makes without shuffling.
func TestCrossFit(t *testing.T) {
	ref := loadReference(t)
	train := ref.Train.table(t)
	y := &learn.Target{Task: learn.Regression, Values: ref.Cross.Values}
	folds := make([]int, y.Len())
	for i := range folds {
		folds[i] = i / 12
	}
	_, got, err := (&TargetEncode{Columns: []string{"city"}}).fit(context.Background(), train, y, nil, folds)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range ref.Cross.City {
		if v := got.Column("city").Floats[i]; !near(v, want) {
			t.Fatalf("row %d: %v, want %v", i, v, want)
		}
	}
}

func TestRowsAgainstPandas(t *testing.T) {
	ref := loadReference(t)
	data := ref.Duplicates.Table.table(t)
	if got := Duplicates(data); !slices.Equal(got, ref.Duplicates.Kept) {
		t.Errorf("Duplicates kept %v, want %v", got, ref.Duplicates.Kept)
	}
	got, err := Complete(data)
	if err != nil || !slices.Equal(got, ref.Duplicates.Complete) {
		t.Errorf("Complete kept %v, want %v (%v)", got, ref.Duplicates.Complete, err)
	}
}
