package onnx_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	pb "github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
)

// A graph is a file of ONNX that a test makes node by node, of one input "x".
type graph struct{ *pb.GraphProto }

func newGraph(width int64) *graph {
	x, kind := "x", int32(pb.TensorProto_DOUBLE)
	dims := []*pb.TensorShapeProto_Dimension{{}, {Value: &pb.TensorShapeProto_Dimension_DimValue{DimValue: width}}}
	return &graph{&pb.GraphProto{Input: []*pb.ValueInfoProto{{Name: &x, Type: &pb.TypeProto{Value: &pb.TypeProto_TensorType{
		TensorType: &pb.TypeProto_Tensor{ElemType: &kind, Shape: &pb.TensorShapeProto{Dim: dims}}}}}}}}
}

func tensor(name string, dims []int64, values any) *pb.TensorProto {
	t := &pb.TensorProto{Name: &name, Dims: dims}
	var kind pb.TensorProto_DataType
	switch v := values.(type) {
	case []float64:
		kind, t.DoubleData = pb.TensorProto_DOUBLE, v
	case []int64:
		kind, t.Int64Data = pb.TensorProto_INT64, v
	case []byte: // false and true
		kind, t.RawData = pb.TensorProto_BOOL, v
	case []string:
		kind = pb.TensorProto_STRING
		for _, s := range v {
			t.StringData = append(t.StringData, []byte(s))
		}
	}
	t.DataType = (*int32)(&kind)
	return t
}

// constant adds a tensor that nodes may take.
func (g *graph) constant(name string, dims []int64, values any) {
	g.Initializer = append(g.Initializer, tensor(name, dims, values))
}

// node adds a node of one output of its name.
func (g *graph) node(op, out string, in ...string) *pb.NodeProto {
	n := &pb.NodeProto{OpType: &op, Input: in, Output: []string{out}}
	g.Node = append(g.Node, n)
	return n
}

// set adds an attribute to a node.
func set(n *pb.NodeProto, name string, value any) *pb.NodeProto {
	a := &pb.AttributeProto{Name: &name}
	switch v := value.(type) {
	case int:
		i, kind := int64(v), pb.AttributeProto_INT
		a.I, a.Type = &i, &kind
	case string:
		a.S = []byte(v)
	case []int64:
		a.Ints = v
	case []float32:
		a.Floats = v
	case []string:
		for _, s := range v {
			a.Strings = append(a.Strings, []byte(s))
		}
	case *pb.TensorProto:
		a.T = v
	}
	n.Attribute = append(n.Attribute, a)
	return n
}

// file is the graph with these outputs.
func (g *graph) file(t testing.TB, outputs ...string) []byte {
	t.Helper()
	for _, name := range outputs {
		g.Output = append(g.Output, &pb.ValueInfoProto{Name: &name})
	}
	version := int64(8)
	file, err := proto.Marshal(&pb.ModelProto{IrVersion: &version, Graph: g.GraphProto})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// trees adds a node of trees: each a split of feature 0 at 1, with two leaves.
func (g *graph) trees(op, out, in string, trees int, features, thresholds []int64, mode string) *pb.NodeProto {
	var ids, nodes, of, yes, no, values []int64
	var modes []string
	for t := range int64(trees) {
		ids, nodes = append(ids, t, t, t), append(nodes, 0, 1, 2)
		of, values = append(of, features[int(t)%len(features)], 0, 0), append(values, thresholds[int(t)%len(thresholds)], 0, 0)
		yes, no, modes = append(yes, 1, 0, 0), append(no, 2, 0, 0), append(modes, mode, "LEAF", "LEAF")
	}
	n := g.node(op, out, in)
	for name, v := range map[string]any{"treeids": ids, "nodeids": nodes, "featureids": of, "truenodeids": yes, "falsenodeids": no, "values": values, "modes": modes} {
		set(n, "nodes_"+name, v)
	}
	return n
}

// weigh gives leaf 1 of tree 0 a weight of 1 for each of these outputs.
func weigh(n *pb.NodeProto, kind string, outputs ...int64) *pb.NodeProto {
	ones, weights := make([]int64, len(outputs)), make([]float32, len(outputs))
	for i := range ones {
		ones[i], weights[i] = 1, 1
	}
	set(n, kind+"_ids", outputs)
	set(n, kind+"_treeids", make([]int64, len(outputs)))
	set(n, kind+"_nodeids", ones)
	return set(n, kind+"_weights", weights)
}
