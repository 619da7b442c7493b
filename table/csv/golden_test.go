package csv

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/runnel-dev/runnel/table"
)

var update = flag.Bool("update", false, "rewrite the golden results")

// Each file of testdata/read.txtar is a case: its name may end with options in
// brackets, its text is the input (as it stands, or one Go string literal), a
// line "=>", and what reading it gives. Adding a test is adding a case and
// running with -update.
func TestGolden(t *testing.T) {
	const path = "testdata/read.txtar"
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range archive.Files {
		t.Run(f.Name, func(t *testing.T) {
			input, want, _ := bytes.Cut(f.Data, []byte("=>\n"))
			text := string(input)
			if s, err := strconv.Unquote(strings.TrimSpace(text)); err == nil && strings.Count(text, "\n") == 1 {
				text = s
			}
			o := optionsOf(t, f.Name)
			got := dump(text, o)
			if *update {
				archive.Files[i].Data = []byte(string(input) + "=>\n" + got)
				return
			}
			if got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			for _, chunk := range []int{1, 3, 17} {
				o.Chunk = chunk
				if again := dump(text, o); again != got {
					t.Errorf("in chunks of %d bytes got\n%swant\n%s", chunk, again, got)
				}
			}
		})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func optionsOf(t *testing.T, name string) *Options {
	o := &Options{Threads: 2}
	_, list, _ := strings.Cut(strings.TrimSuffix(name, "]"), "[")
	for word := range strings.FieldsSeq(list) {
		key, arg, _ := strings.Cut(word, "=")
		switch key {
		case "skip":
			o.OnBadRow = Skip
		case "header":
			o.Header = HeaderYes
		case "noheader":
			o.Header = HeaderNo
		case "dayfirst":
			o.DateOrder = DayFirst
		case "monthfirst":
			o.DateOrder = MonthFirst
		case "delimiter":
			o.Delimiter = arg[0]
		case "quote":
			o.Quote = arg[0]
		case "decimal":
			o.Decimal = arg[0]
		case "missing":
			o.Missing = strings.Split(arg, "/")
		case "maxline":
			o.MaxLine, _ = strconv.Atoi(arg)
		case "maxbytes":
			o.MaxBytes, _ = strconv.ParseInt(arg, 10, 64)
		case "kind":
			column, kind, _ := strings.Cut(arg, ":")
			var k table.Kind
			if err := k.UnmarshalText([]byte(kind)); err != nil {
				t.Fatal(err)
			}
			if o.Kinds == nil {
				o.Kinds = map[string]table.Kind{}
			}
			o.Kinds[column] = k
		default:
			t.Fatalf("no option %q", key)
		}
	}
	return o
}

// dump is what reading a text gives: the dialect, the columns, the rows (a
// missing value is a point), skipped rows and notes; or the error.
func dump(text string, o *Options) string {
	tab, rep, err := Read(context.Background(), Bytes("in.csv", []byte(text)), o)
	if err != nil {
		return fmt.Sprintf("error: %v\n", err)
	}
	var b strings.Builder
	d := rep.Dialect
	fmt.Fprintf(&b, "dialect %q quote %s decimal %s %s %s header %v\n", d.Delimiter, d.Quote, d.Decimal, d.Newline, d.Encoding, d.Header)
	for i, c := range tab.Columns {
		fmt.Fprintf(&b, "%s%s %s", map[bool]string{true: " | "}[i > 0], c.Name, c.Kind)
	}
	b.WriteByte('\n')
	for r := range min(tab.Rows(), 20) {
		for i, c := range tab.Columns {
			cell := c.Text(r)
			switch {
			case c.Missing(r):
				cell = "."
			case c.Kind == table.String:
				cell = strconv.Quote(cell)
			}
			fmt.Fprintf(&b, "%s%s", map[bool]string{true: " | "}[i > 0], cell)
		}
		b.WriteByte('\n')
	}
	if rep.Skipped > 0 {
		fmt.Fprintf(&b, "%d rows, %d skipped\n", rep.Rows, rep.Skipped)
	}
	for _, bad := range rep.Bad {
		fmt.Fprintf(&b, "skipped %d:%d %s: %s\n", bad.Line, bad.Column, bad.Problem, bad.Text)
	}
	for _, n := range rep.Notes {
		fmt.Fprintf(&b, "note %s: %s", n.Column, n.Text)
		if n.Count > 0 {
			fmt.Fprintf(&b, " (%d)", n.Count)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
