package explain_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/runnel-dev/runnel/functions/explain"
	"github.com/runnel-dev/runnel/learn/exchange/onnx"
)

// Trees of ONNX do not say how many training rows came where: they are explained
// against other rows, and the values sum to the prediction.
func TestTreesOfONNX(t *testing.T) {
	dir := filepath.Join("..", "..", "learn", "exchange", "testdata")
	for name, scale := range map[string]string{"forest": explain.Probability, "boosting": explain.LogOdds, "extra": explain.Value} {
		t.Run(name, func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join(dir, name+".onnx"))
			if err != nil {
				t.Fatal(err)
			}
			m, err := onnx.Read(file, nil)
			if err != nil {
				t.Fatal(err)
			}
			var of struct {
				Columns []string
				Rows    [][]any
			}
			b, err := os.ReadFile(filepath.Join(dir, name+".onnx.rows.json"))
			if err == nil {
				err = json.Unmarshal(b, &of)
			}
			if err != nil {
				t.Fatal(err)
			}
			var rows []any
			for _, r := range of.Rows {
				row := map[string]any{}
				for j, c := range of.Columns {
					row[c] = r[j]
				}
				rows = append(rows, row)
			}
			all, err := m.FromJSON(rows)
			if err != nil {
				t.Fatal(err)
			}
			x := all.Take([]int{0, 1, 2, 3, 4})
			e, err := explain.Rows(t.Context(), m, x, all.Take([]int{5, 6, 7, 8, 9, 10, 11, 12}), nil)
			if err != nil {
				t.Fatal(err)
			}
			if e.Method != explain.InterventionalSHAP || e.Scale != scale {
				t.Errorf("by %s, on the scale %s", e.Method, e.Scale)
			}
			p, err := m.Predict(x)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 5 {
				for k := range e.Outputs {
					got := e.Outputs[k].Total(i)
					want := 0.0
					switch scale {
					case explain.Value:
						want = p.Values[i]
					case explain.LogOdds:
						want = math.Log(p.Probabilities[2*i+1] / p.Probabilities[2*i])
					default:
						want = p.Probabilities[i*len(p.Classes)+k]
					}
					if math.Abs(got-want) > 1e-9 {
						t.Errorf("row %d, output %d: values sum to %v, the prediction is %v", i, k, got, want)
					}
				}
			}
		})
	}
}
