package linear

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

// A fit has the same bits on every processor and under every host, WASM
// included. The hashes change with the algorithms, and only with them: run the
// test with GOOS=wasip1 GOARCH=wasm too before writing down new ones.
func TestSameBitsEverywhere(t *testing.T) {
	const rows = 3000
	r := rand.New(rand.NewPCG(1, 0))
	x := &learn.Matrix{Rows: rows}
	values := &learn.Target{Task: learn.Regression, Values: make([]float64, rows)}
	classes := &learn.Target{Task: learn.Classification, Classes: []string{"a", "b", "c"}, Labels: make([]int32, rows)}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		column := make([]float64, rows)
		for i := range column {
			column[i] = r.Float64()*10 + 100
			values.Values[i] += column[i] * r.Float64()
		}
		x.Names, x.Columns = append(x.Names, name), append(x.Columns, column)
	}
	for i, v := range values.Values {
		classes.Labels[i] = int32(min(2, max(0, (v-240)/15)))
	}
	sparse := NewLogistic()
	sparse.L1Ratio = 1
	for _, c := range []struct {
		estimator learn.Estimator
		target    *learn.Target
		want      uint64
	}{
		{LeastSquares{}, values, 0x417b55babd9e48d1},
		{Ridge{Alpha: 10}, values, 0x317619628174285d},
		{NewLasso(), values, 0xca22b08d5f4e4a46},
		{NewElasticNet(), values, 0x20405bf8ea6227ad},
		{sparse, classes, 0xdd528ff97390f619},
		{NewLogistic(), classes, 0x69f8629c599dbaad},
	} {
		m, err := c.estimator.Fit(t.Context(), x, c.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		h := fnv.New64()
		for _, v := range [][]float64{m.(*Model).coefficients, m.(*Model).intercepts, m.Predict(x)} {
			if err := binary.Write(h, binary.LittleEndian, v); err != nil {
				t.Fatal(err)
			}
		}
		if got := h.Sum64(); got != c.want {
			t.Errorf("%T has the bits %#x, want %#x", c.estimator, got, c.want)
		}
	}
}
