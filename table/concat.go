package table

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Concat stacks tables of equal schema one below the other. Dictionaries are
// united in order of first appearance.
func Concat(tables ...*Table) (*Table, error) {
	switch len(tables) {
	case 0:
		return &Table{}, nil
	case 1:
		return tables[0], nil
	}
	rows := 0
	for _, t := range tables {
		rows += t.Rows()
	}
	out := make([]*Column, len(tables[0].Columns))
	var wg sync.WaitGroup
	for j, first := range tables[0].Columns {
		parts := make([]*Column, len(tables))
		for i, t := range tables {
			if len(t.Columns) != len(out) || t.Columns[j].Name != first.Name || t.Columns[j].Kind != first.Kind {
				return nil, fmt.Errorf("part %d of the table has another schema than part 0: column %d is not %q of type %v", i, j, first.Name, first.Kind)
			}
			parts[i] = t.Columns[j]
		}
		if rows*len(out) < takenAlone {
			out[j] = concatColumn(parts, rows)
		} else {
			wg.Go(func() { out[j] = concatColumn(parts, rows) })
		}
	}
	wg.Wait()
	return New(out...)
}

func concatColumn(parts []*Column, rows int) *Column {
	c := &Column{Name: parts[0].Name, Kind: parts[0].Kind}
	index := map[string]uint32{}
	at, missing := 0, false
	for _, p := range parts {
		switch c.Kind {
		case Float64:
			c.Floats = append(grow(c.Floats, rows), p.Floats...)
		case Bool:
			c.Bools = append(grow(c.Bools, rows), p.Bools...)
		case String:
			codes := make([]uint32, len(p.Dict))
			for i, s := range p.Dict {
				code, ok := index[s]
				if !ok {
					code = uint32(len(c.Dict))
					index[s] = code
					c.Dict = append(c.Dict, s)
				}
				codes[i] = code
			}
			c.Codes = grow(c.Codes, rows)
			for _, code := range p.Codes {
				if int(code) < len(codes) {
					code = codes[code]
				}
				c.Codes = append(c.Codes, code)
			}
		default:
			c.Ints = append(grow(c.Ints, rows), p.Ints...)
		}
		if p.Valid != nil {
			if !missing {
				missing = true
				c.Valid = NewBitmap(rows)
				c.Valid.SetAll(rows)
			}
			for i := range p.Len() {
				if !p.Valid.Get(i) {
					c.Valid.Clear(at + i)
					if c.Kind == String {
						c.Codes[at+i] = 0
					}
				}
			}
		}
		at += p.Len()
	}
	return c
}

func grow[T any](v []T, n int) []T {
	if v == nil {
		return make([]T, 0, n)
	}
	return v
}

// Compact returns t with dictionaries of the values that occur, in the order in
// which they do: those of the table that rows were taken from may outweigh them.
func (t *Table) Compact() *Table {
	columns := slices.Clone(t.Columns)
	for j, c := range columns {
		if c.Kind != String {
			continue
		}
		d := *c
		d.Dict, d.Codes = nil, make([]uint32, len(c.Codes))
		codes := make(map[uint32]uint32)
		for i, old := range c.Codes {
			if c.Missing(i) {
				continue
			}
			code, ok := codes[old]
			if !ok {
				code = uint32(len(d.Dict))
				codes[old] = code
				d.Dict = append(d.Dict, strings.Clone(c.Dict[old]))
			}
			d.Codes[i] = code
		}
		columns[j] = &d
	}
	return &Table{Columns: columns}
}
