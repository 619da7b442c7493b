package parquet

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/runnel-dev/runnel/table"
)

// flights is a table in the shape of the data that is usual here: numbers,
// counts, some missing, and a few labels.
func flights(rows int) *table.Table {
	r := rand.New(rand.NewPCG(1, 2))
	t := &table.Table{}
	for j := range 15 {
		v := make([]float64, rows)
		for i := range v {
			v[i] = r.NormFloat64()
		}
		t.Columns = append(t.Columns, table.FloatColumn("f"+strconv.Itoa(j), v))
	}
	for j := range 3 {
		v := make([]int64, rows)
		for i := range v {
			v[i] = r.Int64N(1000)
		}
		t.Columns = append(t.Columns, table.IntColumn("i"+strconv.Itoa(j), v))
	}
	for j := range 3 {
		v := make([]string, rows)
		for i := range v {
			v[i] = "label " + strconv.Itoa(r.IntN(300))
		}
		c := table.StringColumn("s"+strconv.Itoa(j), v)
		for i := 0; i < rows; i += 17 {
			c.SetMissing(i)
		}
		t.Columns = append(t.Columns, c)
	}
	return t
}

func BenchmarkWrite(b *testing.B) {
	t := flights(200_000)
	for _, c := range []Compression{Snappy, Zstd, Uncompressed} {
		b.Run(strconv.Itoa(int(c)), func(b *testing.B) {
			for b.Loop() {
				if err := Write(io.Discard, t, &Options{Compression: c}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	t := flights(200_000)
	for _, c := range []Compression{Snappy, Zstd, Uncompressed} {
		b.Run(strconv.Itoa(int(c)), func(b *testing.B) {
			var file bytes.Buffer
			if err := Write(&file, t, &Options{Compression: c}); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := Read(bytes.NewReader(file.Bytes()), int64(file.Len()), nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(file.Len())/1e6, "MB")
		})
	}
}
