package onnx_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/calibrate"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/onnx"
	"github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
	"github.com/runnel-dev/runnel/learn/model"
)

// Models of scikit-learn predict here as in ONNX Runtime.
func TestRead(t *testing.T) {
	for _, name := range []string{"logistic", "softmax", "ridge", "elastic", "forest", "forest2", "extra", "tree", "boosting",
		"boosting3", "boosted", "mlp", "mlp2", "mlpr", "mixed", "mixed_trees", "kmeans", "pca", "svd"} {
		t.Run(name, func(t *testing.T) {
			m, err := onnx.Read(exchangetest.Read(t, name+".onnx"), nil)
			if err != nil {
				t.Fatal(err)
			}
			exchangetest.Load(t, name+".onnx").Predicts(t, m, 1e-5)
		})
	}
}

// What is written is read again as a model that predicts the same.
func TestReadWhatWasWritten(t *testing.T) {
	data := exchangetest.Data(t, 300)
	for name, m := range exchangetest.All(t, data) {
		t.Run(name, func(t *testing.T) {
			file, _, err := onnx.Write(m, nil)
			if err != nil {
				t.Fatal(err)
			}
			again, err := onnx.Read(file, nil)
			if err != nil {
				t.Fatal(err)
			}
			exchangetest.Agree(t, again, m, data, 1e-6)
		})
	}
}

// Any model that can be written is read again as one of the same kind that
// predicts the same.
func TestReadWhateverIsWritten(t *testing.T) {
	data := exchangetest.Gaps(t, 80)
	rapid.Check(t, func(draw *rapid.T) {
		m := exchangetest.Draw(t, draw, data)
		if len(m.Classes) == 2 && rapid.Bool().Draw(draw, "threshold") {
			m.Threshold = .3
		}
		file, _, err := onnx.Write(m, &onnx.Options{Flat: rapid.Bool().Draw(draw, "flat")})
		if err != nil {
			draw.Fatal(err)
		}
		again, err := onnx.Read(file, nil)
		if err != nil {
			draw.Fatal(err)
		}
		exchangetest.Agree(draw, again, m, data, 1e-5)
		if _, one := m.Estimator.(ensemble.Opener); !one && reflect.TypeOf(again.Estimator) != reflect.TypeOf(m.Estimator) {
			draw.Fatalf("a %T is read as a %T", m.Estimator, again.Estimator)
		}
	})
}

