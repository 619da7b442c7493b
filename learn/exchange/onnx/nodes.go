package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
	"github.com/runnel-dev/runnel/table"
)

func little(kind onnxpb.TensorProto_DataType, b []byte) float64 {
	switch kind {
	case onnxpb.TensorProto_BOOL:
		return float64(b[0])
	case onnxpb.TensorProto_FLOAT:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case onnxpb.TensorProto_INT32:
		return float64(int32(binary.LittleEndian.Uint32(b)))
	case onnxpb.TensorProto_INT64:
		return float64(int64(binary.LittleEndian.Uint64(b)))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

// inputs is how many operators take, of those that neither can leave one out nor
// take any number.
var inputs = map[string]int{"Where": 3, "Add": 2, "Sub": 2, "Mul": 2, "Div": 2, "MatMul": 2, "Greater": 2, "Less": 2, "Equal": 2}

// node reads a node.
func (r *reader) node(n *onnxpb.NodeProto) error {
	var in []*value
	for _, name := range n.GetInput() {
		if name == "" {
			continue // one that is left out
		}
		v := r.values[name]
		if v == nil {
			return fmt.Errorf("its input %.60q is made by no node before it", name)
		}
		in = append(in, v)
	}
	if len(in) == 0 && n.GetOpType() != "Constant" {
		return fmt.Errorf("it has no inputs")
	}
	if takes := inputs[n.GetOpType()]; takes > 0 && len(in) != takes {
		return fmt.Errorf("it has %d inputs: want %d", len(in), takes)
	}
	out, err := r.outputs(n.GetOpType(), attrsOf(n), in)
	if err != nil {
		return err
	}
	for i, name := range n.GetOutput() {
		if name == "" {
			continue
		}
		if i >= len(out) || r.values[name] != nil {
			return fmt.Errorf("its output %.60q is one too many, or made by another node, too", name)
		}
		r.values[name] = out[i]
	}
	return nil
}

func (r *reader) outputs(op string, a attrs, in []*value) ([]*value, error) {
	switch op {
	case "Constant":
		if a["value"].GetT() == nil {
			return nil, fmt.Errorf("its value is no tensor: save the model with its constants as tensors")
		}
		c, err := constantOf(a["value"].GetT())
		if err != nil {
			return nil, err
		}
		r.held += len(c.numbers)
		return []*value{{constant: c}}, nil
	case "TreeEnsembleRegressor", "TreeEnsembleClassifier", "LinearRegressor", "LinearClassifier":
		features, err := r.numbers(in[0])
		if err != nil {
			return nil, err
		}
		switch op {
		case "TreeEnsembleRegressor":
			return r.treeRegressor(a, features)
		case "TreeEnsembleClassifier":
			return r.treeClassifier(a, features)
		case "LinearRegressor":
			return r.linearRegressor(a, features)
		}
		return r.linearClassifier(a, features)
	}
	out, err := r.output(op, a, in)
	return []*value{out}, err
}

// output reads a node of one output.
func (r *reader) output(op string, a attrs, in []*value) (*value, error) {
	if v, err := r.pattern(op, a, in); v != nil || err != nil {
		return v, err
	}
	x := in[0]
	switch op {
	case "Identity", "Cast", "Reshape", "Flatten", "Squeeze":
		if x.absent != nil {
			return r.indicator(*x.absent)
		}
		switch op {
		case "Cast":
			if err := r.take(len(x.columns)); err != nil {
				return nil, err
			}
			return cast(onnxpb.TensorProto_DataType(a.number("to", 1)), x)
		case "Reshape":
			return x, reshape(x, in[1:])
		}
		return x, nil // of rows x columns as all values are
	case "Concat":
		return r.concat(a, in)
	case "Gather", "ArrayFeatureExtractor":
		if len(in) == 2 {
			return r.gather(op, a, in[0], in[1])
		}
	case "Scaler":
		columns, err := r.numbers(x)
		if err != nil {
			return nil, err
		}
		return r.scaler(a, &value{columns: columns})
	case "Imputer":
		return r.imputer(a, x)
	case "OneHotEncoder":
		return r.oneHot(a, x)
	case "LabelEncoder":
		return r.labelEncoder(a, x)
	case "IsNaN":
		if len(x.columns) == 1 {
			return &value{absent: &x.columns[0]}, nil
		}
	case "Greater", "Less":
		if len(in) == 2 && len(x.columns) == 1 && in[1].scalar() {
			return &value{beyond: &bound{x.columns[0], in[1].constant.numbers[0], op == "Greater"}}, nil
		}
	case "Where":
		if len(in) == 3 {
			return r.where(in[0], in[1], in[2])
		}
	case "Clip":
		if len(in) == 3 && in[1].scalar() && in[2].scalar() && x.columns != nil {
			return r.clip(x, &in[1].constant.numbers[0], &in[2].constant.numbers[0])
		}
	case "Normalizer":
		if x.fit != nil && a.text("norm", "") == "L1" {
			return x, nil // probabilities sum to 1 already
		}
		return nil, fmt.Errorf("it scales each row by its own norm, which no transform here does: normalise the rows before the model is trained, and leave it out")
	case "ZipMap":
		numbers, err := a.numbers("classlabels_int64s")
		if err != nil || x.fit == nil {
			return nil, fmt.Errorf("it is not of probabilities")
		}
		return x, r.setClasses(a.texts("classlabels_strings"), numbers)
	case "Not":
		if b := x.beyond; b != nil && !b.greater && b.column.of != nil && b.column.made == nil && b.column.of.outputs == 2 && b.column.output == 1 {
			b.column.of.threshold = b.value
			return &value{decided: b.column.of}, nil
		}
	case "ReduceSum":
		if x.weighted != nil && len(in) == 2 && in[1].scalar() && in[1].constant.numbers[0] == 1 && a.number("keepdims", 1) == 0 {
			if err := r.take(len(x.weighted.fits)); err != nil {
				return nil, err
			}
			f, err := x.weighted.vote()
			return &value{fit: f}, err
		}
	case "Sub", "Add", "Mul", "Div", "MatMul", "Gemm", "Relu", "Tanh", "Softmax", "Sigmoid", "ArgMax", "Exp":
		return r.arithmetic(op, a, in)
	}
	return nil, fmt.Errorf("no model here does what it does with these inputs: train with scalers, imputers, one-hot and ordinal encoders, and trees, a linear model or a dense network")
}

// pattern reads a node that is one of several which do something together. It
// gives nil where it is none.
func (r *reader) pattern(op string, a attrs, in []*value) (*value, error) {
	for _, follow := range []func() (*value, error){
		func() (*value, error) { return r.recode(op, in), nil },
		func() (*value, error) { return r.compare(op, in) },
		func() (*value, error) { return r.fill(op, a, in) },
		func() (*value, error) { return r.bins(op, a, in) },
		func() (*value, error) { return r.interact(op, in) },
		func() (*value, error) { return r.join(op, in) },
		func() (*value, error) { return r.rivals(op, a, in) },
		func() (*value, error) { return r.distances(op, a, in) },
		func() (*value, error) { return r.bayes(op, a, in), nil },
		func() (*value, error) { return r.map1(op, in) },
		func() (*value, error) { return r.mapAll(op, a, in) },
	} {
		if v, err := follow(); v != nil || err != nil {
			return v, err
		}
	}
	return nil, nil
}

func (v *value) scalar() bool { return v.constant != nil && len(v.constant.numbers) == 1 }

// numbers are the columns of a value, codes of categories among them.
func (r *reader) numbers(v *value) ([]feature, error) {
	if v.codes != nil {
		return r.lookUp(v.codes)
	}
	if v.layers != nil && v.layers.units() == 1 && !v.layers.activated && v.fit == nil {
		v.fit = r.regression(v.layers)
	}
	if v.fit != nil {
		return r.outputsOf(v.fit)
	}
	if v.layers != nil && v.layers.projects() {
		if v.made == nil {
			var err error
			if v.made, err = r.projected(v.layers); err != nil {
				return nil, err
			}
		}
		return v.made, r.take(len(v.made))
	}
	if v.columns == nil {
		return nil, fmt.Errorf("its input is no columns of the table, and no prediction")
	}
	for _, c := range v.columns {
		if c.cut {
			return nil, fmt.Errorf("the column %q was cut to whole numbers, which only categories are here: train on the numbers as they are", c.name)
		}
	}
	return v.columns, r.take(len(v.columns))
}

func (r *reader) concat(a attrs, in []*value) (*value, error) {
	if len(in) == 2 && in[0].negative != nil && in[0].negative == in[1].positive {
		f, err := r.twoClasses(in[1].positive)
		return &value{fit: f}, err
	}
	if axis := a.number("axis", 1); axis != 1 && axis != -1 {
		return nil, fmt.Errorf("it joins along axis %v: want 1, columns", axis)
	}
	out := &value{}
	for _, v := range in {
		columns, err := r.numbers(v)
		if err != nil {
			return nil, err
		}
		out.columns = append(out.columns, columns...)
	}
	if len(out.columns) > maxColumns {
		return nil, fmt.Errorf("it has %d columns: at most %d are read", len(out.columns), maxColumns)
	}
	return out, nil
}

// indicator is a column of 1 where another is missing, as it is now.
func (r *reader) indicator(c feature) (*value, error) {
	name := r.made(c.name + "_missing")
	kind := table.Float64
	if c.text {
		kind = table.String
	}
	return r.created("impute", map[string]any{"spec": map[string]any{"numeric": "keep", "categorical": "keep"},
		"columns": []any{map[string]any{"name": c.name, "type": kind, "none": true, "indicator": name}}}, c, []string{name}, true)
}

// gather picks columns, or looks up what categories are replaced by.
func (r *reader) gather(op string, a attrs, from, at *value) (*value, error) {
	switch c := at.constant; {
	case from.columns != nil && c != nil && c.numbers != nil && (op == "ArrayFeatureExtractor" || a.number("axis", 0) == 1):
		if len(c.numbers) > maxColumns {
			return nil, fmt.Errorf("it picks %d columns: at most %d are read", len(c.numbers), maxColumns)
		}
		if err := r.take(len(c.numbers)); err != nil {
			return nil, err
		}
		out := &value{columns: make([]feature, 0, len(c.numbers))}
		for _, k := range c.numbers {
			j, ok := index(k, len(from.columns))
			if !ok {
				return nil, fmt.Errorf("it picks column %v of %d", k, len(from.columns))
			}
			out.columns = append(out.columns, from.columns[j])
		}
		return out, nil
	case from.fit != nil && c != nil && a.number("axis", 0) == 1 && at.scalar():
		k, ok := index(c.numbers[0], from.fit.outputs)
		if !ok {
			return nil, fmt.Errorf("it picks class %v of %d", c.numbers[0], from.fit.outputs)
		}
		return &value{part: from.fit, columns: []feature{r.outputOf(from.fit, k)}}, nil
	case from.constant != nil && at.decided != nil:
		return &value{label: at.decided}, r.setClasses(from.constant.texts, from.constant.numbers)
	case from.constant != nil && at.best != nil && len(from.constant.shape) == 2:
		if err := r.copies(len(from.constant.numbers)); err != nil {
			return nil, err
		}
		return chosen(from.constant, at.best)
	case from.constant != nil && at.best != nil:
		return &value{label: at.best}, r.setClasses(from.constant.texts, from.constant.numbers)
	case from.constant != nil && at.recoded != nil && op == "Gather":
		return r.memberOf(from.constant, at.recoded)
	case from.constant != nil && at.codes != nil && op == "Gather":
		return r.table(from.constant, at.codes)
	}
	return nil, fmt.Errorf("it picks from what is no table, by what are no columns or categories")
}

// chosen is 1 for the likeliest class, and 0 for the others.
func chosen(one *constant, of *fit) (*value, error) {
	n := of.outputs
	if one.shape[0] != n || one.shape[1] != n || len(one.numbers) != n*n {
		return nil, fmt.Errorf("it picks of a table of the shape %v by the likeliest of %d classes", one.shape, n)
	}
	for i, v := range one.numbers {
		if v != 0 && v != 1 || (v == 1) != (i/n == i%n) {
			return nil, fmt.Errorf("its table has %v at %d: want 1 for the likeliest class and 0 for others", v, i)
		}
	}
	return &value{fit: &fit{task: of.task, outputs: n, chooses: of}}, nil
}
