package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzRead reads any bytes whole, and in chunks so small that every record is
// one: the tables, reports and errors are the same, errors are *Error, and what
// was read makes the rows that the report counts.
func FuzzRead(f *testing.F) {
	archive, err := txtar.ParseFile("testdata/read.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range archive.Files {
		input, _, _ := bytes.Cut(c.Data, []byte("=>\n"))
		f.Add(input, false)
		f.Add(input, true)
	}
	f.Fuzz(func(t *testing.T, data []byte, skip bool) {
		o := Options{MaxLine: 10000, MaxBytes: 1 << 20, Threads: 2}
		if skip {
			o.OnBadRow = Skip
		}
		wantTable, wantReport, wantErr := Read(context.Background(), Bytes("f", data), &o)
		var e *Error
		if wantErr != nil && !errors.As(wantErr, &e) {
			t.Fatalf("error %v is no *Error", wantErr)
		}
		if wantErr == nil && int64(wantTable.Rows()) != wantReport.Rows {
			t.Fatalf("%d rows, reported %d", wantTable.Rows(), wantReport.Rows)
		}
		// Bytes are read by ranges, a ReaderAt by one at a time.
		for i, chunk := range []int{1, 40, 40} {
			o.Chunk = chunk
			src := Bytes("f", data)
			if i == 2 {
				src = ReaderAt("f", bytes.NewReader(data), int64(len(data)))
			}
			got, report, err := Read(context.Background(), src, &o)
			if fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Fatalf("chunks of %d: error %v, whole: %v", chunk, err, wantErr)
			}
			if err != nil {
				continue
			}
			if d := difference(got, wantTable); d != "" {
				t.Fatalf("chunks of %d: %s", chunk, d)
			}
			if fmt.Sprintf("%+v", *report) != fmt.Sprintf("%+v", *wantReport) {
				t.Fatalf("chunks of %d: report\n%+v, whole\n%+v", chunk, *report, *wantReport)
			}
		}
	})
}

// FuzzTime reads no date that does not exist, whatever the text, and the short
// roads of ISO dates lead where the long one does.
func FuzzTime(f *testing.F) {
	for _, s := range []string{"2024-01-31", "01/02/2006 3:04 PM", "Jan 2, 2006", "Mon, 02 Jan 2006 15:04:05 GMT", "2006-01-02T15:04:05.999999+02:00", "02-Jan-2006"} {
		f.Add(s)
	}
	f.Add("2024-02-30 00:00:00")
	f.Add("2024-02-29T23:59:59")
	f.Fuzz(func(t *testing.T, s string) {
		var m moment
		short, ok := fastTime([]byte(s), new(yearStart))
		if iso := parseISO([]byte(s), &m); ok != iso || ok && short != m.unix(isoForm) {
			t.Fatalf("%q: %d %v, want %+v %v", s, short, ok, m, iso)
		}
		if parseISO([]byte(s), &m) {
			var long moment
			p := parser{b: []byte(s)}
			if form := p.date(&long); form != isoForm || !p.clock(&long) || long != m {
				t.Fatalf("%q: %+v, the parser reads %+v", s, m, long)
			}
		}
		forms := parseTime([]byte(s), &m)
		if forms == 0 {
			return
		}
		for _, form := range []uint8{isoForm, monthForm, dayForm, namedForm} {
			if forms&form == 0 {
				continue
			}
			month, day := m.first, m.second
			if form == dayForm {
				month, day = day, month
			}
			if !validDate(m.year, month, day) || m.micros < -24*3600e6 || m.micros >= 48*3600e6 {
				t.Fatalf("%q: %+v under form %d", s, m, form)
			}
		}
	})
}
