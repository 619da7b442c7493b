package preprocess

import (
	"encoding/binary"
	"math"

	"github.com/runnel-dev/runnel/internal/sha256"
	"github.com/runnel-dev/runnel/table"
)

// A RowSum stands for a row's values: the first 128 bits of a SHA-256. Rows of
// one schema that [Duplicates] takes for equal have equal sums, and no two
// others are known or can be made to.
type RowSum [16]byte

// RowSums are the sums of a table's rows, wherever the table is a part of: they
// depend on the row's values and the kinds of the columns alone.
func RowSums(t *table.Table) []RowSum {
	n := t.Rows()
	gaps := (len(t.Columns) + 7) / 8 // a bit a column: whether it has a value
	offsets, width := make([]int, len(t.Columns)), gaps
	texts := make([][]RowSum, len(t.Columns))
	for j, c := range t.Columns {
		offsets[j] = width
		switch c.Kind {
		case table.Bool:
			width++
		case table.String:
			width += len(RowSum{})
			texts[j] = make([]RowSum, len(c.Dict))
			for k, text := range c.Dict {
				texts[j][k] = sum([]byte(text))
			}
		default:
			width += 8
		}
	}
	sums := make([]RowSum, n)
	const block = 1 << 10
	_ = each((n+block-1)/block, workers(n*len(t.Columns)), func(b int) error {
		lo, hi := b*block, min((b+1)*block, n)
		rows := make([]byte, (hi-lo)*width)
		for j, c := range t.Columns {
			for i := lo; i < hi; i++ {
				if c.Missing(i) {
					continue
				}
				row := rows[(i-lo)*width:][:width]
				row[j/8] |= 1 << (j % 8)
				writeCell(row[offsets[j]:], c, i, texts[j])
			}
		}
		for i := lo; i < hi; i++ {
			sums[i] = sum(rows[(i-lo)*width:][:width])
		}
		return nil
	})
	return sums
}

func sum(b []byte) RowSum {
	whole := sha256.Sum256(b)
	return RowSum(whole[:len(RowSum{})])
}

func writeCell(to []byte, c *table.Column, i int, texts []RowSum) {
	switch c.Kind {
	case table.Float64:
		binary.LittleEndian.PutUint64(to, math.Float64bits(c.Floats[i]+0)) // -0 equals 0
	case table.Bool:
		if c.Bools[i] {
			to[0] = 1
		}
	case table.String:
		copy(to, texts[c.Codes[i]][:])
	default:
		binary.LittleEndian.PutUint64(to, uint64(c.Ints[i]))
	}
}
