package columns

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/tabletest"
)

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := tabletest.Table(150).Draw(t, "table")
		b := encoded(t, want)
		if int64(len(b)) != Size(want) || len(b)%8 != 0 {
			t.Fatalf("%d bytes, Size says %d", len(b), Size(want))
		}
		got, err := bothWays(t, b)
		if err != nil {
			t.Fatal(err)
		}
		if d := table.Difference(want, got); d != "" {
			t.Fatal(d)
		}
		if !bytes.Equal(encoded(t, got), b) {
			t.Fatal("decoded and encoded again, the bytes differ")
		}
	})
}

func TestNoColumns(t *testing.T) {
	got, err := Decode(encoded(t, &table.Table{}))
	if err != nil || len(got.Columns) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

// The layout is a contract with guests: these bytes may not change.
func TestLayout(t *testing.T) {
	c := table.StringColumn("ab", []string{"x", "yz", "x"})
	c.SetMissing(2)
	b := encoded(t, &table.Table{Columns: []*table.Column{c}})
	want := "runnel\x00\x01" + words(184, 3, 1) + // header
		words(96, 2, 104, 120, 128, 2, 3, 1) + // directory
		"ab\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" + // codes
		words(3) + // validity
		words(0, 1, 3) + "xyz\x00\x00\x00\x00\x00" // dictionary
	want = strings.Replace(want, words(184), words(uint64(len(want))), 1)
	if string(b) != want {
		t.Errorf("\n%q, want\n%q", b, want)
	}
}

func TestRefused(t *testing.T) {
	c := table.StringColumn("ab", []string{"x", "yz", "x"})
	c.SetMissing(2)
	f := table.FloatColumn("f", []float64{1, 2, 3})
	good := encoded(t, &table.Table{Columns: []*table.Column{c, f}})
	put := func(at int, v uint64) func([]byte) []byte {
		return func(b []byte) []byte {
			binary.LittleEndian.PutUint64(b[at:], v)
			return b
		}
	}
	for name, change := range map[string]func([]byte) []byte{
		"empty":               func([]byte) []byte { return nil },
		"truncated":           func(b []byte) []byte { return b[:len(b)-8] },
		"trailing":            func(b []byte) []byte { return append(b, make([]byte, 8)...) },
		"other version":       func(b []byte) []byte { b[7] = 2; return b },
		"rows without end":    put(16, 1<<63),
		"columns without end": put(24, 1<<60),
		"name without end":    put(headerSize+8, 1<<63),
		"values elsewhere":    put(headerSize+16, 0),
		"strings without end": put(headerSize+40, 1<<61),
		"unknown kind":        put(headerSize+48, 5),
		"wrong nulls":         put(headerSize+56, 2),
		"dictionary on float": put(headerSize+directorySize+40, 1),
	} {
		if _, err := bothWays(t, change(bytes.Clone(good))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	allocated := testing.AllocsPerRun(10, func() { Decode(put(16, 1<<40)(good)) })
	if allocated > 20 {
		t.Errorf("%v allocations for a header that lies", allocated)
	}
}

func FuzzDecode(f *testing.F) {
	c := table.StringColumn("s", []string{"x", "yz", "x"})
	c.SetMissing(2)
	for _, columns := range [][]*table.Column{nil, {c}, {table.FloatColumn("f", []float64{1, 2}), table.BoolColumn("b", []bool{true, false})}} {
		f.Add(encoded(f, &table.Table{Columns: columns}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := bothWays(t, b)
		if err != nil {
			return
		}
		if !bytes.Equal(encoded(t, got), b) {
			t.Error("decoded and encoded again, the bytes differ")
		}
	})
}

// bothWays decodes b, and reads it from a file, which gives the same.
func bothWays(t interface{ Fatalf(string, ...any) }, b []byte) (*table.Table, error) {
	got, err := Decode(b)
	read, rerr := Read(bytes.NewReader(b), int64(len(b)))
	if (err == nil) != (rerr == nil) || err != nil && err.Error() != rerr.Error() {
		t.Fatalf("decoded: %v; read: %v", err, rerr)
	}
	if err == nil {
		if d := table.Difference(got, read); d != "" {
			t.Fatalf("decoded and read: %s", d)
		}
	}
	return got, err
}

// Value by value, as on processors that put the most byte first, the bytes are
// the same.
func TestValueByValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := tabletest.Table(50).Draw(t, "table")
		b := encoded(t, in)
		littleEndian = false
		defer func() { littleEndian = true }()
		if !bytes.Equal(encoded(t, in), b) {
			t.Fatal("the bytes differ")
		}
		if got, err := bothWays(t, b); err != nil || table.Difference(in, got) != "" {
			t.Fatalf("%v, %s", err, table.Difference(in, got))
		}
	})
}

func TestCutShort(t *testing.T) {
	b := encoded(t, &table.Table{Columns: []*table.Column{table.FloatColumn("f", []float64{1, 2, 3}), table.StringColumn("s", []string{"a", "b", "a"})}})
	for n := range b {
		if _, err := Read(bytes.NewReader(b[:n]), int64(len(b))); err == nil {
			t.Fatalf("%d of %d bytes were enough", n, len(b))
		}
	}
}

func BenchmarkRead(b *testing.B) {
	t := &table.Table{Columns: []*table.Column{table.FloatColumn("f", make([]float64, 1<<20)), table.BoolColumn("b", make([]bool, 1<<20))}}
	file := encoded(b, t)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, err := Read(bytes.NewReader(file), int64(len(file))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	t := &table.Table{Columns: []*table.Column{table.FloatColumn("f", make([]float64, 1<<20)), table.BoolColumn("b", make([]bool, 1<<20))}}
	bytes := encoded(b, t)
	b.SetBytes(int64(len(bytes)))
	for b.Loop() {
		if _, err := Decode(bytes); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	t := &table.Table{Columns: []*table.Column{table.FloatColumn("f", make([]float64, 1<<20)), table.BoolColumn("b", make([]bool, 1<<20))}}
	b.SetBytes(Size(t))
	var out bytes.Buffer
	out.Grow(int(Size(t)))
	for b.Loop() {
		out.Reset()
		if err := Encode(&out, t); err != nil {
			b.Fatal(err)
		}
	}
}

func encoded(t interface{ Fatal(...any) }, in *table.Table) []byte {
	var b bytes.Buffer
	if err := Encode(&b, in); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func words(v ...uint64) string {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return string(b)
}
