package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
)

const partRows = 200_000

// parts writes a file larger than the memory that is to be used, reads it in
// parts, and prints the peak.
func parts(gigabytes float64) error {
	path := filepath.Join("bench", "data", "parts.csv")
	rows, sum, err := write(path, int64(gigabytes*1e9))
	if err != nil {
		return err
	}
	defer os.Remove(path)
	src, err := csv.Open(path)
	if err != nil {
		return err
	}
	defer src.Close()
	start := time.Now()
	plan, err := csv.Scan(context.Background(), src, nil)
	if err != nil {
		return err
	}
	scanned := time.Since(start)
	n, total := 0, int64(0)
	err = plan.Parts(context.Background(), partRows, func(t *table.Table) error {
		n++
		for _, v := range t.Columns[0].Ints {
			total += v
		}
		return nil
	})
	if err != nil {
		return err
	}
	if plan.Report.Rows != rows || total != sum {
		return fmt.Errorf("read %d rows with sum %d, wrote %d with sum %d", plan.Report.Rows, total, rows, sum)
	}
	fmt.Printf("%.1f GB, %d rows, in %d parts of %d rows; peak memory %d MB; the second pass took %.2f of the first\n",
		float64(src.Size())/1e9, rows, n, partRows, peak()>>20, (time.Since(start)-scanned).Seconds()/scanned.Seconds())
	return nil
}

// write makes a file of a size: a number, 20 fractions, a word. It repeats a
// block of rows, as what they hold does not matter here.
func write(path string, size int64) (rows, sum int64, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, 0, err
	}
	f, err := os.Create(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	written, _ := w.WriteString("n,x0,x1,x2,x3,x4,x5,x6,x7,x8,x9,x10,x11,x12,x13,x14,x15,x16,x17,x18,x19,word\n")
	r := rand.New(rand.NewPCG(1, 2))
	var block []byte
	blockRows, blockSum := int64(10_000), int64(0)
	for i := range blockRows {
		block = strconv.AppendInt(block, i, 10)
		blockSum += i
		for range 20 {
			block = strconv.AppendFloat(append(block, ','), r.NormFloat64(), 'g', -1, 64)
		}
		block = append(block, ",w"...)
		block = append(strconv.AppendInt(block, i%1000, 10), '\n')
	}
	for at := int64(written); at < size; at += int64(len(block)) {
		if _, err := w.Write(block); err != nil {
			return 0, 0, err
		}
		rows, sum = rows+blockRows, sum+blockSum
	}
	return rows, sum, w.Flush()
}
