package boost

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// A fit is the same bit by bit on every processor, with assembly and without.
func TestBits(t *testing.T) {
	rng := splitmix.Source{State: 1}
	x, values := &learn.Matrix{Names: []string{"a", "b", "c", "kind"}, Columns: make([][]float64, 4), Rows: 5000}, []float64(nil)
	for range x.Rows {
		row := []float64{rng.Unit(), rng.Unit(), rng.Unit(), float64(rng.Below(9))}
		values = append(values, float64(4*row[0]*row[0])+float64(row[1]*row[3])/4+rng.Unit()/2)
		if rng.Below(10) == 0 {
			row[1] = math.NaN()
		}
		for j, v := range row {
			x.Columns[j] = append(x.Columns[j], v)
		}
	}
	classes := func(n int) *learn.Target {
		y := &learn.Target{Task: learn.Classification, Classes: make([]string, n)}
		for _, v := range values {
			y.Labels = append(y.Labels, int32(min(v/1.5, float64(n-1))))
		}
		return y
	}
	value := &learn.Target{Task: learn.Regression, Values: values}
	for _, c := range []struct {
		name, want string
		y          *learn.Target
		set        func(*Boosting)
	}{
		{"two classes", "4739b3b7951d24d2", classes(2), func(*Boosting) {}},
		{"three classes", "9456ba745227ad07", classes(3), func(b *Boosting) { b.GOSS, b.LearningRate = true, 0.3 }},
		{"squared", "e3070e95ba2d83a9", value, func(b *Boosting) { b.EarlyStopping, b.Subsample = true, 0.7 }},
		{"poisson", "7865b53dc3fc54cf", value, func(b *Boosting) { b.Loss = "poisson" }},
		{"absolute", "5763e8f759c0318d", value, func(b *Boosting) { b.Loss = "absolute" }},
	} {
		b := New()
		b.Estimators, b.Categorical = 20, []string{"kind"}
		c.set(b)
		h := sha256.New()
		for _, v := range fit(t, b, x, c.y, nil).Predict(x) {
			_ = binary.Write(h, binary.LittleEndian, v)
		}
		if got := fmt.Sprintf("%x", h.Sum(nil)[:8]); got != c.want {
			t.Errorf("%s: the predictions' digest is %s, want %s", c.name, got, c.want)
		}
	}
}
