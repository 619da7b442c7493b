package linear

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

type reference struct {
	Data map[string]struct {
		X       [][]float64
		Values  []float64
		Labels  []int32
		Classes int
		Weights []float64
	}
	Cases []struct {
		Data, Kind  string
		Weighted    bool
		Params      json.RawMessage
		Predictions []float64
		Batches     int // of SGD
		Rounds      int

		Coefficients [][]float64
		Intercepts   []float64
	}
}

func TestAsScikitLearn(t *testing.T) {
	var ref, sparse reference
	for name, to := range map[string]*reference{"testdata/sklearn.json": &ref, "testdata/sparse.json": &sparse} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, to); err != nil {
			t.Fatal(err)
		}
	}
	ref.Cases = append(ref.Cases, sparse.Cases...)
	for _, c := range ref.Cases {
		t.Run(fmt.Sprintf("%s %s %s %v", c.Data, c.Kind, c.Params, c.Weighted), func(t *testing.T) {
			in := ref.Data[c.Data]
			x := matrix(in.X)
			y := &learn.Target{Task: learn.Regression, Values: in.Values}
			opts := &learn.Options{}
			if c.Weighted {
				opts.Weights = in.Weights
			}
			var e learn.Estimator
			switch c.Kind {
			case "linear":
				e = params(t, c.Params, LeastSquares{})
			case "ridge":
				e = params(t, c.Params, Ridge{})
			case "lasso":
				tight := NewLasso()
				tight.Tolerance = 1e-14
				e = params(t, c.Params, tight)
			case "elastic_net":
				tight := NewElasticNet()
				tight.Tolerance = 1e-14
				e = params(t, c.Params, tight)
			case "logistic":
				tight := NewLogistic()
				tight.Tolerance = 1e-9
				e = params(t, c.Params, tight)
				y = &learn.Target{Task: learn.Classification, Labels: in.Labels, Classes: strings.Split("abcd", "")[:in.Classes]}
			}
			fitted, err := e.Fit(t.Context(), x, y, opts)
			if err != nil {
				t.Fatal(err)
			}
			m := fitted.(*Model)
			if ok, steps := m.Converged(); !ok {
				t.Errorf("not converged after %d steps", steps)
			}
			near(t, "prediction", m.Predict(x)[:len(c.Predictions)], c.Predictions, 1e-6)
			// Of dependent features only the predictions are determined.
			unpulled := c.Kind == "linear" || c.Kind == "lasso" || strings.Contains(string(c.Params), `"l1_ratio": 1`)
			if unpulled && (c.Data == "one-hot and a constant" || c.Data == "wide") {
				return
			}
			for r, want := range c.Coefficients {
				near(t, fmt.Sprintf("coefficient of row %d", r), m.Coefficients()[r], want, 1e-5)
			}
			near(t, "intercept", m.Intercepts(), c.Intercepts, 1e-5)
		})
	}
}

func params[P any](t *testing.T, text []byte, p P) P {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

func matrix(rows [][]float64) *learn.Matrix {
	x := &learn.Matrix{Rows: len(rows)}
	for j := range rows[0] {
		column := make([]float64, len(rows))
		for i, row := range rows {
			column[i] = row[j]
		}
		x.Names = append(x.Names, fmt.Sprintf("x%d", j))
		x.Columns = append(x.Columns, column)
	}
	return x
}

// near compares with the largest of the wanted values as the unit, or each with
// itself where that is the looser: a value of 0 has no digits of its own.
func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d %ss, want %d", len(got), what, len(want))
	}
	unit := 1e-3
	for _, v := range want {
		unit = max(unit, math.Abs(v))
	}
	wrong := 0
	for i, v := range want {
		if math.Abs(got[i]-v) > tolerance*max(unit, math.Abs(v)) {
			if wrong++; wrong <= 3 {
				t.Errorf("%s %d is %v, want %v", what, i, got[i], v)
			}
		}
	}
}
