package onnx_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/runnel-dev/runnel/learn/exchange/onnx"
	"github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
)

// A node of any model that lacks an input, or has those of another, is read or
// refused. Nodes that do the same with the same are tried once.
func TestReadBroken(t *testing.T) {
	files, err := filepath.Glob("../testdata/written/onnx-*.onnx")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	tried := map[string]bool{}
	for _, name := range files {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var p onnxpb.ModelProto
		if err := proto.Unmarshal(file, &p); err != nil {
			t.Fatal(err)
		}
		try := func(k int, inputs []string) {
			node := p.Graph.Node[k]
			was := node.Input
			node.Input = inputs
			defer func() {
				node.Input = was
				if why := recover(); why != nil {
					t.Errorf("%s: node %d (%s) of the inputs %s: %v", filepath.Base(name), k, node.GetOpType(), strings.Join(inputs, ", "), why)
				}
			}()
			file, err := proto.Marshal(&p)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = onnx.Read(file, nil)
		}
		made := map[string]string{}
		for k, node := range p.Graph.Node {
			what := node.GetOpType()
			for _, in := range node.Input {
				what += " " + made[in]
			}
			if k > 0 {
				what += " after " + p.Graph.Node[k-1].GetOpType()
			}
			for _, out := range node.Output {
				made[out] = node.GetOpType()
			}
			if tried[what] {
				continue
			}
			tried[what] = true
			for i := range node.Input {
				try(k, slices.Delete(slices.Clone(node.Input), i, i+1))
				if changed := slices.Clone(node.Input); k > 0 {
					changed[i] = p.Graph.Node[k-1].Output[0]
					try(k, changed)
				}
			}
		}
	}
}
