package onnx_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/onnx"
	"github.com/runnel-dev/runnel/learn/model"
)

// Whatever a file holds, reading it gives an error or a model that predicts and
// can be stored.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(exchangetest.Dir, "*.onnx"))
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	data := exchangetest.Data(f, 60)
	for _, m := range exchangetest.Others(f, data) {
		b, _, err := onnx.Write(m, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := onnx.Read(file, nil)
		if err != nil {
			return
		}
		if _, _, err := model.Encode(m); err != nil {
			t.Fatalf("it was read, and cannot be stored: %v", err)
		}
		// Those that were read can be written or say why not.
		_, _, _ = onnx.Write(m, nil)
	})
}
