package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadModel finds the graph in folders of MLflow.
func TestReadModel(t *testing.T) {
	for _, c := range []struct {
		name, mlmodel, format, want, err string
	}{
		{name: "named by MLmodel", mlmodel: "flavors: {onnx: {data: other.onnx}, python_function: {}}", want: "other"},
		{name: "with its format", mlmodel: "flavors: {onnx: {data: other.onnx}}", format: "mlflow", want: "other"},
		{name: "by its usual name", want: "usual"},
		{name: "of another flavor", mlmodel: "flavors: {sklearn: {pickled_model: model.pkl}, python_function: {}}", err: `/MLmodel: onnx is not among the flavors ["python_function" "sklearn"]`},
		{name: "elsewhere", mlmodel: "flavors: {onnx: {data: ../other.onnx}}", err: `/MLmodel: "../other.onnx" is no file in the folder`},
		{name: "nowhere", mlmodel: "flavors: {onnx: {data: gone.onnx}}", err: "gone.onnx: no such file"},
		{name: "no YAML", mlmodel: "flavors: {", err: "/MLmodel: yaml: "},
		{name: "of another format", format: "xgboost", err: " is a folder, as MLflow writes: --format xgboost is of a file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			for name, text := range map[string]string{"MLmodel": c.mlmodel, "other.onnx": "other", "model.onnx": "usual"} {
				if text == "" {
					continue
				}
				if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := readModel(folder, c.format)
			if string(got) != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q, error %v", got, err)
			}
		})
	}
	if _, err := readModel("exchange_test.go", "mlflow"); err == nil || !strings.Contains(err.Error(), "exchange_test.go is no folder, as MLflow writes") {
		t.Errorf("a file as a folder: %v", err)
	}
}
