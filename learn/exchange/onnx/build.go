package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/proto"

	"github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
)

// The versions that are written: operators of 2021 and 2020, which ONNX Runtime
// has had since its release 1.11; where texts are joined those of 2023, of release 1.17.
const (
	irVersion = 8
	opset     = 15
	irOfTexts = 9
	ofTexts   = 20
	mlOpset   = 3
	mlDomain  = "ai.onnx.ml"
)

// double is the type of what is computed here.
const double = onnxpb.TensorProto_DOUBLE

// A builder collects the nodes of a graph. Values are named by what made them.
type builder struct {
	graph *onnxpb.GraphProto
	count int
	ml    bool // whether an operator of ai.onnx.ml is there
	texts bool // whether texts are joined
}

// attributes of a node, by name: int, int64, float32, string, and lists of them.
type attributes map[string]any

// node adds a node and gives the names of its outputs, one unless given.
func (b *builder) node(domain, op string, attrs attributes, inputs []string, outputs ...string) string {
	b.count++
	name := fmt.Sprintf("%s_%d", op, b.count)
	if outputs == nil {
		outputs = []string{name}
	}
	n := &onnxpb.NodeProto{Name: proto.String(name), OpType: proto.String(op), Input: inputs, Output: outputs}
	if domain != "" {
		n.Domain, b.ml = proto.String(domain), true
	}
	for _, key := range sortedKeys(attrs) {
		n.Attribute = append(n.Attribute, attribute(key, attrs[key]))
	}
	b.graph.Node = append(b.graph.Node, n)
	return outputs[0]
}

// op adds a node of ONNX's own operators.
func (b *builder) op(op string, attrs attributes, inputs ...string) string {
	return b.node("", op, attrs, inputs)
}

func attribute(name string, v any) *onnxpb.AttributeProto {
	a := &onnxpb.AttributeProto{Name: proto.String(name)}
	kind := onnxpb.AttributeProto_INT
	switch v := v.(type) {
	case int:
		a.I = proto.Int64(int64(v))
	case float32:
		kind, a.F = onnxpb.AttributeProto_FLOAT, proto.Float32(v)
	case string:
		kind, a.S = onnxpb.AttributeProto_STRING, []byte(v)
	case []int64:
		kind, a.Ints = onnxpb.AttributeProto_INTS, v
	case []float32:
		kind, a.Floats = onnxpb.AttributeProto_FLOATS, v
	case []string:
		kind = onnxpb.AttributeProto_STRINGS
		for _, s := range v {
			a.Strings = append(a.Strings, []byte(s))
		}
	case *onnxpb.TensorProto:
		kind, a.T = onnxpb.AttributeProto_TENSOR, v
	default:
		panic(fmt.Sprintf("onnx: an attribute of type %T", v))
	}
	a.Type = kind.Enum()
	return a
}

// tensor is a tensor of numbers or texts.
func tensor(name string, shape []int64, v any) *onnxpb.TensorProto {
	t := &onnxpb.TensorProto{Name: proto.String(name), Dims: shape}
	kind := onnxpb.TensorProto_DOUBLE
	switch v := v.(type) {
	case []float64:
		for _, f := range v {
			t.RawData = binary.LittleEndian.AppendUint64(t.RawData, math.Float64bits(f))
		}
	case []int64:
		kind = onnxpb.TensorProto_INT64
		for _, n := range v {
			t.RawData = binary.LittleEndian.AppendUint64(t.RawData, uint64(n))
		}
	case []bool:
		kind = onnxpb.TensorProto_BOOL
		for _, is := range v {
			t.RawData = append(t.RawData, map[bool]byte{true: 1}[is])
		}
	case []string:
		kind = onnxpb.TensorProto_STRING
		for _, s := range v {
			t.StringData = append(t.StringData, []byte(s))
		}
	default:
		panic(fmt.Sprintf("onnx: a tensor of type %T", v))
	}
	t.DataType = proto.Int32(int32(kind))
	return t
}

// constant adds a tensor, and gives its name.
func (b *builder) constant(shape []int64, v any) string {
	b.count++
	name := fmt.Sprintf("constant_%d", b.count)
	b.graph.Initializer = append(b.graph.Initializer, tensor(name, shape, v))
	return name
}

func (b *builder) number(v float64) string { return b.constant([]int64{1}, []float64{v}) }

// rows is a value of so many columns a row, as inputs and outputs are.
func rows(name string, kind onnxpb.TensorProto_DataType, columns int64) *onnxpb.ValueInfoProto {
	dims := []*onnxpb.TensorShapeProto_Dimension{{Value: &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: "rows"}}}
	if columns > 0 {
		dims = append(dims, &onnxpb.TensorShapeProto_Dimension{Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: columns}})
	}
	return &onnxpb.ValueInfoProto{Name: proto.String(name), Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
		TensorType: &onnxpb.TypeProto_Tensor{ElemType: proto.Int32(int32(kind)), Shape: &onnxpb.TensorShapeProto{Dim: dims}}}}}
}
