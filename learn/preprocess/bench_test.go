package preprocess

import (
	"context"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// benchSpecs are the default pipeline's: cleaning, then features for a family.
func benchSpecs(family string) []Spec {
	return []Spec{&Tidy{}, &Dates{}, &Impute{}, &Cap{}, &Auto{Family: family}}
}

func benchFit(b *testing.B, n int) (*Graph, *table.Table, *learn.Target) {
	data := mixed(b, n)
	y := &learn.Target{Task: learn.Regression, Values: make([]float64, n)}
	for i := range y.Values {
		y.Values[i] = float64(i % 17)
	}
	g, _, err := Fit(context.Background(), data, y, nil, benchSpecs("tree")...)
	if err != nil {
		b.Fatal(err)
	}
	return g, data, y
}

func BenchmarkFit(b *testing.B) {
	_, data, y := benchFit(b, 50_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Fit(context.Background(), data, y, nil, benchSpecs("tree")...); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTransform(b *testing.B) {
	g, data, _ := benchFit(b, 50_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Transform(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRow(b *testing.B) {
	g, data, _ := benchFit(b, 2000)
	row := data.Take([]int{3})
	for _, c := range row.Columns {
		if c.Kind == table.String { // as a row that was read alone
			*c = *table.StringColumn(c.Name, c.Strings())
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Transform(row); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDuplicates(b *testing.B) {
	data := mixed(b, 200_000)
	b.ReportAllocs()
	for b.Loop() {
		Duplicates(data)
	}
}
