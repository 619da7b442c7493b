// Package onnx reads and writes models as graphs of ONNX (https://onnx.ai): its
// operators for machine learning (trees, linear models, encoders, scalers), and
// the few of its others that transforms and dense networks are made of.
package onnx

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/table"
)

// Options are the choices of Write; nil is the defaults.
type Options struct {
	// Flat makes each input and each output a list of a value a row, as columns of
	// a data frame are: the outputs are label and probability_<class>, or variable, or
	// label and distance_<cluster>.
	// An input that is the only one stays rows x 1.
	Flat bool
}

// Write writes a model with its transforms. The graph has an input a raw column,
// of rows x 1: texts as they are, "" where missing, and all else as double, NaN
// where missing (true is 1). Its outputs are those of scikit-learn's models:
// label and probabilities, or variable; of a clustering label and scores, the
// distances from all centres. Notes say what the user has to know.
func Write(m *model.Model, o *Options) (file []byte, notes []string, err error) {
	w := &writer{builder: builder{graph: &onnxpb.GraphProto{Name: proto.String("runnel")}}, columns: map[string]*column{}, model: m}
	w.flat = o != nil && o.Flat
	if err := w.write(); err != nil {
		return nil, nil, fmt.Errorf("the model as ONNX: %w", err)
	}
	p := &onnxpb.ModelProto{IrVersion: proto.Int64(irVersion), ProducerName: proto.String("runnel"), Graph: w.graph,
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: proto.Int64(opset)}}}
	if w.texts {
		p.IrVersion, p.OpsetImport[0].Version = proto.Int64(irOfTexts), proto.Int64(ofTexts)
	}
	if w.ml {
		p.OpsetImport = append(p.OpsetImport, &onnxpb.OperatorSetIdProto{Domain: proto.String(mlDomain), Version: proto.Int64(mlOpset)})
	}
	if len(w.notes) > 0 {
		p.DocString = proto.String(strings.Join(w.notes, "\n"))
	}
	if file, err = (proto.MarshalOptions{Deterministic: true}).Marshal(p); err != nil {
		return nil, nil, fmt.Errorf("the model as ONNX: %w", err)
	}
	return file, w.notes, nil
}

// A writer makes the graph of a model.
type writer struct {
	builder
	model   *model.Model
	flat    bool
	columns map[string]*column
	notes   []string
}

// A column is a value of the graph that stands for a column of the table.
type column struct {
	value string // rows x 1
	kind  table.Kind
	fill  *string // of texts: what missing ones are taken for
}

func (w *writer) write() error {
	if t := w.model.Task; t != learn.Clustering && !t.Supervised() {
		return fmt.Errorf("the model is of %s: those of classifications, regressions and clusterings are written", t)
	}
	steps, err := exchange.Steps(w.model.Graph)
	if err != nil {
		return err
	}
	origins, err := exchange.OriginsOf(w.model, steps)
	if err != nil {
		return err
	}
	used := origins.Used(w.model)
	needed := func(sources []int) bool {
		return !slices.ContainsFunc(sources, func(j int) bool { return !used[j] })
	}
	inputs := 0
	for _, is := range used {
		if is {
			inputs++
		}
	}
	for j, in := range w.model.Inputs {
		kind := onnxpb.TensorProto_DOUBLE
		switch in.Kind {
		case table.String:
			kind = onnxpb.TensorProto_STRING
		case table.Time:
			if used[j] {
				return fmt.Errorf("the column %q is of times, which ONNX has not: train on numbers made of it", in.Name)
			}
		}
		w.columns[in.Name] = &column{value: in.Name, kind: in.Kind}
		switch {
		case used[j] && w.flat && inputs > 1:
			w.graph.Input = append(w.graph.Input, rows(in.Name, kind, 0))
			w.columns[in.Name].value = w.op("Reshape", nil, in.Name, w.constant([]int64{2}, []int64{-1, 1}))
		case used[j]:
			w.graph.Input = append(w.graph.Input, rows(in.Name, kind, 1))
		}
	}
	for i := range steps {
		for k := range steps[i].Columns {
			c := &steps[i].Columns[k]
			if !needed(origins.Sources[i][k]) {
				if err := w.skip(&steps[i], c); err != nil {
					return err
				}
				continue
			}
			if err := w.step(&steps[i], c); err != nil {
				return fmt.Errorf("%s of %q: %w", steps[i].Name, c.Name, err)
			}
		}
		together := true
		for k, c := range steps[i].Columns {
			together = together && (needed(origins.Sources[i][k]) || !slices.Contains(steps[i].Together, c.Name))
		}
		if together {
			if err := w.rounds(&steps[i]); err != nil {
				return fmt.Errorf("%s: %w", steps[i].Name, err)
			}
		}
		if err := w.joint(&steps[i], func(k int) bool { return needed(origins.Sources[i][k]) }); err != nil {
			return fmt.Errorf("%s: %w", steps[i].Name, err)
		}
		if steps[i].Kind == "tidy" && len(steps[i].Columns) > 0 {
			w.notes = append(w.notes, fmt.Sprintf("%s is not in the file, as ONNX cannot trim text: give %s without space around and as in training", steps[i].Name, exchange.ColumnNames(steps[i].Columns)))
		}
	}
	x, err := w.table(w.model.Features)
	if err != nil {
		return err
	}
	out, err := w.estimator(x, len(w.model.Features), w.model.Estimator)
	if err != nil {
		return err
	}
	w.finish(out)
	return nil
}

// table joins columns.
func (w *writer) table(names []string) (string, error) {
	var features []string
	for _, name := range names {
		c := w.columns[name]
		if c == nil || c.kind == table.String {
			return "", fmt.Errorf("the column %q is text, or not there", name)
		}
		features = append(features, c.value)
	}
	return w.op("Concat", attributes{"axis": 1}, features...), nil
}

