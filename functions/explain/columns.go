package explain

import (
	"math"
	"strings"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table"
)

// A Column is what a model's features are told by: a raw column, or a feature
// that several of them make together.
type Column struct {
	Name     string   `json:"name"`
	Features []string `json:"features"` // that it became
	raw      int      // index among the model's inputs; -1: of several
}

// probes is on how many rows it is tried which raw column a feature comes from.
const probes = 128

// columnsOf finds the raw column that each feature comes from, by changing one raw
// column after the other and looking which features change. A feature that
// several columns change as often stands for itself. rows are raw rows to start from.
func columnsOf(m *model.Model, rows *table.Table) (columns []Column, of []int, err error) {
	some := make([]int, probes)
	for i := range some {
		some[i] = i % rows.Rows()
	}
	start := rows.Take(some)
	before, err := features(m, start)
	if err != nil {
		return nil, nil, err
	}
	changed := make([][]int, len(m.Features)) // by feature and input, in rows
	for f := range changed {
		changed[f] = make([]int, len(m.Inputs))
	}
	for j, in := range m.Inputs {
		other := &table.Table{Columns: append([]*table.Column(nil), start.Columns...)}
		other.Columns[j] = varied(in, start.Columns[j])
		after, err := features(m, other)
		if err != nil {
			return nil, nil, err
		}
		for f, col := range after.Columns {
			for i, v := range col {
				if b := before.Columns[f][i]; v != b && (v == v || b == b) {
					changed[f][j]++
				}
			}
		}
	}
	of = make([]int, len(m.Features))
	at := map[string]int{}
	for f, name := range m.Features {
		raw := owner(changed[f], name, m.Inputs)
		if raw >= 0 {
			name = m.Inputs[raw].Name
		}
		g, known := at[name]
		if !known {
			g = len(columns)
			at[name] = g
			columns = append(columns, Column{Name: name, raw: raw})
		}
		of[f] = g
		columns[g].Features = append(columns[g].Features, m.Features[f])
	}
	return columns, of, nil
}

// namesOf is columnsOf by name alone.
func namesOf(m *model.Model, rows *table.Table) (names []string, of []int, err error) {
	columns, of, err := columnsOf(m, rows)
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return names, of, err
}

// owner is the input that a feature comes from; -1 where there are several. Where
// nothing changed the feature, as that of a category that was not tried, its name
// begins with the column's.
func owner(changed []int, feature string, inputs []model.Input) int {
	best, most := -1, 0
	for j, n := range changed {
		if n > most {
			best, most = j, n
		}
	}
	if best < 0 {
		_, inBranch, _ := strings.Cut(feature, ":") // see preprocess.Branches
		for j, in := range inputs {
			if (strings.HasPrefix(feature, in.Name) || strings.HasPrefix(inBranch, in.Name)) && (best < 0 || len(in.Name) > len(inputs[best].Name)) {
				best = j
			}
		}
		return best
	}
	for j, n := range changed {
		// What only fills in missing values changes few rows.
		if j != best && 2*n > most {
			return -1
		}
	}
	return best
}

// features makes the feature matrix of rows that CheckInput made.
func features(m *model.Model, t *table.Table) (*learn.Matrix, error) {
	t, err := m.Graph.Transform(t)
	if err != nil {
		return nil, err
	}
	return preprocess.Matrix(t, m.Features)
}

// varied is a column of as many rows with other values: those of training, as far
// as the input knows them.
func varied(in model.Input, c *table.Column) *table.Column {
	n := c.Len()
	lo, hi := 0.0, 1.0
	if in.Min != nil && in.Max != nil {
		lo, hi = *in.Min, *in.Max
	}
	number := func(i int) float64 { // evenly spread, and no value twice
		_, part := math.Modf(float64(float64(i+1) * 0.6180339887498949))
		return lo + float64(part*(hi-lo))
	}
	out := &table.Column{Name: c.Name, Kind: c.Kind}
	switch c.Kind {
	case table.Float64:
		out.Floats = make([]float64, n)
		for i := range out.Floats {
			out.Floats[i] = number(i)
		}
	case table.Bool:
		out.Bools = make([]bool, n)
		for i := range out.Bools {
			out.Bools[i] = c.Missing(i) || !c.Bools[i]
		}
	case table.String:
		out.Dict = append([]string{"?"}, in.Values...) // ? is a category that training did not have
		out.Codes = make([]uint32, n)
		for i := range out.Codes {
			out.Codes[i] = uint32(i % len(out.Dict))
		}
	case table.Time:
		const day = 24 * 3600e6
		out.Ints = make([]int64, n)
		for i := range out.Ints {
			out.Ints[i] = c.Ints[i] + int64(i%400+1)*day + 7*3600e6 + 61e6
		}
	default:
		out.Ints = make([]int64, n)
		for i := range out.Ints {
			if out.Ints[i] = int64(math.Round(number(i))); !c.Missing(i) && out.Ints[i] == c.Ints[i] {
				out.Ints[i]++
			}
		}
	}
	return out
}
