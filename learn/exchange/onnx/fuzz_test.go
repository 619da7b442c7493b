package onnx_test

import (
	"maps"
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/onnx"
	"github.com/runnel-dev/runnel/learn/model"
)

func FuzzRead(f *testing.F) {
	var written [][]byte
	data := exchangetest.Data(f, 60)
	models := exchangetest.Others(f, data)
	maps.Copy(models, exchangetest.Combined(f, data))
	for _, m := range models {
		b, _, err := asONNX(m)
		if err != nil {
			f.Fatal(err)
		}
		written = append(written, b)
	}
	for _, file := range indices(f) {
		written = append(written, file)
	}
	g := newGraph(2)
	set(g.node("Constant", "w"), "value", tensor("", []int64{2, 1}, []float64{2, 3}))
	g.node("MatMul", "y", "x", "w")
	written = append(written, g.file(f, "y"))
	exchangetest.Fuzz(f, "*.onnx", written, func(file []byte) (*model.Model, error) { return onnx.Read(file, nil) }, asONNX)
}

func asONNX(m *model.Model) ([]byte, []string, error) { return onnx.Write(m, nil) }
