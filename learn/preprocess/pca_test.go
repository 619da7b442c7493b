package preprocess

import (
	"context"
	"math"
	"strings"
	"testing"

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
