package onnx

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/table"
)

// What a graph may have at most.
const (
	maxGraph   = 1 << 16 // nodes
	maxColumns = 1 << 14
	maxWork    = 1 << 22 // columns that all nodes take
	maxParts   = 1 << 18 // messages that it is made of
	maxMore    = 1 << 22 // numbers that nodes may make, beside some for each that tensors have
	maxUses    = 8       // of an estimator, in others
)

// Is reports whether a file looks like one of ONNX: a message whose first field is
// the version of its format.
func Is(file []byte) bool {
	return len(file) > 2 && file[0] == 8 && file[1] > 0 && file[1] < 64 && file[2] > 8
}

// Read reads a model: transforms of single columns, and trees, a linear model or
// a dense network of what they make, as skl2onnx and Write write them. Inputs of
// rows x 1 are columns by their name, one of rows x n becomes n columns NAME_0 to
// NAME_(n-1). A node that a model here has nothing for is an error that names it.
func Read(file []byte, o *exchange.Options) (*model.Model, error) {
	m, err := read(file, o)
	if err != nil {
		return nil, fmt.Errorf("ONNX model: %w", err)
	}
	return m, nil
}

func read(file []byte, o *exchange.Options) (*model.Model, error) {
	if len(file) > exchange.MaxBytes {
		return nil, fmt.Errorf("it has %d bytes: at most %d are read", len(file), exchange.MaxBytes)
	}
	var p onnxpb.ModelProto
	left := maxParts
	if err := parts(file, p.ProtoReflect().Descriptor(), &left, 0); err != nil {
		return nil, err
	}
	if err := proto.Unmarshal(file, &p); err != nil {
		return nil, fmt.Errorf("it is no message of ONNX: %w", err)
	}
	g := p.GetGraph()
	if len(g.GetNode()) == 0 || len(g.GetNode()) > maxGraph {
		return nil, fmt.Errorf("its graph has %d nodes: want 1 to %d", len(g.GetNode()), maxGraph)
	}
	r := &reader{values: map[string]*value{}, single: true}
	for _, t := range g.GetInitializer() {
		c, err := constantOf(t)
		if err != nil {
			return nil, fmt.Errorf("the tensor %.60q: %w", t.GetName(), err)
		}
		r.held += len(c.numbers)
		r.values[t.GetName()] = &value{constant: c}
	}
	for _, in := range g.GetInput() {
		if err := r.input(in); err != nil {
			return nil, fmt.Errorf("the input %.60q: %w", in.GetName(), err)
		}
	}
	for _, n := range g.GetNode() {
		if err := r.node(n); err != nil {
			return nil, fmt.Errorf("the node %.60q (%.40s): %w", n.GetName(), n.GetOpType(), err)
		}
	}
	return r.model(g.GetOutput(), o)
}

// A reader follows the values of a graph.
type reader struct {
	values  map[string]*value
	inputs  []model.Input
	work    int  // columns that nodes took
	held    int  // numbers that tensors have
	copied  int  // numbers that nodes made of them
	fresh   int  // how many columns and changes were made
	single  bool // whether all inputs are float32
	classes []string
	kind    table.Kind // of the classes
}

// A value is what the output of a node stands for: the field that is set says what.
type value struct {
	constant *constant
	columns  []feature // of a table
	absent   *feature  // where a column is missing
	beyond   *bound    // where a column is above or below a number
	floor    *feature  // a column's numbers without their fractions
	whole    *feature  // where a column's numbers have none
	recoded  *recoded  // a column some of whose numbers are replaced
	codes    *codes    // numbers of categories
	layers   *layers   // what is computed of columns
	made     []feature // that, as columns
	gelu     *gelu     // that, on its way through an activation
	fit      *fit      // what an estimator predicts
	positive *layers   // the probability of the second of two classes
	negative *layers   // that of the first
	label    *fit      // the likeliest class
	best     *fit      // its number
	part     *fit      // the probability of one class, which is its column, too
	weighted *weighted // outputs of several estimators, weighted
	mapping  *mapping  // the probability of a class, on its way through a curve
	mappings *mappings // those of all classes
	rival    *rival    // scores of classes, each against all others
	apart    *apart    // how far rows are from points
	ratio    *ratio    // of two columns
	zero     *feature  // where a column is 0
	rounds   *rounds   // columns on their way to be filled in by each other
	blank    *feature  // where a text is missing
	blanks   *texts    // where one of two is
	texts    *texts    // two, joined
	scores   *scores   // of naive Bayes

	measured  *measured  // columns on the way to be measured in deviations
	intervals *intervals // a column on its way to be cut

	decided *fit // whether the second of its two classes is at its threshold
}

