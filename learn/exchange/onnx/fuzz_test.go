package onnx_test

import (
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/onnx"
	"github.com/runnel-dev/runnel/learn/model"
)

func FuzzRead(f *testing.F) {
	var written [][]byte
	for _, m := range exchangetest.Others(f, exchangetest.Data(f, 60)) {
		b, _, err := asONNX(m)
		if err != nil {
			f.Fatal(err)
		}
		written = append(written, b)
	}
	exchangetest.Fuzz(f, "*.onnx", written, func(file []byte) (*model.Model, error) { return onnx.Read(file, nil) }, asONNX)
}

func asONNX(m *model.Model) ([]byte, []string, error) { return onnx.Write(m, nil) }
