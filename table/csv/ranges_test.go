package csv

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/table"
)

// A file is the same by ranges as read by one worker at a time: with quotes that
// come after the sample, around newlines too, with a byte order mark, without a
// last newline, with bad rows.
func TestRanges(t *testing.T) {
	var plain strings.Builder
	plain.WriteString("\ufeffa,b\n")
	for i := range 20000 {
		fmt.Fprintf(&plain, "%d,some text %d\n", i, i%100)
	}
	for name, end := range map[string]string{
		"plain":         "",
		"no newline":    "1,2",
		"quotes":        strings.Repeat("1,\"a, \"\"b\"\"\"\n", 3000),
		"newlines":      strings.Repeat("1,\"a\nb\nc\"\n", 3000),
		"many newlines": "1,\"" + strings.Repeat("\n", 30000) + "\"\n2,3\n",
		"long":          "1," + strings.Repeat("x", 30000) + "\n2,3\n",
		"unclosed":      "1,\"a\n" + strings.Repeat("2,b\n", 3000),
		"too many":      strings.Repeat("1,2\n", 3000) + "1,2,3\n" + strings.Repeat("1,2\n", 3000),
	} {
		data := []byte(plain.String() + end)
		for _, policy := range []BadRowPolicy{Fail, Skip} {
			o := &Options{Chunk: 5000, Threads: 3, OnBadRow: policy}
			got, report, err := Read(context.Background(), Bytes("f", data), o)
			want, wantReport, wantErr := Read(context.Background(), ReaderAt("f", bytes.NewReader(data), int64(len(data))), o)
			if fmt.Sprint(err) != fmt.Sprint(wantErr) || fmt.Sprintf("%+v", report) != fmt.Sprintf("%+v", wantReport) {
				t.Errorf("%s: %v, %+v, want %v, %+v", name, err, report, wantErr, wantReport)
			}
			if err == nil {
				if d := difference(got, want); d != "" {
					t.Errorf("%s: %s", name, d)
				}
			}
			plan, err := Scan(context.Background(), Bytes("f", data), o)
			if fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("%s: Scan says %v, want %v", name, err, wantErr)
			}
			if err != nil {
				continue
			}
			rows := 0
			if err := plan.Parts(context.Background(), 7000, func(part *table.Table) error { rows += part.Rows(); return nil }); err != nil || rows != want.Rows() {
				t.Errorf("%s: parts of %d rows, %v, want %d", name, rows, err, want.Rows())
			}
		}
	}
}
