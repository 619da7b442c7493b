package csv

import (
	"context"
	"errors"

	"github.com/runnel-dev/runnel/table"
)

// Read reads a whole table. The report is of what was read; it is nil with an
// error. Errors that are the input's fault are *Error. Beyond what Scan notes,
// it notes which value makes a column text whose others are numbers or dates.
//
// Memory peaks at about the table, besides a few chunks, where the source is a
// file that is not compressed; else at about twice the table.
func Read(ctx context.Context, src *Source, o *Options) (*table.Table, *Report, error) {
	o = o.withDefaults()
	l, err := sniff(ctx, src, o)
	if err != nil {
		return nil, nil, err
	}
	s, pieces, p, err := first(ctx, src, o, l, new(sheet))
	if err != nil {
		return nil, nil, err
	}
	s.resolve()
	if err := again(ctx, p, s, pieces); err != nil {
		return nil, nil, err
	}
	spans := make([]span, len(pieces))
	for i, got := range pieces {
		spans[i] = span{p: got, hi: got.rows}
	}
	t, err := assemble(ctx, l.names, s.classes, spans, o.Threads, p.sheet)
	if err != nil {
		return nil, nil, err
	}
	s.explain(t)
	return t, &s.report, nil
}

// first is the pass over a whole file that finds out the kinds of its columns;
// with a sheet, its pieces are kept.
func first(ctx context.Context, src *Source, o *Options, l *layout, rows *sheet) (*survey, []*piece, *pass, error) {
	for whole := false; ; whole = true {
		s, err := newSurvey(src, o, l)
		if err != nil {
			return nil, nil, nil, err
		}
		p := &pass{src: src, o: o, layout: l, rules: newRules(l, o), choose: s.known, done: s.widen, sheet: rows, whole: whole}
		var pieces []*piece
		err = p.run(ctx, func(got *piece) error {
			s.take(got)
			if rows != nil {
				pieces = append(pieces, got)
			}
			return nil
		})
		if !whole && errors.Is(err, errRanges) {
			continue
		}
		return s, pieces, p, err
	}
}

// again reads those columns of those chunks anew whose values were kept as a
// kind that the rest of the file then ruled out.
func again(ctx context.Context, p *pass, s *survey, pieces []*piece) error {
	redo := make(map[[2]int]bool)
	for _, got := range pieces {
		for i, c := range got.columns {
			if stale(c, s.classes[i], p.rules.orderOf(i)) {
				redo[[2]int{got.chunk, i}] = true
			}
		}
	}
	if len(redo) == 0 {
		return nil
	}
	second := *p
	second.done = nil
	second.choose = func(chunk, col int) (class, bool, bool) {
		return s.classes[col], true, redo[[2]int{chunk, col}]
	}
	err := second.run(ctx, func(got *piece) error {
		if got.chunk >= len(pieces) || got.rows != pieces[got.chunk].rows {
			return changed(p.src)
		}
		for i, c := range got.columns {
			if c == nil {
				continue
			}
			if c.misfit > 0 && !s.fixed[i] {
				return changed(p.src)
			}
			pieces[got.chunk].columns[i] = c
		}
		return nil
	})
	if errors.Is(err, errRanges) {
		return changed(p.src)
	}
	return err
}

func changed(src *Source) error {
	return &Error{File: src.Name, Problem: Changed, Text: "the file changed while it was read", Hint: "read a copy that nothing writes to"}
}
