package jsonl

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/runnel-dev/runnel/internal/json"
)

// A pass reads a source from its beginning to its end, row by row.
type pass struct {
	src     Source
	o       *Options
	columns *names
	add     func(column int, v value)
	endRow  func() error
	report  *Report // what is skipped; nil: not of interest
	bytes   int64
}

// names are the columns by name, in order of first appearance.
type names struct {
	list  []string
	index map[string]int
	row   []int64 // the last row in which each column had a value, 1-based
}

func (p *pass) run(ctx context.Context) error {
	in, err := p.src.open(p.o)
	if err != nil {
		return err
	}
	defer in.close()
	f, err := newFramer(in, p.src.Name, p.o)
	if err != nil {
		return p.src.failed(err)
	}
	var parser parser
	row := row{columns: p.columns, o: p.o}
	for n := int64(1); ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r, err := f.read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return p.src.failed(err)
		}
		row.begin(n)
		if bad := parser.object(r.text, row.add); bad != nil {
			row.undo()
			if err := p.bad(&r, bad); err != nil {
				return err
			}
			continue
		}
		for _, v := range row.values {
			p.add(v.column, v.value)
		}
		if err := p.endRow(); err != nil {
			return err
		}
	}
	p.bytes = in.text.Bytes()
	return nil
}

// bad is the error of a bad row, or counts it when rows may be skipped.
func (p *pass) bad(r *record, f *fault) error {
	line, column := r.where(f.at)
	if p.o.OnBadRow == Fail || f.problem == TooLarge {
		return &Error{File: p.src.Name, Line: line, Column: column, Problem: f.problem, Text: f.text, Hint: f.hint}
	}
	if p.report != nil {
		p.report.Skipped++
		if len(p.report.Bad) < badSamples {
			p.report.Bad = append(p.report.Bad, BadRow{line, column, f.problem, f.text})
		}
	}
	return nil
}

// A row holds the values of one object until it is known to be whole.
type row struct {
	columns *names
	o       *Options
	number  int64
	values  []columnValue
	known   int // columns before the row
	next    int // the column that is likely to come next
}

type columnValue struct {
	column int
	value
}

func (r *row) begin(number int64) {
	r.number, r.values, r.known, r.next = number, r.values[:0], len(r.columns.list), 0
}

// undo takes back the columns that a bad row was the first to have.
func (r *row) undo() {
	for _, name := range r.columns.list[r.known:] {
		delete(r.columns.index, name)
	}
	r.columns.list, r.columns.row = r.columns.list[:r.known], r.columns.row[:r.known]
}

func (r *row) add(at int, key []byte, v value) *fault {
	c := r.columns
	i := r.next
	// Rows have their keys in the same order, mostly.
	if i >= len(c.list) || c.list[i] != string(key) {
		var ok bool
		if i, ok = c.index[string(key)]; !ok {
			if i = len(c.list); i == r.o.MaxColumns {
				return &fault{at, TooLarge, fmt.Sprintf("more than %d different keys", i), "raise MaxColumns, or make the keys that are data a column of their own"}
			}
			name := string(key)
			c.index[name] = i
			c.list, c.row = append(c.list, name), append(c.row, 0)
		}
	}
	if c.row[i] == r.number {
		return &fault{at, DuplicateKey, fmt.Sprintf("the key %q appears twice", key), "give each value a key of its own"}
	}
	if v.form == nested && !r.o.NestedText {
		return &fault{at, Nested, fmt.Sprintf("%q is an object or array within the row", key), "flatten it to columns, or keep it as text: nested_text"}
	}
	if v.form == nested && !json.Valid(v.raw) {
		return &fault{at, Syntax, fmt.Sprintf("the value of %q is no JSON", key), ""}
	}
	c.row[i] = r.number
	r.next = i + 1
	r.values = append(r.values, columnValue{i, v})
	return nil
}
