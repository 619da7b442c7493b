package preprocess

import (
	"context"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/runnel-dev/runnel/table"
)

// Columns that say the same in other units become one component; another stays
// beside it.
func TestPCA(t *testing.T) {
	var celsius, fahrenheit, other []float64
	for i := range 40 {
		v := math.Mod(float64(i)*7.3, 11)
		celsius, fahrenheit = append(celsius, v), append(fahrenheit, 32+v*9/5)
		other = append(other, math.Mod(float64(i)*3.7, 5))
	}
	data := &table.Table{Columns: []*table.Column{table.FloatColumn("c", celsius), table.FloatColumn("f", fahrenheit), table.FloatColumn("o", other)}}
	for _, c := range []struct {
		spec    PCA
		columns string
		note    string
	}{
		{PCA{Columns: []string{"c", "f"}}, "o pc_1", "pc: 1 component of 2 columns, with 100 % of their variance"},
		{PCA{Keep: true, Into: "both"}, "c f o both_1 both_2", "both: 2 components of 3 columns, with 100 % of their variance"},
		{PCA{Components: 1, Unscaled: true}, "pc_1", "pc: 1 component of 3 columns, with 95 % of their variance"},
	} {
		g, out, err := Fit(context.Background(), data, nil, nil, &c.spec)
		if err != nil {
			t.Fatal(err)
		}
		if names := strings.Join(out.Names(), " "); names != c.columns {
			t.Errorf("%+v: the columns are %s, want %s", c.spec, names, c.columns)
		}
		if note := g.Notes()[0].String(); note != c.note {
			t.Errorf("%+v: the note is %q, want %q", c.spec, note, c.note)
		}
	}
	if _, _, err := Fit(context.Background(), data, nil, nil, &PCA{Share: 2}); err == nil || !strings.Contains(err.Error(), "share 2") {
		t.Errorf("error %v, want one of the share", err)
	}
}

// Uncentred it is the singular value decomposition of the numbers as they are,
// where what is missing is 0.
func TestTruncatedSVD(t *testing.T) {
	const rows = 30
	data := &table.Table{}
	plain := mat.NewDense(rows, 4, nil)
	for j := range 4 {
		v := make([]float64, rows)
		for i := range v {
			v[i] = math.Mod(float64(i*(j+3))*1.7, 5) + float64(j)
			plain.Set(i, j, v[i])
		}
		data.Columns = append(data.Columns, table.FloatColumn(string(rune('a'+j)), v))
	}
	data.Columns[2].Floats[7] = math.NaN()
	plain.Set(7, 2, 0)
	var svd mat.SVD
	svd.Factorize(plain, mat.SVDThin)
	var v mat.Dense
	svd.VTo(&v)
	g, out, err := Fit(context.Background(), data, nil, nil, &PCA{Uncentred: true, Components: 2})
	if err != nil {
		t.Fatal(err)
	}
	again, err := g.Transform(data)
	if err != nil {
		t.Fatal(err)
	}
	for k := range 2 {
		var want mat.VecDense
		want.MulVec(plain, v.ColView(k))
		sign := math.Copysign(1, want.AtVec(0)) * math.Copysign(1, out.Columns[k].Floats[0])
		for i := range rows {
			if got := out.Columns[k].Floats[i]; math.Abs(got-sign*want.AtVec(i)) > 1e-9 || got != again.Columns[k].Floats[i] {
				t.Fatalf("component %d of row %d: %v, again %v, want %v", k+1, i, got, again.Columns[k].Floats[i], sign*want.AtVec(i))
			}
		}
	}
}
