package csv

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

// Numbers as pandas writes them: in assembly where there is any, in plain Go by
// the straight road, by the general one, and with strconv.
func BenchmarkFloat(b *testing.B) {
	const rows = 20000
	r := rand.New(rand.NewPCG(1, 2))
	var text []byte
	for range rows {
		text = append(strconv.AppendFloat(text, r.NormFloat64(), 'g', -1, 64), '\n')
	}
	var t tokens
	t.split(text, 1, &Dialect{Delimiter: ",", Quote: `"`})
	out := make([]float64, rows)
	whole := func(read func([]float64, int, int, byte) int) func() {
		return func() {
			for at := 0; at < rows; at++ {
				if at += read(out[at:], at, 0, '.'); at < rows {
					out[at], _ = parseFloat(t.field(at, 0), '.')
				}
			}
		}
	}
	for _, way := range []struct {
		name string
		run  func()
	}{
		{"column", whole(t.fractions)},
		{"fast", whole(t.fractionsGeneric)},
		{"plain", func() {
			for i := range out {
				out[i], _ = parseFloat(t.field(i, 0), '.')
			}
		}},
		{"strconv", func() {
			for i := range out {
				out[i], _ = strconv.ParseFloat(string(t.field(i, 0)), 64)
			}
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				way.run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/number")
		})
	}
}
