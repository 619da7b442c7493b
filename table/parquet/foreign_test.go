package parquet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/table"
)

func TestForeignFiles(t *testing.T) {
	want := expected(t)
	for _, file := range []string{"snappy_v1", "zstd_v2", "gzip_plain", "brotli", "lz4_groups", "decimal_as_integer"} {
		t.Run(file, func(t *testing.T) {
			got, err := readFile(file, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := table.Difference(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestInt96(t *testing.T) {
	got, err := readFile("int96", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := expected(t).Column("ms").Renamed("t")
	if d := table.Difference(&table.Table{Columns: []*table.Column{want}}, got); d != "" {
		t.Error(d)
	}
}

func TestDeltaEncodings(t *testing.T) {
	got, err := readFile("delta", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		line := fmt.Sprint(got.Columns[0].Ints[i], got.Columns[1].Text(i), got.Columns[2].Floats[i])
		if want := fmt.Sprint(i, fmt.Sprintf("value %d", i), float64(i)/8); line != want {
			t.Fatalf("row %d: %s, want %s", i, line, want)
		}
	}
}

func TestRefused(t *testing.T) {
	for file, want := range map[string]string{
		"nested_list":     `column "tags" is nested`,
		"nested_struct":   `column "at" is nested`,
		"binary":          `column "raw": row group 0: a value is not UTF-8 but binary`,
		"uint64_overflow": `column "big": row group 0: the value 18446744073709551615 is greater than the largest int64`,
	} {
		_, err := readFile(file, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", file, err, want)
		}
	}
	if got, err := readFile("nested_list", &Options{Columns: []string{"id"}}); err != nil || got.Rows() != 1 {
		t.Errorf("the flat column of a file with a nested one: %v", err)
	}
	if _, err := readFile("snappy_v1", &Options{Columns: []string{"nowhere"}}); err == nil {
		t.Error("a column that is absent was read")
	}
	if _, err := readFile("snappy_v1", &Options{MaxColumns: 3}); err == nil {
		t.Error("more columns than the limit were read")
	}
	if _, err := readFile("delta", &Options{MaxBytes: 1000}); err == nil || !strings.Contains(err.Error(), "MaxBytes") {
		t.Errorf("more bytes than the limit were read: %v", err)
	}
}

func TestNoRows(t *testing.T) {
	got, err := readFile("no_rows", nil)
	if err != nil || got.Rows() != 0 || got.Columns[0].Name != "a" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestReadByGroup(t *testing.T) {
	f, err := openFile("lz4_groups", &Options{Columns: []string{"string", "int8"}})
	if err != nil {
		t.Fatal(err)
	}
	if f.Groups() != 3 || f.Rows() != 3 || f.Schema()[0] != (table.Field{Name: "string", Kind: table.String}) {
		t.Fatalf("%d groups, %d rows, schema %v", f.Groups(), f.Rows(), f.Schema())
	}
	var text []string
	for i := range f.Groups() {
		g, err := f.ReadGroup(context.Background(), i)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, g.Columns[0].Text(0)+" "+g.Columns[1].Text(0))
	}
	if got := strings.Join(text, ";"); got != "north -128; ;süd 127" {
		t.Error(got)
	}
	if _, err := f.ReadGroup(context.Background(), 3); err == nil {
		t.Error("a row group beyond the last was read")
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Read(ended); err == nil {
		t.Error("a read went on after its context ended")
	}
}

// A file that is cut short is an error; one with a byte changed is an error or
// a table, and never a panic or a loop without end.
func TestCorrupt(t *testing.T) {
	for _, file := range []string{"zstd_v2", "lz4_groups"} {
		b, err := os.ReadFile("testdata/" + file + ".parquet")
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(b) {
			if n%5 != 0 && n > 64 && n < len(b)-512 {
				continue // every byte of the head and of the footer's end, some between
			}
			if _, err := Read(bytes.NewReader(b[:n]), int64(n), nil); err == nil {
				t.Fatalf("%s: the first %d of %d bytes were read", file, n, len(b))
			}
			if n%15 == 0 {
				c := bytes.Clone(b)
				c[n] ^= 0x55
				if got, err := Read(bytes.NewReader(c), int64(len(c)), &Options{MaxBytes: 1 << 24}); err == nil {
					for _, column := range got.Columns {
						column.Strings()
					}
				}
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.parquet")
	if err != nil || len(files) == 0 {
		f.Fatal("no files", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Read(bytes.NewReader(b), int64(len(b)), &Options{MaxBytes: 1 << 24})
		if err != nil {
			return
		}
		for _, c := range got.Columns {
			c.Strings() // every code has its string, every value its row
		}
	})
}

func openFile(name string, opts *Options) (*File, error) {
	b, err := os.ReadFile(filepath.Join("testdata", name+".parquet"))
	if err != nil {
		return nil, err
	}
	return Open(bytes.NewReader(b), int64(len(b)), opts)
}

func readFile(name string, opts *Options) (*table.Table, error) {
	f, err := openFile(name, opts)
	if err != nil {
		return nil, err
	}
	return f.Read(context.Background())
}

// expected is the table that testdata/make.py wrote in many ways.
func expected(t *testing.T) *table.Table {
	t.Helper()
	b, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var columns []struct {
		Name   string
		Type   table.Kind
		Values []json.RawMessage
	}
	if err := json.Unmarshal(b, &columns); err != nil {
		t.Fatal(err)
	}
	out := &table.Table{}
	for _, in := range columns {
		n := len(in.Values)
		c := &table.Column{Name: in.Name, Kind: in.Type, Codes: make([]uint32, n), Floats: make([]float64, n), Ints: make([]int64, n), Bools: make([]bool, n)}
		for i, v := range in.Values {
			if string(v) == "null" {
				c.SetMissing(i)
				continue
			}
			var err error
			switch in.Type {
			case table.Float64:
				err = json.Unmarshal(v, &c.Floats[i])
			case table.Bool:
				err = json.Unmarshal(v, &c.Bools[i])
			case table.String:
				c.Codes[i] = uint32(len(c.Dict))
				c.Dict = append(c.Dict, "")
				err = json.Unmarshal(v, &c.Dict[c.Codes[i]])
			default:
				err = json.Unmarshal(v, &c.Ints[i])
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		out.Columns = append(out.Columns, c)
	}
	return out
}
