package columns_test

import (
	"bytes"
	"fmt"

	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/columns"
)

func Example() {
	t, _ := table.New(table.IntColumn("n", []int64{7, 8}))
	var b bytes.Buffer
	if err := columns.Encode(&b, t); err != nil {
		fmt.Println(err)
	}
	back, err := columns.Decode(b.Bytes())
	fmt.Println(b.Len(), back.Columns[0].Ints, err)
	// Output: 120 [7 8] <nil>
}
