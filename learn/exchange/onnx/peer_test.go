//go:build peers

package onnx_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/onnx"
)

// ONNX Runtime loads what is written, and predicts what the model does.
func TestPeer(t *testing.T) {
	data, dir := exchangetest.Data(t, 300), t.TempDir()
	var cases []exchangetest.Case
	for name, m := range exchangetest.All(t, data) {
		file, _, err := onnx.Write(m, nil)
		if err != nil {
			t.Fatal(name, err)
		}
		path := exchangetest.Write(t, filepath.Join(dir, name+".onnx"), file)
		cases = append(cases, exchangetest.Case{Name: name, Path: path, Model: m})
	}
	exchangetest.Peer(t, "onnx", cases, data, 1e-5)
}

// It does so with any model that can be written.
func TestPeerDrawn(t *testing.T) {
	data, dir := exchangetest.Gaps(t, 80), t.TempDir()
	var cases []exchangetest.Case
	rapid.Check(t, func(draw *rapid.T) {
		m := exchangetest.Draw(t, draw, data)
		file, _, err := onnx.Write(m, nil)
		if err != nil {
			draw.Fatal(err)
		}
		name := fmt.Sprint(m.Estimator.State().Kind, len(cases))
		path := exchangetest.Write(t, filepath.Join(dir, name+".onnx"), file)
		cases = append(cases, exchangetest.Case{Name: name, Path: path, Model: m, Drawn: true})
	})
	exchangetest.Peer(t, "onnx", cases, data, 1e-5)
}
