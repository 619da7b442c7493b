package csv

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

// Numbers as pandas writes them: by columns at every level, in plain Go by
// the straight road, by the general one, and with strconv.
func BenchmarkFloat(b *testing.B) {
	const rows, cols = 1250, 21
	r := rand.New(rand.NewPCG(1, 2))
	var text []byte
	for i := range rows * cols {
		text = append(strconv.AppendFloat(text, r.NormFloat64(), 'g', -1, 64), ",\n"[1-min((i+1)%cols, 1)])
	}
	out := make([]float64, rows)
	t := newTokens()
	t.split(text, cols, &Dialect{Delimiter: ",", Quote: `"`})
	column := func(l level) func() {
		return func() {
			t.level = min(l, best())
			for c := range cols {
				for r := 0; r < rows; r += batch {
					var odd oddRows
					t.fractions(out[r:min(r+batch, rows)], r, c, '.', &odd)
					for row := range odd.all(r) {
						out[row], _ = parseFloat(t.field(row, c), '.')
					}
				}
			}
		}
	}
	for _, way := range []struct {
		name string
		run  func()
	}{
		{"avx512", column(avx512)},
		{"avx2", column(avx2)},
		{"fast", column(plain)},
		{"plain", func() {
			for i := range rows * cols {
				out[i/cols], _ = parseFloat(t.field(i/cols, i%cols), '.')
			}
		}},
		{"strconv", func() {
			for i := range rows * cols {
				out[i/cols], _ = strconv.ParseFloat(string(t.field(i/cols, i%cols)), 64)
			}
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				way.run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows/cols, "ns/number")
		})
	}
}
