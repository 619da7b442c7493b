package preprocess

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/table"
)

// Three groups are found by themselves, in units of very different size; a row of
// missing values is where the means are.
func TestCluster(t *testing.T) {
	income, age := make([]float64, 90), make([]float64, 90)
	for i := range income {
		income[i] = 20000 + 30000*float64(i%3) + float64(i*i%17)*100
		age[i] = []float64{70, 30, 50}[i%3] + float64(i*i%5)
	}
	data := &table.Table{Columns: []*table.Column{table.FloatColumn("income", income), table.FloatColumn("age", age)}}
	g, out, err := Fit(context.Background(), data, nil, nil, &Cluster{Output: "both"})
	if err != nil {
		t.Fatal(err)
	}
	if names := strings.Join(out.Names(), " "); names != "income age cluster cluster_1 cluster_2 cluster_3" {
		t.Fatalf("the columns are %s", names)
	}
	if note := g.Notes()[0].String(); note != "cluster: 3 groups by 2 columns, of 30, 30, 30 rows" {
		t.Errorf("the note is %q", note)
	}
	labels := out.Column("cluster")
	for i := range income {
		if labels.Text(i) != labels.Text(i%3) || i > 0 && i < 3 && labels.Text(i) == labels.Text(i-1) {
			t.Fatalf("row %d is in group %s", i, labels.Text(i))
		}
		own := "cluster_" + labels.Text(i)
		for _, c := range out.Columns[3:] {
			if c.Name != own && c.Floats[i] <= out.Column(own).Floats[i] {
				t.Fatalf("row %d of group %s is nearer to %s", i, labels.Text(i), c.Name)
			}
		}
	}
	nan := math.NaN()
	rest, err := g.Transform(&table.Table{Columns: []*table.Column{table.FloatColumn("income", []float64{nan, math.Inf(1)}), table.FloatColumn("age", []float64{nan, nan})}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range rest.Columns[3:] {
		if c.Missing(0) || c.Floats[0] != c.Floats[1] || math.IsInf(c.Floats[0], 0) {
			t.Errorf("%s of rows without a number is %v", c.Name, c.Floats)
		}
	}
}

func TestClusterErrors(t *testing.T) {
	data := &table.Table{Columns: []*table.Column{table.FloatColumn("f", []float64{1, 2, 3}), table.StringColumn("s", []string{"a", "b", "c"})}}
	for want, spec := range map[string]*Cluster{
		`output is "middle"`: {Output: "middle"}, `column "s" is of type`: {Columns: []string{"s"}}, "k is -1": {Clusters: -1},
	} {
		if _, _, err := Fit(context.Background(), data, nil, nil, spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
