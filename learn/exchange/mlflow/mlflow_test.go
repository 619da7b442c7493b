package mlflow_test

import (
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/mlflow"
)

var made = time.Date(2026, 11, 22, 1, 2, 3, 4000, time.UTC)

func TestWrite(t *testing.T) {
	m := exchangetest.Trained(t, exchangetest.Data(t, 200))["classes"]
	m.Classes[0] = `a "quoted": class`
	files, notes, err := mlflow.Write(m, made)
	if err != nil || len(notes) != 1 {
		t.Fatal(err, notes)
	}
	var doc struct {
		Flavors   map[string]map[string]any
		Signature struct{ Inputs, Outputs string }
		Created   string `yaml:"utc_time_created"`
	}
	if err := yaml.Unmarshal(files[0].Data, &doc); err != nil {
		t.Fatalf("%v\n%s", err, files[0].Data)
	}
	for got, want := range map[string]string{
		files[0].Name: "MLmodel", files[1].Name: "model.onnx", doc.Flavors["onnx"]["data"].(string): "model.onnx",
		doc.Flavors["python_function"]["loader_module"].(string): "mlflow.onnx", doc.Created: "2026-11-22 01:02:03.000004",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for _, want := range []string{`{"type":"double","name":"length","required":true}`, `{"type":"string","name":"island","required":true}`} {
		if !strings.Contains(doc.Signature.Inputs, want) {
			t.Errorf("the signature has no %s: %s", want, doc.Signature.Inputs)
		}
	}
	if want := `{"type":"double","name":"probability_a \"quoted\": class","required":true}`; !strings.Contains(doc.Signature.Outputs, want) {
		t.Errorf("the signature has no %s: %s", want, doc.Signature.Outputs)
	}
}
