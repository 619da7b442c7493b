package parquet_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/parquet"
)

func Example() {
	t, _ := table.New(
		table.StringColumn("island", []string{"Dream", "Biscoe", "Dream"}),
		table.FloatColumn("mass", []float64{3750, 4200, 3800}))
	var file bytes.Buffer
	if err := parquet.Write(&file, t, nil); err != nil {
		fmt.Println(err)
	}
	back, err := parquet.Read(bytes.NewReader(file.Bytes()), int64(file.Len()), &parquet.Options{Columns: []string{"mass"}})
	fmt.Println(back.Columns[0].Floats, err)
	// Output: [3750 4200 3800] <nil>
}

// A table that arrives in parts is written, and read back by row group.
func ExampleWriter() {
	part, _ := table.New(table.IntColumn("n", []int64{1, 2}))
	var file bytes.Buffer
	w, _ := parquet.NewWriter(&file, part.Schema(), &parquet.Options{RowsPerGroup: 2})
	w.Write(part)
	w.Write(part)
	w.Close()
	f, _ := parquet.Open(bytes.NewReader(file.Bytes()), int64(file.Len()), nil)
	for i := range f.Groups() {
		g, err := f.ReadGroup(context.Background(), i)
		fmt.Println(g.Columns[0].Ints, err)
	}
	// Output:
	// [1 2] <nil>
	// [1 2] <nil>
}
