package onnx_test

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/runnel-dev/runnel/learn/exchange/onnx"
	pb "github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
)

// A small file whose nodes share one large constant, and make columns of it each,
// is refused before these take much memory.
func TestSharedConstants(t *testing.T) {
	const wide, nodes = 10_000, 300
	edges, names := make([]float64, wide), make([]float64, wide+2)
	for i := range edges {
		edges[i] = float64(i)
	}
	for i := range names {
		names[i] = math.Min(math.Max(float64(i-1), 0), wide-2)
	}
	names[wide+1] = math.NaN()
	for name, build := range map[string]func(node func(op, out string, in ...string)){
		"components": func(node func(op, out string, in ...string)) {
			node("Sub", "itself", "x", "x")
			node("IsNaN", "missing", "itself")
			node("Where", "filled", "missing", "zero", "x")
			node("Sub", "centred", "filled", "zero")
			node("Div", "scaled", "centred", "unit")
			for k := range nodes {
				node("MatMul", fmt.Sprint("out", k), "scaled", "edges")
			}
		},
		"intervals": func(node func(op, out string, in ...string)) {
			node("Greater", "above", "x", "edges")
			node("Cast", "counted", "above")
			node("ReduceSum", "tallied", "counted", "one")
			node("IsNaN", "missing", "x")
			node("Where", "settled", "missing", "last", "tallied")
			for k := range nodes {
				node("Gather", fmt.Sprint("out", k), "names", "settled")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			double, whole := int32(pb.TensorProto_DOUBLE), int32(pb.TensorProto_INT64)
			floats := func(name string, dims []int64, v ...float64) *pb.TensorProto {
				return &pb.TensorProto{Name: &name, Dims: dims, DataType: &double, DoubleData: v}
			}
			ints := func(name string, v int64) *pb.TensorProto {
				return &pb.TensorProto{Name: &name, Dims: []int64{1}, DataType: &whole, Int64Data: []int64{v}}
			}
			g := &pb.GraphProto{Initializer: []*pb.TensorProto{floats("edges", []int64{1, wide}, edges...), floats("names", []int64{wide + 2}, names...),
				floats("zero", []int64{1}, 0), floats("unit", []int64{1}, 1), ints("one", 1), ints("last", wide+1)}}
			x, width, to, kind := "x", int64(1), "to", pb.AttributeProto_INT
			dims := []*pb.TensorShapeProto_Dimension{{}, {Value: &pb.TensorShapeProto_Dimension_DimValue{DimValue: width}}}
			g.Input = []*pb.ValueInfoProto{{Name: &x, Type: &pb.TypeProto{Value: &pb.TypeProto_TensorType{
				TensorType: &pb.TypeProto_Tensor{ElemType: &double, Shape: &pb.TensorShapeProto{Dim: dims}}}}}}
			build(func(op, out string, in ...string) {
				n := &pb.NodeProto{OpType: &op, Input: in, Output: []string{out}}
				if op == "Cast" {
					v := int64(pb.TensorProto_INT64)
					n.Attribute = []*pb.AttributeProto{{Name: &to, I: &v, Type: &kind}}
				}
				g.Node = append(g.Node, n)
			})
			version := int64(8)
			file, err := proto.Marshal(&pb.ModelProto{IrVersion: &version, Graph: g})
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err = onnx.Read(file, nil)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), "columns in all") {
				t.Errorf("error %v, want one of too many columns", err)
			}
			if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 400 {
				t.Errorf("a file of %d bytes took %d MB", len(file), took)
			}
		})
	}
}