// skip passes by a transform of a column that no feature is made of.
func (w *writer) skip(s *exchange.Step, c *exchange.StepColumn) error {
	names, err := s.Outputs(c)
	for _, name := range names {
		w.columns[name] = &column{kind: table.Float64}
	}
	return err
}

// step writes what a transform does to a column.
func (w *writer) step(s *exchange.Step, c *exchange.StepColumn) error {
	at := w.columns[c.Name]
	switch s.Kind {
	case "tidy", "dates":
	case "drop":
		delete(w.columns, c.Name)
	case "impute":
		return w.impute(at, c, slices.Contains(s.Together, c.Name))
	case "cap":
		if c.Upper != nil {
			bound := w.number(*c.Upper)
			at.value = w.op("Where", nil, w.op("Greater", nil, at.value, bound), bound, at.value)
		}
		if c.Lower != nil {
			bound := w.number(*c.Lower)
			at.value = w.op("Where", nil, w.op("Less", nil, at.value, bound), bound, at.value)
		}
	case "scale":
		at.value = w.op("Div", nil, w.op("Sub", nil, at.value, w.number(c.Center)), w.number(c.Scale))
	default:
		return w.encode(s, c, at)
	}
	return nil
}

// impute fills in what is missing, if not later, and says where it was.
func (w *writer) impute(at *column, c *exchange.StepColumn, later bool) error {
	if at.kind == table.String {
		if c.Indicator != "" {
			is := w.node(mlDomain, "LabelEncoder", attributes{"keys_strings": []string{""}, "values_int64s": []int64{1}, "default_int64": 0}, []string{at.value})
			w.columns[c.Indicator] = &column{value: w.op("Cast", attributes{"to": int(onnxpb.TensorProto_DOUBLE)}, is), kind: table.Float64}
		}
		if !c.None && at.fill == nil {
			at.fill = &c.Text
		}
		return nil
	}
	if c.Indicator == "" && (c.None || later) {
		return nil
	}
	is := w.op("IsNaN", nil, at.value)
	if c.Indicator != "" {
		w.columns[c.Indicator] = &column{value: w.op("Cast", attributes{"to": int(onnxpb.TensorProto_DOUBLE)}, is), kind: table.Float64}
	}
	if !c.None && !later {
		with := c.Number
		if at.kind == table.Bool && c.Text == "true" {
			with = 1
		}
		at.value = w.op("Where", nil, is, w.number(with), at.value)
	}
	return nil
}

// labels are the classes as values of a graph: whole numbers or texts.
func labels(m *model.Model) (kind onnxpb.TensorProto_DataType, name string, values any) {
	if m.TargetKind == table.Int64 {
		numbers := make([]int64, len(m.Classes))
		ok := true
		for k, class := range m.Classes {
			v, err := strconv.ParseInt(class, 10, 64)
			numbers[k], ok = v, ok && err == nil
		}
		if ok {
			return onnxpb.TensorProto_INT64, "classlabels_int64s", numbers
		}
	}
	return onnxpb.TensorProto_STRING, "classlabels_strings", slices.Clone(m.Classes)
}

// finish writes and declares the outputs.
func (w *writer) finish(out said) {
	add := func(v *onnxpb.ValueInfoProto) { w.graph.Output = append(w.graph.Output, v) }
	if w.model.Task == learn.Clustering {
		w.node("", "ArgMin", attributes{"axis": 1, "keepdims": 0}, []string{out.value}, "label")
		add(rows("label", onnxpb.TensorProto_INT64, 0))
		n := w.model.Estimator.Outputs()
		if !w.flat {
			w.node("", "Identity", nil, []string{out.value}, "scores")
			add(rows("scores", out.kind, int64(n)))
			return
		}
		for k := range n {
			w.column(out, k, fmt.Sprintf("distance_%d", k))
		}
		return
	}
	if !w.classification() {
		if w.flat {
			w.node("", "Reshape", nil, []string{out.value, w.constant([]int64{1}, []int64{-1})}, "variable")
			add(rows("variable", out.kind, 0))
			return
		}
		w.node("", "Identity", nil, []string{out.value}, "variable")
		add(rows("variable", out.kind, 1))
		return
	}
	w.node("", "Identity", nil, []string{out.value}, "probabilities")
	kind, _, values := labels(w.model)
	best := w.op("ArgMax", attributes{"axis": 1, "keepdims": 0}, "probabilities")
	if t := w.model.Threshold; t != 0 { // of two classes, the second from there on
		second := w.op("Gather", attributes{"axis": 1}, w.double(said{"probabilities", out.kind}), w.constant([]int64{}, []int64{1}))
		best = w.op("Cast", attributes{"to": int(onnxpb.TensorProto_INT64)}, w.op("Not", nil, w.op("Less", nil, second, w.number(t))))
	}
	w.node("", "Gather", attributes{"axis": 0}, []string{w.constant([]int64{int64(len(w.model.Classes))}, values), best}, "label")
	add(rows("label", kind, 0))
	if !w.flat {
		add(rows("probabilities", out.kind, int64(len(w.model.Classes))))
		return
	}
	for k, class := range w.model.Classes {
		w.column(said{"probabilities", out.kind}, k, "probability_"+class)
	}
}

// column declares one of the values of each row as an output.
func (w *writer) column(of said, k int, name string) {
	w.node("", "Gather", attributes{"axis": 1}, []string{of.value, w.constant([]int64{}, []int64{int64(k)})}, name)
	w.graph.Output = append(w.graph.Output, rows(name, of.kind, 0))
}
