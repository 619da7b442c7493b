package csv

import (
	"context"
	"errors"
	"fmt"

	"github.com/runnel-dev/runnel/table"
)

// A Plan is what a first pass over a file found out: enough to read it in
// parts of any size, in memory that depends on the size of a part alone.
type Plan struct {
	Schema table.Schema
	Report Report

	src     *Source
	o       *Options
	layout  *layout
	classes []class
	fixed   []bool // by Options.Kinds
	whole   bool   // the file cannot be read by ranges
}

// Scan reads a whole source in bounded memory and finds out the kinds of its
// columns, as Read would. The source must stay open for Parts.
func Scan(ctx context.Context, src *Source, o *Options) (*Plan, error) {
	o = o.withDefaults()
	l, err := sniff(ctx, src, o)
	if err != nil {
		return nil, err
	}
	s, _, p, err := first(ctx, src, o, l, nil)
	if err != nil {
		return nil, err
	}
	s.resolve()
	plan := &Plan{Report: s.report, src: src, o: o, layout: l, classes: s.classes, fixed: s.fixed, whole: p.whole}
	for i, c := range s.classes {
		plan.Schema = append(plan.Schema, table.Field{Name: l.names[i], Kind: c.storage()})
	}
	return plan, nil
}

// Parts reads the source again and calls each with tables of rows rows, in
// order; the last may have fewer. A file without rows makes one empty part.
// Each part has its own dictionaries. Errors of each end the pass and are
// returned.
func (p *Plan) Parts(ctx context.Context, rows int, each func(*table.Table) error) error {
	if rows < 1 {
		return fmt.Errorf("parts of %d rows: a part has at least one", rows)
	}
	var held []span
	have, parts, total := 0, 0, int64(0)
	emit := func(spans []span) error {
		t, err := assemble(ctx, p.layout.names, p.classes, spans, p.o.Threads, nil)
		if err != nil {
			return err
		}
		parts++
		return each(t)
	}
	second := &pass{src: p.src, o: p.o, layout: p.layout, rules: newRules(p.layout, p.o), whole: p.whole,
		choose: func(_, col int) (class, bool, bool) { return p.classes[col], true, true }}
	err := second.run(ctx, func(got *piece) error {
		for i, c := range got.columns {
			if c.misfit > 0 && !p.fixed[i] {
				return changed(p.src)
			}
		}
		total += int64(got.rows)
		rest := span{p: got, hi: got.rows}
		for have+rest.hi-rest.lo >= rows {
			full := rest
			full.hi = full.lo + rows - have
			rest.lo = full.hi
			if err := emit(append(held, full)); err != nil {
				return err
			}
			held, have = held[:0], 0
		}
		if n := rest.hi - rest.lo; n > 0 {
			held, have = append(held, rest), have+n
		}
		return nil
	})
	if errors.Is(err, errRanges) {
		return changed(p.src)
	}
	if err != nil {
		return err
	}
	if total != p.Report.Rows {
		return changed(p.src)
	}
	if have > 0 || parts == 0 {
		return emit(held)
	}
	return nil
}