type bound struct {
	column  feature
	value   float64
	greater bool
}

// A codes is a column of categories and what each is replaced by.
type codes struct {
	column  feature
	keys    []string
	values  []float64
	missing float64
	other   float64
}

func (r *reader) input(in *onnxpb.ValueInfoProto) error {
	if r.values[in.GetName()] != nil {
		return nil // a tensor that has a value
	}
	t := in.GetType().GetTensorType()
	var text bool
	switch kind := onnxpb.TensorProto_DataType(t.GetElemType()); kind {
	case onnxpb.TensorProto_FLOAT:
	case onnxpb.TensorProto_DOUBLE, onnxpb.TensorProto_INT64, onnxpb.TensorProto_BOOL, onnxpb.TensorProto_INT32:
		r.single = false
	case onnxpb.TensorProto_STRING:
		text = true
	default:
		return fmt.Errorf("it is of type %s: want numbers or texts", kind)
	}
	dims := t.GetShape().GetDim()
	width := int64(1)
	if len(dims) == 2 {
		width = dims[1].GetDimValue()
	}
	if len(dims) < 1 || len(dims) > 2 || width < 1 || width > maxColumns || len(r.inputs)+int(width) > maxColumns {
		return fmt.Errorf("its shape is %d dimensions, the last of %d: want rows x 1 to %d", len(dims), width, maxColumns)
	}
	v := &value{}
	for k := range width {
		name := in.GetName()
		if width > 1 {
			name = fmt.Sprintf("%s_%d", name, k)
		}
		kind := table.Float64
		if text {
			kind = table.String
		}
		r.inputs = append(r.inputs, model.Input{Name: name, Kind: kind})
		v.columns = append(v.columns, feature{name: name, text: text})
	}
	r.values[in.GetName()] = v
	return nil
}

// model joins what was read.
func (r *reader) model(outputs []*onnxpb.ValueInfoProto, o *exchange.Options) (*model.Model, error) {
	var f *fit
	for _, out := range outputs {
		v := r.values[out.GetName()]
		if v == nil {
			return nil, fmt.Errorf("its output %.60q is made by no node", out.GetName())
		}
		if v.layers != nil {
			v.fit = r.regression(v.layers)
		}
		for _, is := range []*fit{v.fit, v.part} {
			if is != nil {
				f = is
			}
		}
	}
	if f == nil {
		return nil, fmt.Errorf("none of its outputs is the prediction of an estimator: a regression's value, the probabilities of classes, or distances from centres (with skl2onnx, keep the output of probabilities)")
	}
	w, err := r.whole(f, 0)
	if err != nil {
		return nil, err
	}
	graph, names, err := r.graph(w.leaves())
	if err != nil {
		return nil, err
	}
	estimator, err := w.model(len(names))
	if err != nil {
		return nil, err
	}
	m := &model.Model{Inputs: r.inputs, Graph: graph, Features: names, Estimator: estimator, Threshold: f.threshold}
	if f.task != learn.Classification {
		r.classes = nil
	}
	if err := o.Outcome(m, f.task, estimator.Outputs(), r.classes, r.kind); err != nil {
		return nil, err
	}
	inputs := make([]string, len(m.Inputs))
	for j, in := range m.Inputs {
		inputs[j] = in.Name
		if in.Name == m.Target {
			return nil, fmt.Errorf("an input is named %q as the target is: name the target otherwise", in.Name)
		}
	}
	if err := exchange.Names(inputs); err != nil {
		return nil, err
	}
	return m, m.Check()
}

// A constant is a tensor of numbers or texts.
type constant struct {
	shape   []int
	numbers []float64
	texts   []string
}

