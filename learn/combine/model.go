package combine

import (
	"fmt"
	"math"
	"strings"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table"
)

// A Model is a fitted voting or stacking.
type Model struct {
	kind     string
	task     learn.Task
	outputs  int
	features int
	hard     bool
	members  []fitted
	final    *fitted // of stacking
}

// fitted is a member after its fit.
type fitted struct {
	name    string
	weight  float64
	columns []int    // of the features that it takes; nil: all
	names   []string // of these
	graph   *preprocess.Graph
	takes   []string // what the estimator takes of what the graph makes
	model   learn.Model
}

// Outputs implements learn.Model.
func (m *Model) Outputs() int { return m.outputs }

// Members lists what was combined: the name, the share of the votes, the model.
func (m *Model) Members(each func(name string, weight float64, of learn.Model)) {
	for _, f := range m.members {
		each(f.name, f.weight, f.model)
	}
}

// Predict implements learn.Model.
func (m *Model) Predict(x *learn.Matrix) []float64 {
	if m.final != nil {
		in := m.blank(len(m.members), x.Rows)
		for i := range m.members {
			m.put(in, i, m.members[i].predict(x), nil)
		}
		return m.final.predict(in)
	}
	out := make([]float64, x.Rows*m.outputs)
	for i := range m.members {
		f := &m.members[i]
		p := f.predict(x)
		if m.hard {
			for r, k := range learn.Argmax(p, m.outputs) {
				out[r*m.outputs+int(k)] += f.weight
			}
			continue
		}
		for j, v := range p {
			out[j] += float64(f.weight * v)
		}
	}
	if m.task == learn.Classification {
		for i, v := range out { // weights sum to 1 but for rounding
			out[i] = min(v, 1)
		}
	}
	return out
}

// of takes a member's features.
func (f *fitted) of(x *learn.Matrix) *learn.Matrix {
	if f.columns == nil {
		return x
	}
	out := &learn.Matrix{Rows: x.Rows}
	for _, j := range f.columns {
		out.Names, out.Columns = append(out.Names, x.Names[j]), append(out.Columns, x.Columns[j])
	}
	return out
}

func (f *fitted) predict(x *learn.Matrix) []float64 { return f.model.Predict(f.input(x)) }

// input is what the model takes.
func (f *fitted) input(x *learn.Matrix) *learn.Matrix {
	x = f.of(x)
	if f.graph != nil {
		t, err := f.graph.Transform(tableOf(f.names, x))
		if err == nil {
			x, err = preprocess.Matrix(t, f.takes)
		}
		if err != nil { // the table is of the same columns as in the fit
			panic(fmt.Sprintf("combine: %s: %v", f.name, err))
		}
	}
	return x
}

// blank is a matrix for the members' predictions as features.
func (m *Model) blank(members, rows int) *learn.Matrix {
	each := m.each()
	out := &learn.Matrix{Rows: rows}
	for i := range members {
		for k := range each {
			out.Names = append(out.Names, fmt.Sprintf("member %d output %d", i+1, k+1))
			out.Columns = append(out.Columns, make([]float64, rows))
		}
	}
	return out
}

// each is how many features a member makes: of two probabilities one says all.
func (m *Model) each() int {
	if m.outputs == 2 {
		return 1
	}
	return m.outputs
}

// put writes what member i predicted for these rows, nil being all.
func (m *Model) put(out *learn.Matrix, i int, predicted []float64, rows []int) {
	each := m.each()
	for k := range each {
		column, from := out.Columns[i*each+k], k
		if m.outputs == 2 {
			from = 1
		}
		for r := range len(predicted) / m.outputs {
			at := r
			if rows != nil {
				at = rows[r]
			}
			column[at] = predicted[r*m.outputs+from]
		}
	}
}

// tableOf is a matrix as a table, under the names of the fit.
func tableOf(names []string, x *learn.Matrix) *table.Table {
	t := &table.Table{Columns: make([]*table.Column, len(names))}
	for j, v := range x.Columns {
		c := &table.Column{Name: names[j], Kind: table.Float64, Floats: v}
		for i, f := range v {
			if !math.IsNaN(f) {
				continue
			}
			if c.Valid == nil {
				c.Valid = table.NewBitmap(len(v))
				c.Valid.SetAll(len(v))
			}
			c.Valid.Clear(i)
		}
		t.Columns[j] = c
	}
	return t
}

// under lists the features of a branch.
func under(names []string, branch string) []int {
	var out []int
	for j, name := range names {
		if strings.HasPrefix(name, branch+":") {
			out = append(out, j)
		}
	}
	return out
}
