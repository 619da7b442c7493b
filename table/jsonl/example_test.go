package jsonl_test

import (
	"context"
	"fmt"
	"os"

	"github.com/runnel-dev/runnel/table/jsonl"
)

func Example() {
	in := []byte(`{"at":"2024-03-01","n":1}
{"at":"2024-03-02"}
{"at":"2024-03-03","n":}
`)
	_, _, err := jsonl.Read(context.Background(), jsonl.Bytes("in.jsonl", in), nil)
	fmt.Println(err)
	t, report, _ := jsonl.Read(context.Background(), jsonl.Bytes("in.jsonl", in), &jsonl.Options{OnBadRow: jsonl.Skip})
	fmt.Println(t.Schema(), report.Rows, "rows,", report.Skipped, "skipped")
	jsonl.Write(os.Stdout, t)
	// Output:
	// in.jsonl:3:24: '}', want a value
	// [{at time} {n int64}] 2 rows, 1 skipped
	// {"at":"2024-03-01T00:00:00Z","n":1}
	// {"at":"2024-03-02T00:00:00Z","n":null}
}
