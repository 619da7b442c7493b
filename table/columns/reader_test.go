package columns

import (
	"bytes"
	"io"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/tabletest"
)

// TestReader compares any part of what a Reader gives with what Encode writes.
func TestReader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tbl := tabletest.Table(150).Draw(t, "table")
		want, r := encoded(t, tbl), NewReader(tbl)
		if r.Size() != int64(len(want)) {
			t.Fatalf("%d bytes, want %d", r.Size(), len(want))
		}
		if all, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size())); err != nil || !bytes.Equal(all, want) {
			t.Fatalf("%v, or other bytes", err)
		}
		for range 20 {
			off := rapid.IntRange(0, len(want)+5).Draw(t, "offset")
			p := bytes.Repeat([]byte{0xff}, rapid.IntRange(0, len(want)).Draw(t, "length"))
			n, err := r.ReadAt(p, int64(off))
			part := want[min(off, len(want)):]
			part = part[:min(len(part), len(p))]
			if !bytes.Equal(p[:n], part) || (err != nil) != (n < len(p) || off >= len(want)) {
				t.Fatalf("%d bytes at %d: %d, %v", len(p), off, n, err)
			}
		}
	})
}

func BenchmarkReader(b *testing.B) {
	t := &table.Table{Columns: []*table.Column{table.FloatColumn("f", make([]float64, 1<<20)), table.BoolColumn("b", make([]bool, 1<<20))}}
	p := make([]byte, 1<<20)
	b.SetBytes(Size(t))
	for b.Loop() {
		r := NewReader(t)
		for off := int64(0); off < r.Size(); off += int64(len(p)) {
			if _, err := r.ReadAt(p, off); err != nil && err != io.EOF {
				b.Fatal(err)
			}
		}
	}
}
