package csv

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/runnel-dev/runnel/table"
)

// stale reports whether a chunk's column cannot be made into the settled class
// from what was kept of it, and must be read again.
func stale(c *column, final class, order DateOrder) bool {
	if c.class.kind == none && c.quoted+c.weak == 0 {
		return false
	}
	switch want := final.storage(); want {
	case table.Float64:
		return c.kind != table.Float64 && c.kind != table.Int64
	case table.Time:
		return c.kind != table.Time && c.class.kind != none || c.kind == table.Time && c.form != chosen(final.forms, order)
	case table.String:
		return c.kind != table.String
	default:
		return c.kind != want && c.class.kind != none
	}
}

// A span is rows lo to hi of a chunk.
type span struct {
	p      *piece
	lo, hi int
}

// assemble makes a table of spans, column by column on all threads. With a
// sheet, into which the spans, then whole chunks, were read, the pieces' columns
// are given up on the way.
func assemble(ctx context.Context, names []string, classes []class, spans []span, threads int, sheet *sheet) (*table.Table, error) {
	rows := 0
	for _, s := range spans {
		rows += s.hi - s.lo
	}
	out := make([]*table.Column, len(names))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(threads, len(names)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(names) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				out[i] = concat(names[i], classes[i], spans, i, rows, sheet)
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return table.New(out...)
}

func concat(name string, final class, spans []span, col, rows int, sheet *sheet) *table.Column {
	out := &table.Column{Name: name, Kind: final.storage()}
	var d *dict
	known := make(map[*words][]uint32)
	switch out.Kind {
	case table.Float64:
		if out.Floats = sheet.whole(col, rows); out.Floats == nil {
			out.Floats = make([]float64, rows)
		}
	case table.Bool:
		out.Bools = make([]bool, rows)
	case table.String:
		out.Codes = make([]uint32, rows)
		d = newDict()
		distinct := 0
		for _, s := range spans {
			if c := s.p.columns[col]; !c.kept {
				distinct += len(c.ends)
			}
		}
		if distinct > rows/2 { // most values are met once
			d.reserve(distinct)
		}
	default:
		if out.Ints = asInts(sheet.whole(col, rows)); out.Ints == nil {
			out.Ints = make([]int64, rows)
		}
	}
	at := 0
	for _, s := range spans {
		c, n := s.p.columns[col], s.hi-s.lo
		switch {
		case c.class.kind == none:
			switch out.Kind {
			case table.Float64:
				for i := range n {
					out.Floats[at+i] = math.NaN()
				}
			case table.Int64, table.Time:
				clear(out.Ints[at : at+n])
			}
		case out.Kind == table.Float64 && c.kind == table.Int64:
			for i, v := range c.ints[s.lo:s.hi] {
				out.Floats[at+i] = float64(v)
				if c.valid != nil && !c.valid.Get(s.lo+i) {
					out.Floats[at+i] = math.NaN()
				}
			}
		case out.Kind == table.Float64:
			move(out.Floats[at:], c.floats[s.lo:s.hi])
		case out.Kind == table.Bool:
			copy(out.Bools[at:], c.bools[s.lo:s.hi])
		case out.Kind == table.String:
			codes := recode(out.Codes[at:at+n], c, s, d, known[c.words])
			if c.words != nil {
				known[c.words] = codes
			}
		default:
			move(out.Ints[at:], c.ints[s.lo:s.hi])
		}
		if c.valid != nil {
			mark(out, c.valid, s, at, rows)
		}
		if at += n; sheet != nil {
			s.p.columns[col] = nil
		}
	}
	if d != nil {
		out.Dict = d.texts
		if cap(out.Dict)/4*3 > len(out.Dict) {
			out.Dict = slices.Clone(out.Dict)
		}
	}
	return out
}

// move copies what is not in its place yet.
func move[T any](to, from []T) {
	if len(from) > 0 && &to[0] != &from[0] {
		copy(to, from)
	}
}

// recode writes a chunk's codes under the whole column's dictionary, which
// keeps the order of first appearance. In codes is, by the chunk's code, the
// dictionary's plus one, or 0 where it was not met yet.
func recode(out []uint32, c *column, s span, d *dict, codes []uint32) []uint32 {
	before := len(d.texts)
	if n := len(c.ends); n > len(codes) {
		codes = append(codes, make([]uint32, n-len(codes))...)
	}
	for i, code := range c.codes[s.lo:s.hi] {
		if c.valid != nil && !c.valid.Get(s.lo+i) {
			continue
		}
		if codes[code] == 0 {
			codes[code] = d.code(c.text(code), c.kept) + 1
		}
		out[i] = codes[code] - 1
	}
	if !c.kept {
		d.compact(before, len(c.texts))
	}
	return codes
}

// mark carries a chunk's missing rows over.
func mark(out *table.Column, valid table.Bitmap, s span, at, rows int) {
	for i := s.lo; i < s.hi; i++ {
		if i&63 == 0 && i+64 <= s.hi && valid[i>>6] == ^uint64(0) {
			i += 63
			continue
		}
		if valid.Get(i) {
			continue
		}
		if out.Valid == nil {
			out.Valid = table.NewBitmap(rows)
			out.Valid.SetAll(rows)
		}
		out.Valid.Clear(at + i - s.lo)
	}
}
