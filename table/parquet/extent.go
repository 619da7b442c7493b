package parquet

import (
	"encoding/binary"
	"math"

	"github.com/runnel-dev/runnel/table"
)

// An extent is the least and the greatest value of a column of numbers or times.
// Readers skip row groups by it.
type extent struct {
	any          bool
	nan          bool // there is one: readers must not trust bounds then
	low, high    float64
	least, great int64
}

// extend takes rows [from, to) of a column in.
func (e *extent) extend(col *table.Column, from, to int) {
	switch col.Kind {
	case table.Float64:
		low, high := e.low, e.high
		for i, v := range col.Floats[from:to] {
			if v >= low && v <= high && e.any || col.Missing(from+i) {
				continue
			}
			if v != v {
				e.nan = true
				return
			}
			if !e.any {
				low, high, e.any = v, v, true
			}
			low, high = min(low, v), max(high, v)
		}
		e.low, e.high = low, high
	case table.Int64, table.Time:
		least, great := e.least, e.great
		for i, v := range col.Ints[from:to] {
			if v >= least && v <= great && e.any || col.Missing(from+i) {
				continue
			}
			if !e.any {
				least, great, e.any = v, v, true
			}
			least, great = min(least, v), max(great, v)
		}
		e.least, e.great = least, great
	}
}

// include takes the bits of one number in.
func (e *extent) include(k table.Kind, v uint64) {
	if k == table.Float64 {
		f := math.Float64frombits(v)
		if f != f {
			e.nan = true
			return
		}
		if !e.any {
			e.low, e.high = f, f
		}
		e.low, e.high = min(e.low, f), max(e.high, f)
	} else {
		if !e.any {
			e.least, e.great = int64(v), int64(v)
		}
		e.least, e.great = min(e.least, int64(v)), max(e.great, int64(v))
	}
	e.any = true
}

// bounds are the extent as a footer has it; nil where there is none. Of the two
// zeros the lesser is the least and the greater the greatest, as the format asks.
func (e *extent) bounds(k table.Kind) (low, high []byte) {
	if !e.any || e.nan {
		return nil, nil
	}
	if k != table.Float64 {
		return binary.LittleEndian.AppendUint64(nil, uint64(e.least)), binary.LittleEndian.AppendUint64(nil, uint64(e.great))
	}
	least, great := e.low, e.high
	if least == 0 {
		least = math.Copysign(0, -1)
	}
	if great == 0 {
		great = math.Copysign(0, 1)
	}
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(least)), binary.LittleEndian.AppendUint64(nil, math.Float64bits(great))
}
