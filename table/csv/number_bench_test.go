package csv

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

func BenchmarkFloat(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var buf []byte
	var at []int
	buf = append(buf, "                        "...)
	for range 20000 {
		at = append(at, len(buf))
		buf = strconv.AppendFloat(buf, r.NormFloat64(), 'g', -1, 64)
		buf = append(buf, ',')
	}
	at = append(at, len(buf))
	buf = append(buf, "          "...)
	b.Run("fast", func(b *testing.B) {
		b.SetBytes(0)
		n := 0
		for b.Loop() {
			for i := range at[1:] {
				if _, ok := fastFloat(buf, at[i], at[i+1]-1, '.'); ok {
					n++
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20000, "ns/num")
		b.ReportMetric(float64(n)/float64(b.N)/20000, "share")
	})
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			for i := range at[1:] {
				parseFloat(buf[at[i]:at[i+1]-1], '.')
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20000, "ns/num")
	})
	b.Run("strconv", func(b *testing.B) {
		for b.Loop() {
			for i := range at[1:] {
				strconv.ParseFloat(string(buf[at[i]:at[i+1]-1]), 64)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20000, "ns/num")
	})
}