func constantOf(t *onnxpb.TensorProto) (*constant, error) {
	c := &constant{}
	size := 1
	for _, d := range t.GetDims() {
		if d < 0 || d > 1<<28 || size*int(d) > 1<<28 {
			return nil, fmt.Errorf("its shape is %v", t.GetDims())
		}
		size *= int(d)
		c.shape = append(c.shape, int(d))
	}
	if t.GetDataLocation() == onnxpb.TensorProto_EXTERNAL || len(t.GetExternalData()) > 0 {
		return nil, fmt.Errorf("its values are in another file: save the model as one file")
	}
	raw := t.GetRawData()
	kind := onnxpb.TensorProto_DataType(t.GetDataType())
	width := map[onnxpb.TensorProto_DataType]int{onnxpb.TensorProto_FLOAT: 4, onnxpb.TensorProto_INT32: 4, onnxpb.TensorProto_DOUBLE: 8, onnxpb.TensorProto_INT64: 8, onnxpb.TensorProto_BOOL: 1}[kind]
	switch {
	case kind == onnxpb.TensorProto_STRING:
		for _, s := range t.GetStringData() {
			c.texts = append(c.texts, string(s))
		}
	case width == 0:
		return nil, fmt.Errorf("it is of type %s: float, double, int32, int64, bool and string are read", kind)
	case len(raw) > 0:
		if len(raw)%width != 0 {
			return nil, fmt.Errorf("it has %d bytes", len(raw))
		}
		for at := 0; at < len(raw); at += width {
			c.numbers = append(c.numbers, little(kind, raw[at:]))
		}
	default:
		for _, v := range t.GetFloatData() {
			c.numbers = append(c.numbers, float64(v))
		}
		for _, v := range t.GetInt32Data() {
			c.numbers = append(c.numbers, float64(v))
		}
		for _, v := range t.GetInt64Data() {
			c.numbers = append(c.numbers, float64(v))
		}
		c.numbers = append(c.numbers, t.GetDoubleData()...)
	}
	if len(c.numbers)+len(c.texts) != size {
		return nil, fmt.Errorf("it has %d values for the shape %v", len(c.numbers)+len(c.texts), t.GetDims())
	}
	return c, nil
}

// attrs are the attributes of a node.
type attrs map[string]*onnxpb.AttributeProto

func attrsOf(n *onnxpb.NodeProto) attrs {
	out := attrs{}
	for _, a := range n.GetAttribute() {
		out[a.GetName()] = a
	}
	return out
}

// numbers is a list of numbers, given as floats or ints or, in name_as_tensor, as
// a tensor.
func (a attrs) numbers(name string) ([]float64, error) {
	if t := a[name+"_as_tensor"]; t != nil {
		c, err := constantOf(t.GetT())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return c.numbers, nil
	}
	var out []float64
	for _, v := range a[name].GetFloats() {
		out = append(out, float64(v))
	}
	for _, v := range a[name].GetInts() {
		out = append(out, float64(v))
	}
	return out, nil
}

func (a attrs) texts(name string) []string {
	var out []string
	for _, s := range a[name].GetStrings() {
		out = append(out, string(s))
	}
	return out
}

// number is a number of an attribute.
func (a attrs) number(name string, otherwise float64) float64 {
	switch v := a[name]; {
	case v == nil:
		return otherwise
	case v.GetType() == onnxpb.AttributeProto_INT || v.I != nil:
		return float64(v.GetI())
	default:
		return float64(v.GetF())
	}
}

func (a attrs) text(name, otherwise string) string {
	if v := a[name]; v != nil {
		return string(v.GetS())
	}
	return otherwise
}

// setClasses takes the names of the classes, of which there is one list.
func (r *reader) setClasses(texts []string, numbers []float64) error {
	if n := len(texts) + len(numbers); n > exchange.MaxClasses {
		return fmt.Errorf("it has %d classes: at most %d are read", n, exchange.MaxClasses)
	} else if err := r.take(newColumn * n); err != nil {
		return err
	}
	kind := table.String
	if texts == nil {
		kind = table.Int64
		for _, v := range numbers {
			if v != math.Trunc(v) || math.Abs(v) >= 1<<53 {
				return fmt.Errorf("the class %v is no whole number", v)
			}
			texts = append(texts, fmt.Sprintf("%.0f", v))
		}
	}
	if r.classes != nil && !slices.Equal(r.classes, texts) {
		return fmt.Errorf("the classes are %.100s, and another node's %.100s", strings.Join(texts, ", "), strings.Join(r.classes, ", "))
	}
	r.classes, r.kind = texts, kind
	return nil
}
