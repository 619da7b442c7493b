package stats

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/table"
)

// state is a Column as JSON.
type state struct {
	Name     string       `json:"name"`
	Kind     table.Kind   `json:"type"`
	Count    int64        `json:"count"`
	Nulls    int64        `json:"nulls"`
	Infinite int64        `json:"infinite,omitempty"`
	Moments  *moments     `json:"moments,omitempty"`
	Min      *real        `json:"min,omitempty"`
	Max      *real        `json:"max,omitempty"`
	Bound    int          `json:"exact_up_to"`
	K        int          `json:"k"`
	Values   []ValueCount `json:"values"` // by count, then by value
	Fixed    *Histogram   `json:"histogram,omitempty"`
	Sketch   *sketch      `json:"sketch,omitempty"` // of a column beyond exact_up_to
}

type sketch struct {
	Missed    int64    `json:"missed"`           // of Values
	Registers []byte   `json:"registers"`        // of HyperLogLog
	Coin      uint64   `json:"coin,string"`      // of the quantile sketch
	Levels    [][]byte `json:"levels,omitempty"` // float64, little-endian
}

type moments struct {
	N    int64 `json:"n"`
	Mean real  `json:"mean"`
	Rest real  `json:"mean_rest"` // to add to mean
	M2   real  `json:"m2"`
	M3   real  `json:"m3"`
	M4   real  `json:"m4"`
}

// A real is a float64 that JSON can hold whatever it is: sums of powers of
// numbers beyond 1e77 are infinite.
type real float64

// MarshalJSON writes what is no JSON number as a string.
func (r real) MarshalJSON() ([]byte, error) {
	v := float64(r)
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return json.Marshal(strconv.FormatFloat(v, 'g', -1, 64))
	}
	return json.Marshal(v)
}

// UnmarshalJSON reads a number or a string that MarshalJSON wrote.
func (r *real) UnmarshalJSON(b []byte) error {
	if len(b) > 1 && b[0] == '"' {
		b = b[1 : len(b)-1]
	}
	v, err := strconv.ParseFloat(string(b), 64)
	*r = real(v)
	return err
}

// MarshalJSON writes the whole state.
func (c *Column) MarshalJSON() ([]byte, error) {
	s := state{Name: c.Name, Kind: c.Kind, Count: c.Count, Nulls: c.Nulls, Infinite: c.Infinite, Bound: c.bound(), K: c.k, Fixed: c.Fixed}
	if m := c.Moments; m.N > 0 {
		s.Moments = &moments{m.N, real(m.Mean), real(m.rest), real(m.M2), real(m.M3), real(m.M4)}
		low, high := real(c.low), real(c.high)
		s.Min, s.Max = &low, &high
	}
	s.Values = c.Top(math.MaxInt)
	if c.distinct != nil {
		s.Sketch = &sketch{Missed: c.TopError(), Registers: c.distinct}
		if q := c.quantiles; q != nil {
			s.Sketch.Coin = q.coin
			for _, level := range q.levels {
				b := make([]byte, 0, 8*len(level))
				for _, v := range level {
					b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
				}
				s.Sketch.Levels = append(s.Sketch.Levels, b)
			}
		}
	}
	return json.Marshal(s)
}

