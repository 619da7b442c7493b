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
			column[i] = float64(r.Float64()*10) + 100
			values.Values[i] += float64(column[i] * r.Float64())
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
		{LeastSquares{}, values, 0x7bfa047ba2094256},
		{Ridge{Alpha: 10}, values, 0x3cf6a65b42535e13},
		{NewLasso(), values, 0xb288a70878fe436a},
		{NewElasticNet(), values, 0x5fd3dfefd4e5c94e},
		{sparse, classes, 0xc10551e089e69504},
		{NewLogistic(), classes, 0x44a8052e50ae1141},
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
