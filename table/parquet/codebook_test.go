package parquet

import (
	"bytes"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/table"
)

// A codebook numbers values as a map would.
func TestCodebookIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(rapid.Uint64Range(0, 300), rapid.Uint64()), 0, 3000).Draw(t, "values")
		var book codebook
		want := map[uint64]uint32{}
		for range 2 {
			for _, v := range values {
				if _, known := want[v]; !known {
					want[v] = uint32(len(want))
				}
				if got := book.code(v); got != want[v] {
					t.Fatalf("%d has code %d, want %d", v, got, want[v])
				}
			}
			book.reset()
			clear(want)
		}
	})
}

// Numbers come back bit by bit, whether few, many, or first few and then many.
func TestNumbersOfAnyCardinality(t *testing.T) {
	const rows = 3 * pageRows / 2
	for name, at := range map[string]func(i int) int64{
		"one":             func(int) int64 { return 7 },
		"few":             func(i int) int64 { return int64(i * i % 97) },
		"thousands":       func(i int) int64 { return int64(i * 31 % 8000) },
		"all different":   func(i int) int64 { return int64(i)*1e9 - 5 },
		"few, then many":  func(i int) int64 { return int64(i % (1 + i/8)) },
		"a new one, late": func(i int) int64 { return max(0, int64(i)-pageRows+1) },
	} {
		t.Run(name, func(t *testing.T) {
			ints, floats, valid := make([]int64, rows), make([]float64, rows), table.NewBitmap(rows)
			for i := range ints {
				ints[i], floats[i] = at(i), float64(at(i))/3
				switch i % 101 {
				case 3:
					floats[i] = math.Copysign(0, -1)
				case 5:
					ints[i], floats[i] = 0, math.NaN()
					continue
				}
				valid.Set(i)
			}
			want, err := table.New(
				&table.Column{Name: "i", Kind: table.Int64, Ints: ints}, &table.Column{Name: "t", Kind: table.Time, Ints: ints, Valid: valid},
				&table.Column{Name: "f", Kind: table.Float64, Floats: floats, Valid: valid})
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := Write(&b, want, &Options{RowsPerGroup: rows - 1000}); err != nil {
				t.Fatal(err)
			}
			got, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := table.Difference(got, want); d != "" {
				t.Fatal(d)
			}
		})
	}
}
