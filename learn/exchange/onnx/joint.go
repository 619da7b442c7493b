package onnx

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
	"github.com/runnel-dev/runnel/table"
)

// A joined is what the state of a transform says that makes columns of others.
type joined struct {
	Spec struct {
		Op            string
		Output        string
		Edges         []float64
		IncludeLowest bool `json:"include_lowest"`
		Codes         bool
	}
	Columns    []json.RawMessage
	Center     []float64
	Scale      []float64
	Components [][]float64
	Groups     [][]float64
}

// joint writes what a transform makes of several columns, or beside one; a column
// that nothing is made of is passed by.
func (w *writer) joint(s *exchange.Step, needed func(k int) bool) error {
	if s.Joint == nil {
		return nil
	}
	var p joined
	if err := json.Unmarshal(s.Params, &p); err != nil {
		return err
	}
	made := map[string]*column{}
	for k, j := range s.Joint {
		made[j.Name] = &column{kind: table.Float64}
		if !needed(k) {
			continue
		}
		var err error
		switch s.Kind {
		case "interact":
			err = w.interact(p.Spec.Op, j.From, made[j.Name])
		case "bin":
			err = w.bin(&p, k, w.columns[j.From[0]], made[j.Name])
		}
		if err != nil {
			return err
		}
	}
	if (s.Kind == "pca" || s.Kind == "cluster") && needed(0) {
		if err := w.spread(s, &p, made); err != nil {
			return err
		}
	}
	for _, name := range s.Drops {
		delete(w.columns, name)
	}
	for _, j := range s.Joint {
		w.columns[j.Name] = made[j.Name]
	}
	return nil
}

// interact writes what is made of a pair of columns.
func (w *writer) interact(op string, pair []string, to *column) error {
	a, b := w.columns[pair[0]], w.columns[pair[1]]
	if op == "concat" {
		return w.concat(pair, to)
	}
	if a.kind == table.String || b.kind == table.String {
		return fmt.Errorf("%s or %s is text", pair[0], pair[1])
	}
	switch op {
	case "product":
		to.value = w.op("Mul", nil, a.value, b.value)
	case "sum":
		to.value = w.op("Add", nil, a.value, b.value)
	case "difference":
		to.value = w.op("Sub", nil, a.value, b.value)
	default:
		to.value = w.op("Where", nil, w.op("Equal", nil, b.value, w.number(0)), w.number(math.NaN()), w.op("Div", nil, a.value, b.value))
	}
	return nil
}

// concat writes two columns of texts as one, missing where either is.
func (w *writer) concat(pair []string, to *column) error {
	w.texts = true
	blank := w.constant([]int64{1}, []string{""})
	var texts, missing []string
	for _, name := range pair {
		c := w.columns[name]
		if c.kind != table.String {
			return fmt.Errorf("the column %q is not of texts, and its numbers would be written otherwise in ONNX: interact columns of texts, or have it as text in the file that you train on", name)
		}
		is := w.op("Equal", nil, c.value, blank)
		if c.fill != nil {
			c.value = w.op("Where", nil, is, w.constant([]int64{1}, []string{*c.fill}), c.value)
			c.fill, is = nil, w.op("Equal", nil, c.value, blank)
		}
		texts, missing = append(texts, c.value), append(missing, is)
	}
	both := w.op("StringConcat", nil, w.op("StringConcat", nil, texts[0], w.constant([]int64{1}, []string{"|"})), texts[1])
	to.kind, to.value = table.String, w.op("Where", nil, w.op("Or", nil, missing...), blank, both)
	return nil
}

// bin writes a column cut into intervals: how many edges are below a number says
// in which it is, one more than all edges where it is missing.
func (w *writer) bin(p *joined, k int, of, to *column) error {
	var c struct {
		Edges  []float64
		Labels []string
	}
	if err := json.Unmarshal(p.Columns[k], &c); err != nil {
		return err
	}
	if of.kind == table.String {
		return fmt.Errorf("the column is text")
	}
	edges, last := slices.Clone(c.Edges), len(c.Edges)
	texts, codes := make([]string, last+2), make([]float64, last+2)
	for at := range texts {
		interval := at - 1
		if p.Spec.Edges == nil && at <= last { // the outermost go on
			interval = min(max(interval, 0), last-2)
		}
		if codes[at] = math.NaN(); interval >= 0 && interval < last-1 {
			if codes[at], texts[at] = float64(interval), c.Labels[interval]; texts[at] == "" {
				return fmt.Errorf("an interval is named by the blank text, which stands for a missing one in ONNX")
			}
		}
	}
	if p.Spec.Edges != nil && p.Spec.IncludeLowest {
		edges[0] = math.Nextafter(edges[0], math.Inf(-1))
	}
	below := w.op("Cast", attributes{"to": int(onnxpb.TensorProto_INT64)}, w.op("Greater", nil, of.value, w.constant([]int64{1, int64(last)}, edges)))
	below = w.node("", "ReduceSum", attributes{"keepdims": 1}, []string{below, w.constant([]int64{1}, []int64{1})})
	at := w.op("Where", nil, w.op("IsNaN", nil, of.value), w.constant([]int64{1}, []int64{int64(last + 1)}), below)
	var names any = codes
	if !p.Spec.Codes {
		names, to.kind = texts, table.String
	}
	to.value = w.op("Gather", attributes{"axis": 0}, w.constant([]int64{int64(last + 2)}, names), at)
	return nil
}

// spread writes principal components, or how far rows are from the middles of
// groups and of which they are, by columns made comparable.
func (w *writer) spread(s *exchange.Step, p *joined, made map[string]*column) error {
	if len(p.Columns) == 0 {
		return nil
	}
	names := s.Joint[0].From
	x, err := w.table(names)
	if err != nil {
		return err
	}
	n := int64(len(names))
	center := w.constant([]int64{n}, p.Center)
	x = w.op("Where", nil, w.op("IsNaN", nil, w.op("Sub", nil, x, x)), center, x) // what is infinite, too
	x = w.op("Div", nil, w.op("Sub", nil, x, center), w.constant([]int64{n}, p.Scale))
	outputs := s.Joint
	var all string
	if s.Kind == "pca" {
		k := len(p.Components)
		weights := make([]float64, len(names)*k)
		for c, component := range p.Components {
			for j, v := range component {
				weights[j*k+c] = v
			}
		}
		all = w.op("MatMul", nil, x, w.constant([]int64{n, int64(k)}, weights))
	} else {
		far, squared := w.distances(x, p.Groups)
		all = far
		if p.Spec.Output != "distance" {
			groups := make([]string, len(p.Groups))
			for k := range groups {
				groups[k] = strconv.Itoa(k + 1)
			}
			nearest := w.op("ArgMin", attributes{"axis": 1, "keepdims": 1}, squared)
			to := made[outputs[0].Name]
			to.kind, to.value = table.String, w.op("Gather", attributes{"axis": 0}, w.constant([]int64{int64(len(groups))}, groups), nearest)
			outputs = outputs[1:]
		}
	}
	for k, j := range outputs {
		made[j.Name].value = w.op("Gather", attributes{"axis": 1}, all, w.constant([]int64{1}, []int64{int64(k)}))
	}
	return nil
}
