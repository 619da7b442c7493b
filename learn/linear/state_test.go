package linear

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

// Whatever the state, it is refused or it predicts.
func FuzzFromState(f *testing.F) {
	for _, c := range []struct {
		e    learn.Estimator
		task learn.Task
	}{{LeastSquares{}, learn.Regression}, {NewLasso(), learn.Regression}, {NewLogistic(), learn.Classification}, {NewSGD(), learn.Classification}, {NewSGD(), learn.Regression}} {
		x, y := learntest.Data(c.task, 40, 1)
		m, err := c.e.Fit(f.Context(), x, y, nil)
		if err != nil {
			f.Fatal(err)
		}
		s := m.State()
		pack := func(name string) []byte {
			tensor, ok := s.Tensors[name]
			if !ok {
				return nil // seen, of values
			}
			b, err := binary.Append(nil, binary.LittleEndian, tensor.Data)
			if err != nil {
				f.Fatal(err)
			}
			return b
		}
		loss, _ := s.Params["loss"].(string)
		classes, _ := s.Params["classes"].(float64)
		f.Add(s.Kind, pack("coefficients"), pack("intercepts"), pack("seen"), loss, classes, 1.0, 7.0, len(x.Columns))
	}
	f.Fuzz(func(t *testing.T, kind string, coefficients, intercepts, seen []byte, loss string, classes, steps, iterations float64, features int) {
		if features < 0 || features > 100 || classes > 1000 {
			return
		}
		floats := func(b []byte) []float64 {
			out := make([]float64, len(b)/8)
			for i := range out {
				out[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
			}
			return out
		}
		w, b := floats(coefficients), floats(intercepts)
		s := learn.State{Kind: kind, Params: map[string]any{"loss": loss, "classes": classes, "steps": steps, "iterations": iterations, "converged": true},
			Tensors: map[string]learn.Tensor{
				"coefficients": {Shape: []int{len(b), features}, Data: w},
				"intercepts":   {Shape: []int{len(b)}, Data: b},
			}}
		if len(seen) > 0 {
			of := make([]int32, len(seen)/4)
			for i := range of {
				of[i] = int32(binary.LittleEndian.Uint32(seen[4*i:]))
			}
			s.Tensors["seen"] = learn.Tensor{Shape: []int{len(of)}, Data: of}
		}
		m, err := FromState(s)
		if err != nil {
			return
		}
		x := &learn.Matrix{Rows: 9, Columns: make([][]float64, features)}
		for j := range x.Columns {
			x.Columns[j] = []float64{0, 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, 1e-300, 0.5}
		}
		if p := m.Predict(x); len(p) != 9*m.Outputs() {
			t.Errorf("%d predicted values of %d outputs", len(p), m.Outputs())
		}
	})
}
