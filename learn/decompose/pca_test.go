package decompose_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/decompose"
)

func TestReference(t *testing.T) {
	var ref struct {
		Columns            [][]*float64
		Components, Scores [][]float64
		Variance, Share    []float64
	}
	b, err := os.ReadFile("testdata/reference.json")
	if err == nil {
		err = json.Unmarshal(b, &ref)
	}
	if err != nil {
		t.Fatal(err)
	}
	x := &learn.Matrix{Rows: len(ref.Columns[0])}
	for _, col := range ref.Columns {
		v := make([]float64, len(col))
		for i, p := range col {
			v[i] = math.NaN()
			if p != nil {
				v[i] = *p
			}
		}
		x.Columns = append(x.Columns, v)
	}
	pca, err := decompose.FitPCA(x, 99)
	if err != nil {
		t.Fatal(err)
	}
	scores := pca.Project(x)
	if len(pca.Components) != len(ref.Components) {
		t.Fatalf("%d components, want %d", len(pca.Components), len(ref.Components))
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s = %v, want %v", what, got, want)
		}
	}
	for k, want := range ref.Components {
		near("variance", pca.Variance[k], ref.Variance[k])
		near("share", pca.Share[k], ref.Share[k])
		for j := range want {
			near("component", pca.Components[k][j], want[j])
		}
		for i, v := range ref.Scores[k] {
			near("score", scores[k][i], v)
		}
	}
}

func TestDegenerate(t *testing.T) {
	x := &learn.Matrix{Columns: [][]float64{{0.1, 0.1, 0.1}, {math.NaN(), math.NaN(), math.NaN()}}, Rows: 3}
	pca, err := decompose.FitPCA(x, 2)
	if err != nil {
		t.Fatal(err)
	}
	if pca.Share[0] != 0 || pca.Project(x)[0][2] != 0 {
		t.Errorf("constant features: %+v", pca)
	}
	for name, x := range map[string]*learn.Matrix{
		"no features": {Rows: 3},
		"one row":     {Columns: [][]float64{{1}}, Rows: 1},
	} {
		if _, err := decompose.FitPCA(x, 2); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
