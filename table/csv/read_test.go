package csv

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/runnel-dev/runnel/table"
)

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t *testing.T, text string) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return z.EncodeAll([]byte(text), nil)
}

// numbers is a CSV file of random integers and fractions.
func numbers(rows int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("i,f,s\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,%v,w%d\n", i, r.NormFloat64(), r.IntN(100))
	}
	return b.String()
}

func TestCompressed(t *testing.T) {
	text := numbers(20000)
	want := read(t, text, nil)
	members := append(gzipped(t, text[:1000]), gzipped(t, text[1000:])...)
	for name, data := range map[string][]byte{"gzip": gzipped(t, text), "gzip in members": members, "zstd": zstded(t, text)} {
		got, rep, err := Read(t.Context(), Bytes(name, data), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := difference(got, want); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if rep.Bytes != int64(len(text)) || !strings.HasPrefix(name, rep.Dialect.Compression) || rep.Dialect.Compression == "" {
			t.Errorf("%s: report of %d bytes, compression %q; want %d", name, rep.Bytes, rep.Dialect.Compression, len(text))
		}
	}
}

// wantProblem checks that an error is an *Error of a problem that names the file.
func wantProblem(t *testing.T, err error, want Problem) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want an *Error", err)
	}
	if e.Problem != want || e.File == "" || e.Hint == "" {
		t.Errorf("error %#v, want problem %q with file and hint", e, want)
	}
}

func TestDamagedCompression(t *testing.T) {
	for name, data := range map[string][]byte{"gzip": gzipped(t, numbers(20000)), "zstd": zstded(t, numbers(20000))} {
		for _, keep := range []int{5, 12, len(data) / 2, len(data) - 1} {
			_, _, err := Read(t.Context(), Bytes(fmt.Sprintf("%s cut to %d", name, keep), data[:keep]), nil)
			if keep == 5 && err == nil {
				t.Errorf("%s cut to %d bytes was read", name, keep)
				continue
			}
			wantProblem(t, err, Damaged)
		}
		flipped := bytes.Clone(data)
		flipped[len(data)/2] ^= 0xff
		if _, _, err := Read(t.Context(), Bytes(name, flipped), nil); err == nil {
			t.Errorf("%s with a flipped byte was read", name)
		}
	}
}

func TestDecompressionBomb(t *testing.T) {
	// Members and frames may follow each other: a large file is packed once.
	rows := strings.Repeat("1,"+strings.Repeat("2", 500)+"\n", 1<<11)
	for name, bomb := range map[string][]byte{"bomb.gz": bytes.Repeat(gzipped(t, rows), 70), "bomb.zst": bytes.Repeat(zstded(t, rows), 70)} {
		_, _, err := Read(t.Context(), Bytes(name, bomb), nil)
		wantProblem(t, err, TooLarge)
	}
	_, _, err := Read(t.Context(), Bytes("twice.gz", gzipped(t, string(gzipped(t, "a,b\n1,2\n")))), nil)
	wantProblem(t, err, NotCSV)
}

func TestZip(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("data.csv")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "a,b\n1,2\n")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, err = Read(t.Context(), Bytes("data.csv", b.Bytes()), nil)
	wantProblem(t, err, NotCSV)
}

func TestLongLine(t *testing.T) {
	const most = 4 << 20
	line := strings.Repeat("x", most+most/2)
	_, _, err := Read(t.Context(), Bytes("header.csv", []byte(line)), &Options{MaxLine: most})
	wantProblem(t, err, LongLine)
	_, _, err = Read(t.Context(), Bytes("row.csv", []byte("a,b\n1,"+line)), &Options{MaxLine: most})
	wantProblem(t, err, LongLine)
	tab, rep, err := Read(t.Context(), Bytes("quote.csv", []byte("a,b\n1,\"unclosed\n2,"+line[:most-most/4]+"\n3,z\n")), &Options{MaxLine: most, OnBadRow: Skip})
	if err != nil || tab.Rows() != 2 || rep.Skipped != 1 || rep.Bad[0].Problem != UnclosedQuote || rep.Bad[0].Line != 2 {
		t.Errorf("unclosed quote before a long row: %+v, %v", rep, err)
	}
}

