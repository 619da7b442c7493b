package parquet

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/tabletest"
)

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := tabletest.Table(200).Draw(t, "table")
		opts := &Options{
			Compression:  rapid.SampledFrom([]Compression{Snappy, Zstd, Uncompressed}).Draw(t, "compression"),
			RowsPerGroup: rapid.IntRange(1, 300).Draw(t, "rows per group"),
		}
		var a, b bytes.Buffer
		if err := Write(&a, want, opts); err != nil {
			t.Fatal(err)
		}
		if err := Write(&b, want, opts); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Fatal("the same table gave different bytes")
		}
		got, err := Read(bytes.NewReader(a.Bytes()), int64(a.Len()), nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := table.Difference(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

// A column of many distinct strings outgrows its dictionary half way.
func TestLargeDictionary(t *testing.T) {
	words := make([]string, 300_000)
	for i := range words {
		words[i] = fmt.Sprintf("a string that is number %d", i*7919%200_000)
	}
	want, _ := table.New(table.StringColumn("s", words))
	var b bytes.Buffer
	if err := Write(&b, want, nil); err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := table.Difference(want, got); d != "" {
		t.Fatal(d)
	}
}
