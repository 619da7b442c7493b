package metrics

import (
	"cmp"
	"math"

	"github.com/runnel-dev/runnel/internal/sorting"
)

// A ranked row: key orders as the score falls.
type ranked struct {
	key   uint64
	score float64
	row   int32
}

// rank sorts the rows by falling score, equal ones by row.
func rank(scores []float64) []ranked {
	rows := make([]ranked, len(scores))
	for i, s := range scores {
		rows[i] = ranked{fallingKey(s), s, int32(i)}
	}
	if len(rows) < 1<<12 {
		sorting.Func(rows, func(a, b ranked) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.row, b.row)) })
		return rows
	}
	return radix(rows)
}

// fallingKey maps numbers to integers of the opposite order; 0 and -0 are the same.
func fallingKey(v float64) uint64 {
	b := math.Float64bits(v + 0) // -0 + 0 is 0
	if b>>63 == 0 {
		return ^b &^ (1 << 63)
	}
	return b
}

// radix sorts by key, from the lowest digit to the highest, and keeps the order
// of equal keys; digits that are the same in all rows are skipped.
func radix(rows []ranked) []ranked {
	const (
		bits   = 11
		digits = (64 + bits - 1) / bits
		mask   = 1<<bits - 1
	)
	var starts [digits][1 << bits]int32
	for _, r := range rows {
		for d := range starts {
			starts[d][r.key>>(d*bits)&mask]++
		}
	}
	out := make([]ranked, len(rows))
	for d := range starts {
		at := &starts[d]
		if int(at[rows[0].key>>(d*bits)&mask]) == len(rows) {
			continue
		}
		next := int32(0)
		for k, n := range at {
			at[k] = next
			next += n
		}
		for _, r := range rows {
			k := r.key >> (d * bits) & mask
			out[at[k]] = r
			at[k]++
		}
		rows, out = out, rows
	}
	return rows
}