// A curve that rises within less than what can be told from 0 stays as steep.
func TestReadSteep(t *testing.T) {
	m := exchangetest.Others(t, exchangetest.Data(t, 80))["logistic"]
	curve := calibrate.Isotonic{X: []float64{0, 4e-314, 1e-300, .5}, Y: []float64{.125, .25, .25, .75}}
	var err error
	m.Estimator, err = calibrate.FromState(learn.State{Kind: calibrate.Kind, Params: map[string]any{"method": calibrate.Stepwise, "clip": .5,
		"curves": []any{map[string]any{"isotonic": curve}}, "of": learn.State{}}}, len(m.Features), func(learn.State, int) (learn.Model, error) { return m.Estimator, nil })
	if err != nil {
		t.Fatal(err)
	}
	file, _, err := onnx.Write(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := onnx.Read(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(again.Estimator.State().Params["curves"]), fmt.Sprint(m.Estimator.State().Params["curves"]); got != want {
		t.Errorf("read as %s, want %s", got, want)
	}
}

// What ONNX Runtime and MLflow have loaded of ours predicts here as there.
func TestWritten(t *testing.T) {
	for _, library := range []string{"onnx", "mlflow"} {
		exchangetest.Written(t, library, func(file []byte) (*model.Model, error) { return onnx.Read(file, nil) }, 1e-5)
	}
}

func TestReadRefuses(t *testing.T) {
	good := exchangetest.Read(t, "mixed.onnx")
	for _, c := range []struct {
		name   string
		change func(p *onnxpb.ModelProto)
		want   string
	}{
		{"no nodes", func(p *onnxpb.ModelProto) { p.Graph.Node = nil }, "its graph has 0 nodes"},
		{"an operator", func(p *onnxpb.ModelProto) { p.Graph.Node[0].OpType = proto.String("Loop") }, "(Loop): no model here does what it does"},
		{"an order", func(p *onnxpb.ModelProto) { slices.Reverse(p.Graph.Node) }, "is made by no node before it"},
		{"no output", func(p *onnxpb.ModelProto) { p.Graph.Output = nil }, "none of its outputs is the prediction"},
		{"labels alone", func(p *onnxpb.ModelProto) { p.Graph.Output = p.Graph.Output[:1] }, "none of its outputs is the prediction"},
		{"an input of images", func(p *onnxpb.ModelProto) {
			dims := p.Graph.Input[0].Type.GetTensorType().Shape
			dims.Dim = append(dims.Dim, dims.Dim...)
		}, `the input "a": its shape is 4 dimensions`},
		{"a tensor elsewhere", func(p *onnxpb.ModelProto) {
			p.Graph.Initializer[0].DataLocation = onnxpb.TensorProto_EXTERNAL.Enum()
		}, "its values are in another file"},
		{"a tensor of another size", func(p *onnxpb.ModelProto) { p.Graph.Initializer[0].Dims = []int64{1 << 40} }, "its shape is [1099511627776]"},
		{"missing by another number", func(p *onnxpb.ModelProto) { attributeOf(p, "Imputer", "replaced_value_float").F = proto.Float32(-1) }, "it replaces -1: only NaN"},
		{"probabilities that do not sum to 1", func(p *onnxpb.ModelProto) { attributeOf(p, "LinearClassifier", "post_transform").S = []byte("PROBIT") }, "post_transform is PROBIT"},
		{"coefficients", func(p *onnxpb.ModelProto) { attributeOf(p, "LinearClassifier", "coefficients").Floats = []float32{1} }, "it has 1 coefficients"},
		{"numbers cut to whole ones", func(p *onnxpb.ModelProto) {
			first(p, "Cast").Attribute = []*onnxpb.AttributeProto{{Name: proto.String("to"), I: proto.Int64(7), Type: onnxpb.AttributeProto_INT.Enum()}}
		}, "was cut to whole numbers"},
		{"texts of numbers", func(p *onnxpb.ModelProto) {
			first(p, "Cast").Attribute = []*onnxpb.AttributeProto{{Name: proto.String("to"), I: proto.Int64(8), Type: onnxpb.AttributeProto_INT.Enum()}}
		}, "numbers stay numbers here"},
		{"rows torn apart", func(p *onnxpb.ModelProto) {
			first(p, "Reshape").Input = append(first(p, "Reshape").Input, "torn")
			p.Graph.Initializer = append(p.Graph.Initializer, &onnxpb.TensorProto{Name: proto.String("torn"), DataType: proto.Int32(7), Dims: []int64{2}, Int64Data: []int64{-1, 3}})
		}, "it makes the shape [-1 3] of rows of 1 values"},
		{"endless work", func(p *onnxpb.ModelProto) {
			wide := p.Graph.Input[0].Type.GetTensorType().Shape.Dim
			wide[len(wide)-1].Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: 10_000}
			join := &onnxpb.NodeProto{OpType: proto.String("Concat"), Input: []string{"a"}}
			for i := range 600 {
				next := proto.Clone(join).(*onnxpb.NodeProto)
				next.Output = []string{fmt.Sprint("more", i)}
				p.Graph.Node = append(p.Graph.Node, next)
			}
			slices.Reverse(p.Graph.Node)
		}, "in all"},
	} {
		var p onnxpb.ModelProto
		if err := proto.Unmarshal(good, &p); err != nil {
			t.Fatal(err)
		}
		c.change(&p)
		file, err := proto.Marshal(&p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := onnx.Read(file, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := onnx.Read(exchangetest.Read(t, "normalizer.onnx"), nil); err == nil || !strings.Contains(err.Error(), "normalise the rows before") {
		t.Errorf("error %v", err)
	}
	var p onnxpb.ModelProto
	if err := proto.Unmarshal(exchangetest.Read(t, "mixed_trees.onnx"), &p); err != nil {
		t.Fatal(err)
	}
	for _, n := range p.Graph.Node {
		if n.GetOpType() == "Concat" && !slices.Contains(n.Output, "merged_columns") {
			n.Input = append(n.Input, "merged_columns") // the numbers, and what they are scaled to
		}
	}
	file, err := proto.Marshal(&p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := onnx.Read(file, nil); err == nil || !strings.Contains(err.Error(), "a column that is used in two ways is not read") {
		t.Errorf("error %v", err)
	}
	if _, err := onnx.Read([]byte("\xff\xff"), nil); err == nil || !strings.Contains(err.Error(), "it is no message of ONNX") {
		t.Errorf("error %v", err)
	}
}

// first adds a node that takes the input a and gives it to all that took it.
func first(p *onnxpb.ModelProto, op string) *onnxpb.NodeProto {
	if p.Graph.Node[0].GetName() == "first" {
		return p.Graph.Node[0]
	}
	for _, n := range p.Graph.Node {
		for i, name := range n.Input {
			if name == "a" {
				n.Input[i] = "first"
			}
		}
	}
	n := &onnxpb.NodeProto{Name: proto.String("first"), OpType: proto.String(op), Input: []string{"a"}, Output: []string{"first"}}
	p.Graph.Node = append([]*onnxpb.NodeProto{n}, p.Graph.Node...)
	return n
}

func attributeOf(p *onnxpb.ModelProto, op, name string) *onnxpb.AttributeProto {
	for _, n := range p.Graph.Node {
		for _, a := range n.Attribute {
			if n.GetOpType() == op && a.GetName() == name {
				return a
			}
		}
	}
	return &onnxpb.AttributeProto{}
}
