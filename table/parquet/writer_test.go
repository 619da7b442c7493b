package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/tabletest"
)

// What is written here is read by the library too, value for value.
func TestLibraryReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := tabletest.Table(200).Draw(t, "table")
		opts := &Options{
			Compression:  rapid.SampledFrom([]Compression{Snappy, Zstd, Uncompressed}).Draw(t, "compression"),
			RowsPerGroup: rapid.IntRange(1, 300).Draw(t, "rows per group"),
		}
		var b bytes.Buffer
		if err := Write(&b, want, opts); err != nil {
			t.Fatal(err)
		}
		file, err := pq.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for _, g := range file.RowGroups() {
			rows := g.Rows()
			batch := make([]pq.Row, 50)
			for {
				n, err := rows.ReadRows(batch)
				for _, row := range batch[:n] {
					for _, v := range row {
						if c := want.Columns[v.Column()]; !same(c, at, v) {
							t.Fatalf("column %q of type %v, row %d: %v", c.Name, c.Kind, at, v)
						}
					}
					at++
				}
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			rows.Close()
		}
		if at != want.Rows() {
			t.Fatalf("%d rows, want %d", at, want.Rows())
		}
	})
}

func same(c *table.Column, i int, v pq.Value) bool {
	if c.Missing(i) || v.IsNull() {
		return c.Missing(i) && v.IsNull()
	}
	switch c.Kind {
	case table.Float64:
		return math.Float64bits(v.Double()) == math.Float64bits(c.Floats[i])
	case table.Bool:
		return v.Boolean() == c.Bools[i]
	case table.String:
		return string(v.ByteArray()) == c.Dict[c.Codes[i]]
	}
	return v.Int64() == c.Ints[i]
}

// A dictionary is shared by the parts of a row group, whose own differ.
func TestParts(t *testing.T) {
	a, _ := table.New(table.StringColumn("s", []string{"x", "y", "x"}))
	b, _ := table.New(table.StringColumn("s", []string{"z", "y"}))
	var file bytes.Buffer
	w, err := NewWriter(&file, a.Schema(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []*table.Table{a, b} {
		if err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(file.Bytes()), int64(file.Len()), nil)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := table.New(table.StringColumn("s", []string{"x", "y", "x", "z", "y"}))
	if d := table.Difference(want, got); d != "" {
		t.Fatal(d)
	}
}

func TestBounds(t *testing.T) {
	nan := math.NaN()
	for _, x := range []struct {
		values    []float64
		low, high string
	}{
		{[]float64{3, -1, 2}, "-1", "3"},
		{[]float64{0, 5}, "-0", "5"},
		{[]float64{math.Copysign(0, -1), -5}, "-5", "0"},
		{[]float64{1, nan}, "", ""},
	} {
		c, _ := table.New(&table.Column{Name: "x", Kind: table.Float64, Floats: x.values})
		var file bytes.Buffer
		if err := Write(&file, c, nil); err != nil {
			t.Fatal(err)
		}
		f, err := pq.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
		if err != nil {
			t.Fatal(err)
		}
		s := f.Metadata().RowGroups[0].Columns[0].MetaData.Statistics
		show := func(b []byte) string {
			if len(b) == 0 {
				return ""
			}
			v := math.Float64frombits(binary.LittleEndian.Uint64(b))
			if v == 0 && math.Signbit(v) {
				return "-0"
			}
			return table.FloatColumn("", []float64{v}).Text(0)
		}
		if low, high := show(s.MinValue), show(s.MaxValue); low != x.low || high != x.high {
			t.Errorf("%v: from %s to %s, want %s to %s", x.values, low, high, x.low, x.high)
		}
	}
}
