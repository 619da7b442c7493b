package columns

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/runnel-dev/runnel/table"
)

// Decode reads a table, which shares no memory with b. Bytes that Encode would
// not have written are an error: a length is believed only after it has been
// found in b, so what is allocated is bounded by a small multiple of len(b).
func Decode(b []byte) (*table.Table, error) {
	return decoded(&decoder{b: b, size: uint64(len(b))})
}

// Read reads a table of size bytes from r, of which little more than the table
// itself is ever in memory. Errors are those of Decode, and of r.
func Read(r io.ReaderAt, size int64) (*table.Table, error) {
	return decoded(&decoder{r: r, size: uint64(max(size, 0))})
}

func decoded(d *decoder) (*table.Table, error) {
	t, err := d.table()
	if err != nil {
		return nil, fmt.Errorf("read columns: %w", err)
	}
	return t, nil
}

// HeaderSize is how many bytes Check looks at.
const HeaderSize = headerSize

// Check says why a file of size bytes that begins with b is no table. It finds
// what can be found before the file is in memory.
func Check(b []byte, size int64) error {
	_, _, err := header(b, uint64(max(size, 0)))
	if err != nil {
		return fmt.Errorf("read columns: %w", err)
	}
	return nil
}

func header(b []byte, all uint64) (rows, count uint64, err error) {
	if len(b) < headerSize || string(b[:8]) != magic {
		return 0, 0, fmt.Errorf("%d bytes that do not begin with the format's name and version", all)
	}
	size := u64(b[8:])
	rows, count = u64(b[16:]), u64(b[24:])
	switch {
	case size != all:
		err = fmt.Errorf("the header says %d bytes, there are %d", size, all)
	case count > (size-headerSize)/directorySize:
		err = fmt.Errorf("%d columns do not fit in %d bytes", count, size)
	case rows > size || count == 0 && rows > 0:
		err = fmt.Errorf("%d rows do not fit in %d bytes", rows, size)
	}
	return rows, count, err
}

func (d *decoder) table() (*table.Table, error) {
	size := d.size
	b, err := d.bytes(0, min(headerSize, size))
	if err != nil {
		return nil, err
	}
	rows, count, err := header(b, size)
	if err != nil {
		return nil, err
	}
	directory, err := d.bytes(headerSize, directorySize*count)
	if err != nil {
		return nil, err
	}
	d.at, d.rows = headerSize+directorySize*count, rows
	out := make([]*table.Column, count)
	for j := range out {
		c, err := d.column(directory[directorySize*j:])
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

// A decoder walks the parts, which must lie one after the other. What it reads
// from r is its own memory, which the columns may keep.
type decoder struct {
	b    []byte // nil: read r
	r    io.ReaderAt
	size uint64
	at   uint64
	rows uint64
}

// bytes are n bytes at an offset, all of which are there.
func (d *decoder) bytes(at, n uint64) ([]byte, error) {
	if d.r == nil {
		return d.b[at : at+n], nil
	}
	b := aligned(n)
	if got, err := d.r.ReadAt(b, int64(at)); got < len(b) {
		return nil, fmt.Errorf("byte %d of %d: %w", at+uint64(got), d.size, err)
	}
	return b, nil
}

// part takes the next n bytes, which the directory says begin at an offset.
func (d *decoder) part(what string, offset, n uint64) ([]byte, error) {
	if offset != d.at {
		return nil, fmt.Errorf("the %s is said to begin at byte %d, want %d", what, offset, d.at)
	}
	left := d.size - d.at
	if n > left || padded(n) > left {
		return nil, fmt.Errorf("the %s has %d bytes where %d are left", what, n, left)
	}
	p, err := d.bytes(d.at, padded(n))
	if err != nil {
		return nil, err
	}
	for _, zero := range p[n:] {
		if zero != 0 {
			return nil, fmt.Errorf("what follows the %s is not zero", what)
		}
	}
	d.at += padded(n)
	return p[:n], nil
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
	left := d.size - d.at
	if n >= left/8 {
		return fmt.Errorf("a dictionary of %d strings where %d bytes are left", n, left)
	}
	last, err := d.bytes(d.at+8*n, 8)
	if err != nil {
		return err
	}
	size := u64(last)
	if size > left {
		return fmt.Errorf("the dictionary has %d bytes where %d are left", size, left)
	}
	p, err := d.part("dictionary", offset, 8*(n+1)+size)
	if err != nil {
		return err
	}
	ends := p[:8*(n+1)]
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
	if c.Kind == table.Bool { // before any byte is taken for a bool
		for i, b := range p {
			if b > 1 || b == 1 && c.Missing(i) {
				return fmt.Errorf("row %d: the byte %d is no bool", i, b)
			}
		}
	}
	switch {
	case d.r == nil || !littleEndian:
		copied(c, p, rows)
	case c.Kind == table.Float64:
		c.Floats = valuesOf[float64](p, rows)
	case c.Kind == table.Bool:
		c.Bools = valuesOf[bool](p, rows)
	case c.Kind == table.String:
		c.Codes = valuesOf[uint32](p, rows)
	default:
		c.Ints = valuesOf[int64](p, rows)
	}
	return checked(c)
}

// copied fills the column's slice value by value.
func copied(c *table.Column, p []byte, rows int) {
	switch c.Kind {
	case table.Float64:
		c.Floats = make([]float64, rows)
		for i := range c.Floats {
			c.Floats[i] = math.Float64frombits(u64(p[8*i:]))
		}
	case table.Bool:
		c.Bools = make([]bool, rows)
		for i := range c.Bools {
			c.Bools[i] = p[i] == 1
		}
	case table.String:
		c.Codes = make([]uint32, rows)
		for i := range c.Codes {
			c.Codes[i] = binary.LittleEndian.Uint32(p[4*i:])
		}
	default:
		c.Ints = make([]int64, rows)
		for i := range c.Ints {
			c.Ints[i] = int64(u64(p[8*i:]))
		}
	}
}

// checked reports what no table holds.
func checked(c *table.Column) error {
	for i, v := range c.Floats {
		if (v != v) != c.Missing(i) {
			return fmt.Errorf("row %d: NaN is what a row without a value holds, and no other", i)
		}
	}
	for i, code := range c.Codes {
		if missing := c.Missing(i); missing && code != 0 || !missing && uint64(code) >= uint64(len(c.Dict)) {
			return fmt.Errorf("row %d: string %d of a dictionary of %d", i, code, len(c.Dict))
		}
	}
	if c.Valid == nil {
		return nil
	}
	for i, v := range c.Ints {
		if v != 0 && c.Missing(i) {
			return fmt.Errorf("row %d: a row without a value holds 0, not %d", i, v)
		}
	}
	return nil
}

func u64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
