package columns

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"sort"

	"github.com/runnel-dev/runnel/table"
)

// A Reader gives the bytes that Encode writes, any of them at any time, and
// makes them when they are asked for: it needs no memory to speak of. It is safe
// for concurrent use while the table does not change.
type Reader struct {
	size  int64
	parts []part // in the order of their offsets; between them is zero
}

// A part is a run of n items of some bytes each.
type part struct {
	at, n, width int64
	put          func(p []byte, i int) // writes item i
	raw          func(p []byte, off int64)
}

// NewReader makes a reader of a table.
func NewReader(t *table.Table) *Reader {
	entries, size := layout(t)
	r := &Reader{size: int64(size)}
	head := append(make([]byte, 0, headerSize+directorySize*len(entries)), magic...)
	for _, v := range []uint64{size, uint64(t.Rows()), uint64(len(t.Columns))} {
		head = binary.LittleEndian.AppendUint64(head, v)
	}
	for _, x := range entries {
		for _, v := range []uint64{x.name, x.nameBytes, x.values, x.validity, x.dictionary, x.strings, uint64(x.kind), x.nulls} {
			head = binary.LittleEndian.AppendUint64(head, v)
		}
	}
	r.bytes(0, int64(len(head)), func(p []byte, off int64) { copy(p, head[off:]) })
	for j, c := range t.Columns {
		r.column(c, &entries[j])
	}
	return r
}

func (r *Reader) bytes(at uint64, n int64, raw func(p []byte, off int64)) {
	r.parts = append(r.parts, part{at: int64(at), n: n, width: 1, raw: raw})
}

func (r *Reader) items(at uint64, n int, width int64, put func(p []byte, i int)) {
	r.parts = append(r.parts, part{at: int64(at), n: int64(n), width: width, put: put})
}

func (r *Reader) column(c *table.Column, x *entry) {
	le := binary.LittleEndian
	r.bytes(x.name, int64(x.nameBytes), func(p []byte, off int64) { copy(p, c.Name[off:]) })
	switch c.Kind {
	case table.Float64:
		r.items(x.values, len(c.Floats), 8, func(p []byte, i int) { le.PutUint64(p, math.Float64bits(c.Floats[i])) })
	case table.Bool:
		r.items(x.values, len(c.Bools), 1, func(p []byte, i int) {
			p[0] = 0
			if c.Bools[i] {
				p[0] = 1
			}
		})
	case table.String:
		r.items(x.values, len(c.Codes), 4, func(p []byte, i int) { le.PutUint32(p, c.Codes[i]) })
	default:
		r.items(x.values, len(c.Ints), 8, func(p []byte, i int) { le.PutUint64(p, uint64(c.Ints[i])) })
	}
	if c.Valid != nil {
		rows := c.Len()
		r.items(x.validity, (rows+63)/64, 8, func(p []byte, i int) {
			word := c.Valid[i]
			if rest := rows - 64*i; rest < 64 {
				word &= 1<<uint(rest) - 1
			}
			le.PutUint64(p, word)
		})
	}
	if c.Kind != table.String {
		return
	}
	ends := make([]int64, len(c.Dict)+1)
	for i, s := range c.Dict {
		ends[i+1] = ends[i] + int64(len(s))
	}
	r.items(x.dictionary, len(ends), 8, func(p []byte, i int) { le.PutUint64(p, uint64(ends[i])) })
	r.bytes(x.dictionary+8*uint64(len(ends)), int64(x.dictionaryBytes), func(p []byte, off int64) {
		i := sort.Search(len(c.Dict), func(i int) bool { return ends[i+1] > off })
		for ; len(p) > 0; i++ {
			n := copy(p, c.Dict[i][off-ends[i]:])
			p, off = p[n:], ends[i+1]
		}
	})
}

// Size is the number of bytes.
func (r *Reader) Size() int64 { return r.size }

// ReadAt implements io.ReaderAt.
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read columns: negative offset")
	}
	if off >= r.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), r.size-off))
	clear(p[:n])
	last := off + int64(n)
	first := sort.Search(len(r.parts), func(i int) bool { return r.parts[i].at+r.parts[i].n*r.parts[i].width > off })
	for i := first; i < len(r.parts) && r.parts[i].at < last; i++ {
		x := &r.parts[i]
		from, to := max(off, x.at), min(last, x.at+x.n*x.width)
		if from < to {
			x.read(p[from-off:to-off], from-x.at)
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// read fills p from an offset within the part.
func (x *part) read(p []byte, off int64) {
	if x.raw != nil {
		x.raw(p, off)
		return
	}
	w := x.width
	i := off / w
	var item [8]byte
	if in := off % w; in != 0 { // it begins within an item
		x.put(item[:w], int(i))
		p = p[copy(p, item[in:w]):]
		i++
	}
	for int64(len(p)) >= w {
		x.put(p[:w:w], int(i))
		p = p[w:]
		i++
	}
	if len(p) > 0 { // and ends within one
		x.put(item[:w], int(i))
		copy(p, item[:w])
	}
}
