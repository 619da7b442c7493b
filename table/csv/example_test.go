package csv_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
)

const penguins = `species;mass;seen
Adelie;3,75;2007-11-11
Gentoo;NA;2007-11-27
Gentoo;5,7;2009-12-01
`

func ExampleRead() {
	t, report, err := csv.Read(context.Background(), csv.Bytes("penguins.csv", []byte(penguins)), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Rows, "rows, delimiter", report.Dialect.Delimiter, "decimal", report.Dialect.Decimal)
	for _, c := range t.Columns {
		fmt.Println(c.Name, c.Kind, c.Nulls(), "missing")
	}
	// Output:
	// 3 rows, delimiter ; decimal ,
	// species string 0 missing
	// mass float64 1 missing
	// seen time 0 missing
}

func ExampleRead_badRow() {
	src := csv.Bytes("in.csv", []byte("a,b\n1,2\n3\n4,5\n"))
	_, _, err := csv.Read(context.Background(), src, nil)
	fmt.Println(err)

	var bad *csv.Error
	fmt.Println(errors.As(err, &bad), bad.Line, bad.Problem)

	t, report, err := csv.Read(context.Background(), src, &csv.Options{OnBadRow: csv.Skip})
	fmt.Println(t.Rows(), "rows,", report.Skipped, "skipped, the first in line", report.Bad[0].Line, err)
	// Output:
	// in.csv:3:1: the row has 1 field, the table has 2 columns (correct the row, or leave such rows out with --on-bad-row skip)
	// true 3 field count
	// 2 rows, 1 skipped, the first in line 3 <nil>
}

func ExampleScan() {
	ctx := context.Background()
	plan, err := csv.Scan(ctx, csv.Bytes("penguins.csv", []byte(penguins)), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan.Schema)
	err = plan.Parts(ctx, 2, func(part *table.Table) error {
		fmt.Println("a part of", part.Rows(), "rows")
		return nil
	})
	fmt.Println(err)
	// Output:
	// [{species string} {mass float64} {seen time}]
	// a part of 2 rows
	// a part of 1 rows
	// <nil>
}

func ExampleWrite() {
	t, err := table.New(
		table.FloatColumn("x", []float64{1, 0.25}),
		table.StringColumn("note", []string{"plain", "a comma, a \"quote\""}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := csv.Write(os.Stdout, t, nil); err != nil {
		fmt.Println(err)
	}
	// Output:
	// x,note
	// 1.0,plain
	// 0.25,"a comma, a ""quote"""
}

func ExampleSpool() {
	src, err := csv.Spool("stdin", strings.NewReader("a\n1\n"), "", 1<<30)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer src.Close()
	t, _, err := csv.Read(context.Background(), src, nil)
	fmt.Println(t.Rows(), err)
	// Output: 1 <nil>
}
