package learntest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
	"github.com/runnel-dev/runnel/table"
)

// largest adds a column: f as a share of the largest number, apart from its sign,
// that was seen. A fault makes it break one promise.
type largest struct {
	most  float64
	fault string
}

func fitLargest(fault string) func(context.Context, *table.Table, *learn.Target, *learn.Options) (*largest, error) {
	return func(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options) (*largest, error) {
		if err := ctx.Err(); err != nil && fault != "ignores the context" {
			return nil, err
		}
		m := &largest{most: math.SmallestNonzeroFloat64, fault: fault}
		c := t.Column("f")
		for i, v := range c.Floats {
			if c.Missing(i) || math.IsInf(v, 0) && fault != "takes infinities" {
				continue
			}
			m.most = max(m.most, math.Abs(v))
		}
		switch {
		case fault == "looks at the target" && y != nil && len(y.Values) > 0:
			m.most += y.Values[0] + 1
		case fault == "depends on threads" && opts != nil:
			m.most += float64(opts.Threads)
		case fault == "depends on row order" && t.Rows() > 0 && !c.Missing(0):
			m.most = math.Abs(c.Floats[0]) + 1
		case fault == "refuses rows" && t.Rows() == 1:
			return nil, errors.New("one row")
		case fault == "writes to its training rows":
			t.Column("g").Floats[0] = 99
		}
		return m, nil
	}
}

func (m *largest) Transform(t *table.Table) (*table.Table, error) {
	c := t.Column("f")
	switch {
	case c == nil && m.fault == "names no column":
		return nil, errors.New("there is no such column")
	case c == nil:
		return nil, errors.New(`there is no column "f"`)
	case c.Kind != table.Float64:
		return nil, fmt.Errorf(`column "f" is of type %v`, c.Kind)
	}
	out, most := make([]float64, c.Len()), m.most
	if m.fault == "looks at the batch" {
		most += float64(t.Rows())
	}
	for i, v := range c.Floats {
		out[i] = v / most
		if m.fault == "looks at the row above" && i > 0 && !math.IsNaN(c.Floats[i-1]) {
			out[i] += c.Floats[i-1]
		}
	}
	if m.fault == "writes to its input" {
		t.Column("g").Floats[0] = 99
	}
	columns := append([]*table.Column{}, t.Columns...)
	if m.fault == "takes columns by place" {
		columns = append(columns, table.FloatColumn("copy", append([]float64{}, t.Columns[1].Floats...)))
	}
	columns = append(columns, table.FloatColumn("share", out))
	if m.fault == "loses a row" && c.Len() > 2 {
		for i, c := range columns {
			columns[i] = c.Take([]int{0, 1})
		}
	}
	return &table.Table{Columns: columns}, nil
}

func (m *largest) State() learn.State {
	s := learn.State{Kind: "largest", Params: map[string]any{}, Tensors: map[string]learn.Tensor{"most": {Shape: []int{1}, Data: []float64{m.most}}}}
	if m.fault == "rounds its state" {
		s.Tensors["most"].Data.([]float64)[0] = float64(float32(m.most))
	}
	return s
}

func restoreLargest(fault string) func(learn.State) (*largest, error) {
	return func(s learn.State) (*largest, error) {
		most, ok := s.Tensors["most"].Data.([]float64)
		if fault == "restores anything" && len(most) == 0 {
			return &largest{most: 1}, nil
		}
		if fault == "takes infinities" && len(most) == 1 && math.IsInf(most[0], 0) {
			return nil, errors.New("an infinite number")
		}
		if s.Kind != "largest" || len(s.Params) > 0 || !ok || len(most) != 1 {
			return nil, errors.New("the state is damaged")
		}
		return &largest{most: most[0], fault: fault}, nil
	}
}

func TestLargestConforms(t *testing.T) {
	fault := os.Getenv("LEARNTEST_FAULT")
	learntest.Transform(t, learntest.TransformConfig[*largest]{Fit: fitLargest(fault), Restore: restoreLargest(fault), RowOrder: true})
}

// Every fault of a transform is found, by the check that is there for it.
func TestTransformFindsFaults(t *testing.T) {
	for fault, check := range map[string]string{
		"writes to its training rows": "any_table",
		"writes to its input":         "any_table",
		"loses a row":                 "any_table",
		"looks at the batch":          "any_table",
		"looks at the row above":      "any_table",
		"rounds its state":            "any_table",
		"refuses rows":                "degenerate",
		"takes infinities":            "magnitudes",
		"names no column":             "columns",
		"takes columns by place":      "columns",
		"looks at the target":         "target",
		"depends on threads":          "any_number_of_threads",
		"depends on row order":        "row_order",
		"restores anything":           "damaged_state",
		"ignores the context":         "cancelled",
	} {
		if out := failing(t, "TestLargestConforms", fault, check, ""); !strings.Contains(out, "/"+check) {
			t.Errorf("a transform that %s passes %q:\n%s", fault, check, out)
		}
	}
}