func TestManyColumns(t *testing.T) {
	const cols, rows = 10000, 30
	var b strings.Builder
	for r := range rows + 1 {
		for c := range cols {
			switch {
			case c > 0 && r == 0:
				fmt.Fprintf(&b, ",c%d", c)
			case c > 0:
				fmt.Fprintf(&b, ",%d", r*c)
			default:
				b.WriteString([]string{"c0", "x", "y"}[min(r, 2)])
			}
		}
		b.WriteByte('\n')
	}
	for _, chunk := range []int{0, 100} {
		got := read(t, b.String(), &Options{Chunk: chunk})
		if got.Rows() != rows || len(got.Columns) != cols {
			t.Fatalf("%d rows of %d columns, want %d of %d", got.Rows(), len(got.Columns), rows, cols)
		}
		for c, col := range got.Columns[1:] {
			if col.Kind != table.Int64 || col.Ints[rows-1] != int64(rows*(c+1)) {
				t.Fatalf("column %q: %v, last %d, want %d", col.Name, col.Kind, col.Ints[rows-1], rows*(c+1))
			}
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Read(ctx, Bytes("x", []byte(numbers(100))), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Read: %v, want %v", err, context.Canceled)
	}
	plan, err := Scan(t.Context(), Bytes("x", []byte(numbers(50000))), &Options{Chunk: 1000})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	err = plan.Parts(ctx, 10, func(*table.Table) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Parts: %v, want %v", err, context.Canceled)
	}
}

// A late value that widens the kind is found however far in it stands, and what
// came before is read again from the source.
func TestLateWidening(t *testing.T) {
	const rows = 30000
	for _, late := range []struct {
		value string
		want  table.Kind
	}{{"7", table.Int64}, {"0.5", table.Float64}, {"x", table.String}, {"007", table.String}, {"99999999999999999999", table.String}, {"", table.Int64}} {
		var b strings.Builder
		b.WriteString("a,b\n")
		for i := range rows {
			fmt.Fprintf(&b, "%d,k\n", i)
		}
		fmt.Fprintf(&b, "%s,k\n", late.value)
		for name, data := range map[string][]byte{"plain": []byte(b.String()), "gzip": gzipped(t, b.String())} {
			got, _, err := Read(t.Context(), Bytes(name, data), &Options{Chunk: 4096, Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			c := got.Columns[0]
			if c.Kind != late.want || c.Text(0) != "0" || c.Text(rows-1) != fmt.Sprint(rows-1) && c.Kind != table.Float64 {
				t.Errorf("%s: after %q the column is %v from %q to %q", name, late.value, c.Kind, c.Text(0), c.Text(rows-1))
			}
		}
	}
}

func TestSources(t *testing.T) {
	text := numbers(1000)
	want := read(t, text, nil)
	path := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	opened, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	spooled, err := Spool("pipe", strings.NewReader(text), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range []*Source{opened, spooled, ReaderAt("at", strings.NewReader(text), int64(len(text)))} {
		got, _, err := Read(t.Context(), src, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := difference(got, want); d != "" {
			t.Errorf("%s: %s", src.Name, d)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("Close left %v of the spooled file", left)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a directory was opened")
	}
	if _, err := Spool("pipe", strings.NewReader(text), dir, 10); err == nil {
		t.Error("more than the limit was spooled")
	} else {
		wantProblem(t, err, TooLarge)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("a failed Spool left %v", left)
	}
}

// flipping is a source whose bytes change between the passes.
type flipping struct {
	texts []string
	ends  int
}

func (f *flipping) ReadAt(p []byte, off int64) (int, error) {
	text := f.texts[min(f.ends, len(f.texts)-1)]
	n := copy(p, text[min(int(off), len(text)):])
	if int(off)+n == len(text) {
		f.ends++
		return n, io.EOF
	}
	return n, nil
}

func TestChangedSource(t *testing.T) {
	before, after := "a,b\n1,2\n3,4\n", "a,b\n1,2\n3,x\n"
	plan, err := Scan(t.Context(), ReaderAt("f", &flipping{texts: []string{before, before, after}}, int64(len(before))), nil)
	if err != nil {
		t.Fatal(err)
	}
	err = plan.Parts(t.Context(), 10, func(*table.Table) error { return nil })
	wantProblem(t, err, Changed)
}
