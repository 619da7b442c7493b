//go:build peers

package onnx_test

import (
	"maps"
	"path/filepath"
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/onnx"
)

// ONNX Runtime loads what is written, and predicts what the model does.
func TestPeer(t *testing.T) {
	data, dir := exchangetest.Data(t, 300), t.TempDir()
	models := exchangetest.Trained(t, data)
	maps.Copy(models, exchangetest.Others(t, data))
	maps.Copy(models, exchangetest.Combined(t, data))
	var cases []exchangetest.Case
	for name, m := range models {
		file, _, err := onnx.Write(m, nil)
		if err != nil {
			t.Fatal(name, err)
		}
		path := exchangetest.Write(t, filepath.Join(dir, name+".onnx"), file)
		cases = append(cases, exchangetest.Case{Name: name, Path: path, Model: m})
	}
	exchangetest.Peer(t, "onnx", cases, data, 1e-5)
}
