package columns

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/table"
)

// Decode reads a table, which shares no memory with b. Bytes that Encode would
// not have written are an error: a length is believed only after it has been
// found in b, so what is allocated is bounded by a small multiple of len(b).
func Decode(b []byte) (*table.Table, error) {
	t, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("read columns: %w", err)
	}
	return t, nil
}

func decode(b []byte) (*table.Table, error) {
	if len(b) < headerSize || string(b[:8]) != magic {
		return nil, fmt.Errorf("%d bytes that do not begin with the format's name and version", len(b))
	}
	size, rows := u64(b[8:]), u64(b[16:])
	count := u64(b[24:])
	switch {
	case size != uint64(len(b)):
		return nil, fmt.Errorf("the header says %d bytes, there are %d", size, len(b))
	case count > (size-headerSize)/directorySize:
		return nil, fmt.Errorf("%d columns do not fit in %d bytes", count, size)
	case rows > size || count == 0 && rows > 0:
		return nil, fmt.Errorf("%d rows do not fit in %d bytes", rows, size)
	}
	d := decoder{b: b, at: headerSize + directorySize*count, rows: rows}
	out := make([]*table.Column, count)
	for j := range out {
		c, err := d.column(b[headerSize+directorySize*j:])
		if err != nil {
			return nil, fmt.Errorf("column %d: %w", j, err)
		}
		out[j] = c
	}
	if d.at != size {
		return nil, fmt.Errorf("the columns end at byte %d of %d", d.at, size)
	}
	return table.New(out...)
}

// A decoder walks the parts, which must lie one after the other.
type decoder struct {
	b    []byte
	at   uint64
	rows uint64
}

// part takes the next n bytes, which the directory says begin at an offset.
func (d *decoder) part(what string, offset, n uint64) ([]byte, error) {
	if offset != d.at {
		return nil, fmt.Errorf("the %s is said to begin at byte %d, want %d", what, offset, d.at)
	}
	left := uint64(len(d.b)) - d.at
	if n > left || padded(n) > left {
		return nil, fmt.Errorf("the %s has %d bytes where %d are left", what, n, left)
	}
	p := d.b[d.at : d.at+n]
	for _, zero := range d.b[d.at+n : d.at+padded(n)] {
		if zero != 0 {
			return nil, fmt.Errorf("what follows the %s is not zero", what)
		}
	}
	d.at += padded(n)
	return p, nil
}

func (d *decoder) column(e []byte) (*table.Column, error) {
	name, err := d.part("name", u64(e), u64(e[8:]))
	if err != nil {
		return nil, err
	}
	kind := u64(e[48:])
	if kind > uint64(table.Time) {
		return nil, fmt.Errorf("kind %d is none", kind)
	}
	c := &table.Column{Name: string(name), Kind: table.Kind(kind)}
	values, err := d.part("values", u64(e[16:]), d.rows*width(c.Kind))
	if err != nil {
		return nil, err
	}
	if err := d.validity(c, u64(e[24:]), u64(e[56:])); err != nil {
		return nil, err
	}
	if err := d.dictionary(c, u64(e[32:]), u64(e[40:])); err != nil {
		return nil, err
	}
	return c, d.values(c, values)
}

func (d *decoder) validity(c *table.Column, offset, nulls uint64) error {
	if offset == 0 {
		if nulls != 0 {
			return fmt.Errorf("%d rows without a value, but no validity", nulls)
		}
		return nil
	}
	p, err := d.part("validity", offset, (d.rows+63)/64*8)
	if err != nil {
		return err
	}
	c.Valid = table.NewBitmap(int(d.rows))
	for i := range c.Valid {
		c.Valid[i] = u64(p[8*i:])
	}
	if tail := d.rows & 63; tail != 0 && c.Valid[len(c.Valid)-1]>>tail != 0 {
		return fmt.Errorf("the validity goes beyond the last row")
	}
	if got := d.rows - uint64(c.Valid.Count(int(d.rows))); got != nulls {
		return fmt.Errorf("the validity lacks %d rows, the directory says %d", got, nulls)
	}
	return nil
}

func (d *decoder) dictionary(c *table.Column, offset, n uint64) error {
	if c.Kind != table.String {
		if offset != 0 || n != 0 {
			return fmt.Errorf("a dictionary on a column of type %v", c.Kind)
		}
		return nil
	}
	left := uint64(len(d.b)) - d.at
	if n >= left/8 {
		return fmt.Errorf("a dictionary of %d strings where %d bytes are left", n, left)
	}
	ends := d.b[d.at : d.at+8*(n+1)]
	size := u64(ends[8*n:])
	if size > left {
		return fmt.Errorf("the dictionary has %d bytes where %d are left", size, left)
	}
	p, err := d.part("dictionary", offset, 8*(n+1)+size)
	if err != nil {
		return err
	}
	text := string(p[8*(n+1):])
	c.Dict = make([]string, n)
	seen := make(map[string]bool, n)
	for i := range c.Dict {
		from, to := u64(ends[8*i:]), u64(ends[8*i+8:])
		if from > to || to > size || i == 0 && from != 0 {
			return fmt.Errorf("string %d of the dictionary is said to be the bytes %d to %d of %d", i, from, to, size)
		}
		s := text[from:to]
		if seen[s] {
			return fmt.Errorf("%q is twice in the dictionary", s)
		}
		seen[s] = true
		c.Dict[i] = s
	}
	return nil
}

// values fills the column's slice. A row without a value holds 0 or NaN.
func (d *decoder) values(c *table.Column, p []byte) error {
	rows := int(d.rows)
	switch c.Kind {
	case table.Float64:
		c.Floats = make([]float64, rows)
		for i := range c.Floats {
			v := math.Float64frombits(u64(p[8*i:]))
			if math.IsNaN(v) != c.Missing(i) {
				return fmt.Errorf("row %d: NaN is what a row without a value holds, and no other", i)
			}
			c.Floats[i] = v
		}
	case table.Bool:
		c.Bools = make([]bool, rows)
		for i := range c.Bools {
			if p[i] > 1 || p[i] == 1 && c.Missing(i) {
				return fmt.Errorf("row %d: the byte %d is no bool", i, p[i])
			}
			c.Bools[i] = p[i] == 1
		}
	case table.String:
		c.Codes = make([]uint32, rows)
		for i := range c.Codes {
			code := binary.LittleEndian.Uint32(p[4*i:])
			if missing := c.Missing(i); missing && code != 0 || !missing && uint64(code) >= uint64(len(c.Dict)) {
				return fmt.Errorf("row %d: string %d of a dictionary of %d", i, code, len(c.Dict))
			}
			c.Codes[i] = code
		}
	default:
		c.Ints = make([]int64, rows)
		for i := range c.Ints {
			c.Ints[i] = int64(u64(p[8*i:]))
			if c.Ints[i] != 0 && c.Missing(i) {
				return fmt.Errorf("row %d: a row without a value holds 0, not %d", i, c.Ints[i])
			}
		}
	}
	return nil
}

func u64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