// Read reads the JSON of a table, and reports what contradicts itself. It is no
// method of Table: a guest that only writes statistics would have to link it.
func Read(b []byte) (*Table, error) {
	var in struct {
		Rows    int64   `json:"rows"`
		Columns []state `json:"columns"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, fmt.Errorf("statistics: %w", err)
	}
	t := &Table{Rows: in.Rows, Columns: make([]*Column, len(in.Columns))}
	for i := range in.Columns {
		t.Columns[i] = new(Column)
		if err := t.Columns[i].restore(&in.Columns[i]); err != nil {
			return nil, fmt.Errorf("statistics of column %q: %w", in.Columns[i].Name, err)
		}
	}
	return t, nil
}

func (c *Column) restore(s *state) error {
	if s.Count < 0 || s.Nulls < 0 || s.Infinite < 0 || s.Bound < 1 || s.K < minLevel || s.K > 1<<24 {
		return fmt.Errorf("a count, exact_up_to or k is out of range")
	}
	*c = *newColumn(table.Field{Name: s.Name, Kind: s.Kind}, &Options{Exact: s.Bound, K: s.K})
	c.Count, c.Nulls, c.Infinite = s.Count, s.Nulls, s.Infinite
	numbers := c.Count - c.Infinite
	if s.Moments != nil {
		if c.Kind == table.String || s.Min == nil || s.Max == nil || *s.Min > *s.Max || s.Moments.N != numbers {
			return fmt.Errorf("moments of %d values do not go with count, min and max", s.Moments.N)
		}
		m := s.Moments
		c.Moments = Moments{m.N, float64(m.Mean), float64(m.M2), float64(m.M3), float64(m.M4), float64(m.Rest)}
		c.low, c.high = float64(*s.Min), float64(*s.Max)
	} else if c.Kind != table.String && numbers != 0 {
		return fmt.Errorf("moments are absent")
	}
	if h := s.Fixed; h != nil {
		if c.Kind == table.String || h.Bins < 1 || len(h.Counts) != h.Bins {
			return fmt.Errorf("the histogram has %d counts for %d bins", len(h.Counts), h.Bins)
		}
		c.Fixed = h
	}
	total, err := c.restoreValues(s)
	if err != nil {
		return err
	}
	if s.Sketch == nil {
		if c.Kind == table.String {
			numbers = c.Count
		}
		if total != numbers || len(s.Values) > s.Bound {
			return fmt.Errorf("the values count %d, want %d", total, numbers)
		}
		return nil
	}
	return c.restoreSketch(s.Sketch, numbers)
}

func (c *Column) restoreValues(s *state) (int64, error) {
	var total int64
	for _, v := range s.Values {
		if v.Count < 1 || v.Count > c.Count {
			return 0, fmt.Errorf("%q is counted %d times of %d", v.Value, v.Count, c.Count)
		}
		total += v.Count
	}
	if c.texts != nil {
		return total, restoreTally(c.texts, s.Values, func(s string) (string, error) { return s, nil })
	}
	return total, restoreTally(c.numbers, s.Values, c.parse)
}

func restoreTally[K cmp.Ordered](t *tally[K], values []ValueCount, parse func(string) (K, error)) error {
	counts := make(map[K]int64, len(values))
	for _, v := range values {
		k, err := parse(v.Value)
		if err != nil {
			return err
		}
		if counts[k] != 0 {
			return fmt.Errorf("%q is listed twice", v.Value)
		}
		counts[k] = v.Count
	}
	for k := range counts {
		t.keys = append(t.keys, k)
	}
	sorting.Ordered(t.keys)
	for _, k := range t.keys {
		t.counts = append(t.counts, counts[k])
	}
	return nil
}

func (c *Column) parse(text string) (key uint64, err error) {
	switch c.Kind {
	case table.Float64:
		var v float64
		if v, err = strconv.ParseFloat(text, 64); err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
			err = fmt.Errorf("%q is not finite", text)
		}
		return floatKey(v + 0), err
	case table.Bool:
		v, err := strconv.ParseBool(text)
		if v {
			return intKey(1), err
		}
		return intKey(0), err
	case table.Time:
		var t time.Time
		t, err = time.Parse(time.RFC3339Nano, text)
		return intKey(t.UnixMicro()), err
	default:
		var v int64
		v, err = strconv.ParseInt(text, 10, 64)
		return intKey(v), err
	}
}

func (c *Column) restoreSketch(s *sketch, numbers int64) error {
	if len(s.Registers) != 1<<hllBits || slices.Max(s.Registers) > 64-hllBits+1 {
		return fmt.Errorf("the registers are not those of a HyperLogLog sketch of %d", 1<<hllBits)
	}
	if s.Missed < 0 {
		return fmt.Errorf("missed is %d", s.Missed)
	}
	c.distinct = s.Registers
	if c.Kind == table.String {
		c.texts.over, c.texts.missed = true, s.Missed
		return nil
	}
	c.numbers.over, c.numbers.missed = true, s.Missed
	q := newKLL(c.k)
	q.coin = s.Coin
	if len(s.Levels) == 0 || len(s.Levels) > 60 {
		return fmt.Errorf("%d levels of quantiles", len(s.Levels))
	}
	q.raise(len(s.Levels) - 1)
	for h, b := range s.Levels {
		if len(b)%8 != 0 || int64(len(b)/8) > numbers>>h {
			return fmt.Errorf("level %d of the quantiles has %d bytes", h, len(b))
		}
		level := make([]float64, len(b)/8)
		for i := range level {
			v := math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
			if !(v >= c.low && v <= c.high) {
				return fmt.Errorf("level %d of the quantiles holds %v, beyond min and max", h, v)
			}
			level[i] = v
		}
		if !slices.IsSorted(level) {
			return fmt.Errorf("level %d of the quantiles is not sorted", h)
		}
		q.levels[h] = level
		q.size += len(level)
		q.n += int64(len(level)) << h
	}
	if q.n != numbers {
		return fmt.Errorf("the quantiles are of %d values, want %d", q.n, numbers)
	}
	c.quantiles = q
	return nil
}
