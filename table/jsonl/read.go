package jsonl

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/table"
)

// A Plan is what a first pass over a source found out: enough to read it in
// parts of any size, in memory that depends on the size of a part alone.
type Plan struct {
	Schema table.Schema
	Report Report

	src Source
	o   Options
}

// A finding is what the first pass knows of a column.
type finding struct {
	class    class
	fixed    bool
	kind     table.Kind // when fixed
	forms    [nested + 1]int64
	overflow int64
	cut      int64
	misfits  int64
}

// Read reads a whole table. Errors that are the input's fault are *Error.
func Read(ctx context.Context, src Source, opts *Options) (*table.Table, *Report, error) {
	p, err := Scan(ctx, src, opts)
	if err != nil {
		return nil, nil, err
	}
	var out *table.Table
	err = p.Parts(ctx, math.MaxInt, func(t *table.Table) error {
		out = t
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return out, &p.Report, nil
}

// Scan reads a whole source in bounded memory and finds out its columns and
// their kinds. The source must stay as it is for Parts.
func Scan(ctx context.Context, src Source, opts *Options) (*Plan, error) {
	p := &Plan{src: src, o: opts.filled()}
	columns := &names{index: make(map[string]int)}
	var found []*finding
	first := pass{src: src, o: &p.o, columns: columns, report: &p.Report}
	first.add = func(column int, v value) {
		for column >= len(found) {
			f := &finding{}
			f.kind, f.fixed = p.o.Kinds[columns.list[len(found)]]
			found = append(found, f)
		}
		found[column].see(v)
	}
	first.endRow = func() error {
		p.Report.Rows++
		return nil
	}
	if err := first.run(ctx); err != nil {
		return nil, err
	}
	p.Report.Bytes = first.bytes
	if len(columns.list) == 0 {
		return nil, &Error{File: src.Name, Problem: Empty, Text: "there is no object with a key", Hint: "give one JSON object a line"}
	}
	for i, f := range found {
		kind := f.kind
		if !f.fixed {
			kind = f.class.kind()
		}
		p.Schema = append(p.Schema, table.Field{Name: columns.list[i], Kind: kind})
		p.notes(columns.list[i], f, kind)
	}
	return p, nil
}

func (f *finding) see(v value) {
	f.forms[v.form]++
	if f.fixed {
		if v.form != null {
			var b builder
			b.kind = f.kind
			if !b.add(v) {
				f.misfits++
			}
		}
		return
	}
	f.class = join(f.class, classOf(v, f.class))
	switch {
	case f.class > number:
		if f.class == moment && v.form == text {
			if _, cut, _ := parseTime(v.raw); cut {
				f.cut++
			}
		}
	case v.form != null && overflows(v.raw):
		f.overflow++
	}
}

func (p *Plan) notes(name string, f *finding, kind table.Kind) {
	note := func(n int64, format string, args ...any) {
		if n > 0 {
			p.Report.Notes = append(p.Report.Notes, Note{name, fmt.Sprintf(format, args...), n})
		}
	}
	note(f.misfits, "values that are no %v are missing", kind)
	if f.fixed {
		return
	}
	switch f.class {
	case number:
		note(f.overflow, "numbers beyond float64 are missing")
	case moment:
		note(f.cut, "digits beyond microseconds are dropped")
	case wide:
		note(f.forms[integer], "integers, some beyond int64, are kept as text")
	case mixed:
		note(f.forms[integer]+f.forms[fraction]+f.forms[boolean]+f.forms[nested], "values that are no strings are kept as text")
	}
}

// Parts reads the source again and calls each with tables of rows rows, in
// order; the last may have fewer. A source without rows makes one empty part.
// Errors of each end the pass and are returned.
func (p *Plan) Parts(ctx context.Context, rows int, each func(*table.Table) error) error {
	if rows < 1 {
		return fmt.Errorf("parts of %d rows: a part has at least one", rows)
	}
	columns := &names{index: make(map[string]int), row: make([]int64, len(p.Schema))}
	builders := make([]*builder, len(p.Schema))
	for i, f := range p.Schema {
		columns.list = append(columns.list, f.Name)
		columns.index[f.Name] = i
		_, fixed := p.o.Kinds[f.Name]
		builders[i] = &builder{name: f.Name, kind: f.Kind, lenient: fixed}
		builders[i].reset()
	}
	have, parts, total := 0, 0, int64(0)
	emit := func() error {
		t := &table.Table{}
		for _, b := range builders {
			t.Columns = append(t.Columns, b.column(have))
		}
		have, parts = 0, parts+1
		return each(t)
	}
	changed := &Error{File: p.src.Name, Problem: Changed, Text: "the data changed while it was read", Hint: "read a copy that nothing writes to"}
	misfit := false
	second := pass{src: p.src, o: &p.o, columns: columns}
	second.add = func(column int, v value) {
		if column >= len(builders) {
			misfit = true
		} else if v.form != null {
			b := builders[column]
			b.pad(have)
			misfit = !b.add(v) && !b.lenient || misfit
		}
	}
	second.endRow = func() error {
		if have, total = have+1, total+1; misfit || total > p.Report.Rows {
			return changed
		}
		if have == rows {
			return emit()
		}
		return nil
	}
	if err := second.run(ctx); err != nil {
		return err
	}
	if total != p.Report.Rows {
		return changed
	}
	if have > 0 || parts == 0 {
		return emit()
	}
	return nil
}
