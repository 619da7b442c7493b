package profile_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/runnel-dev/runnel/functions/explore/profile"
	"github.com/runnel-dev/runnel/table"
)

// tableOf makes columns of numbers that lean on each other, some of them missing,
// every fourth one of categories, and a target of two classes.
func tableOf(rows, columns int) *table.Table {
	random := rand.New(rand.NewPCG(1, 2))
	base := make([]float64, rows)
	late := make([]bool, rows)
	for i := range base {
		base[i] = random.NormFloat64()
		late[i] = base[i]+random.NormFloat64() > 1
	}
	out := &table.Table{}
	for j := range columns - 1 {
		name := "c" + string(rune('a'+j%26)) + string(rune('a'+j/26%26)) + string(rune('a'+j/676))
		if j%4 == 3 {
			values := make([]string, rows)
			for i := range values {
				values[i] = string(rune('A' + random.IntN(12)))
			}
			out.Columns = append(out.Columns, table.StringColumn(name, values))
			continue
		}
		values := make([]float64, rows)
		for i := range values {
			values[i] = base[i] + float64(j)*random.NormFloat64()
			if j%5 == 1 && i%17 == 0 {
				values[i] = math.NaN()
			}
		}
		out.Columns = append(out.Columns, table.FloatColumn(name, values))
	}
	out.Columns = append(out.Columns, table.BoolColumn("late", late))
	return out
}

func BenchmarkOf(b *testing.B) {
	t := tableOf(300_000, 20)
	for b.Loop() {
		if _, err := profile.Of(b.Context(), "bench", t, &profile.Options{Target: "late"}); err != nil {
			b.Fatal(err)
		}
	}
}
