package csv

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
)

// A pass is one reading of a source's rows.
type pass struct {
	src    *Source
	o      *Options
	layout *layout
	rules  *rules

	// choose says whether to convert a column of a chunk, under which class,
	// and whether the class is fixed. It is called by many goroutines.
	choose func(chunk, col int) (known class, fixed, wanted bool)
	done   func(col int, c *column) // called by many goroutines after a conversion; may be nil
}

// A piece is what a chunk holds.
type piece struct {
	chunk   int
	rows    int
	columns []*column // nil where not wanted
	skipped int64
	bad     []BadRow // the first of them, lines counted from the chunk's own first
	hint    string   // of the first
	lines   int64
	text    int64 // bytes read when it was cut
	err     error
}

type job struct {
	chunk int
	text  int64
	buf   []byte
	out   chan *piece
}

// run reads the source chunk by chunk: cut in order by one goroutine, converted
// by the workers, taken in order by take.
func (p *pass) run(ctx context.Context, take func(*piece) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	threads := p.o.Threads
	jobs := make(chan job)
	order := make(chan chan *piece, threads+1)
	free := make(chan []byte, 2*threads+4)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { p.cut(ctx, jobs, order, free) })
	for range threads {
		wg.Go(func() {
			w := worker{pass: p, converter: converter{rules: p.rules, t: new(tokens)}}
			for j := range jobs {
				j.out <- w.work(j)
				select {
				case free <- j.buf:
				default:
				}
			}
		})
	}
	line := p.layout.lines
	for out := range order {
		var got *piece
		select {
		case got = <-out:
		case <-ctx.Done():
			return ctx.Err()
		}
		if got.err != nil {
			var e *Error
			if err := p.src.failed(got.err); errors.As(err, &e) && e.Line == 0 && (e.Problem == LongLine || e.Problem == Damaged) {
				e.Line = line + 1
				return e
			}
			return p.src.failed(got.err)
		}
		for i := range got.bad {
			got.bad[i].Line += line
		}
		if got.skipped > 0 && p.o.OnBadRow == Fail {
			b := got.bad[0]
			return &Error{File: p.src.Name, Line: b.Line, Column: b.Column, Problem: b.Problem, Text: b.Text, Hint: got.hint}
		}
		line += got.lines
		if err := take(got); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// cut reads the stream and hands its chunks out, to the workers and in order.
func (p *pass) cut(ctx context.Context, jobs chan<- job, order chan<- chan *piece, free <-chan []byte) {
	defer close(order)
	defer close(jobs)
	fail := func(err error) {
		out := make(chan *piece, 1)
		out <- &piece{err: err}
		select {
		case order <- out:
		case <-ctx.Done():
		}
	}
	in, err := p.src.open(p.o)
	if err != nil {
		fail(err)
		return
	}
	defer in.close()
	if _, err := io.CopyN(io.Discard, in, p.layout.skip); err != nil && !errors.Is(err, io.EOF) {
		fail(err)
		return
	}
	s := splitter{r: in, d: &p.layout.dialect, size: p.layout.chunk, max: p.o.MaxLine}
	for chunk := 0; ; chunk++ {
		var buf []byte
		select {
		case buf = <-free:
		default:
		}
		buf, err := s.next(buf)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			fail(err)
			return
		}
		j := job{chunk: chunk, text: in.bytes(), buf: buf, out: make(chan *piece, 1)}
		select {
		case order <- j.out:
		case <-ctx.Done():
			return
		}
		select {
		case jobs <- j:
		case <-ctx.Done():
			return
		}
	}
}

type worker struct {
	*pass
	converter
}

func (w *worker) work(j job) *piece {
	t, cols := w.t, len(w.layout.names)
	t.split(j.buf, cols, &w.layout.dialect)
	out := &piece{chunk: j.chunk, rows: t.rows, lines: t.lines, text: j.text, columns: make([]*column, cols), skipped: int64(len(t.bad))}
	if len(t.bad) > 0 {
		w.describe(out, j.buf)
		if w.o.OnBadRow == Fail {
			return out
		}
	}
	for i := range cols {
		if known, fixed, wanted := w.choose(j.chunk, i); wanted {
			c := w.converter.column(i, known, fixed)
			if w.done != nil {
				w.done(i, c)
			}
			out.columns[i] = c
		}
	}
	return out
}

// describe fills in the first bad rows of a chunk.
func (w *worker) describe(out *piece, buf []byte) {
	newline := []byte{w.layout.dialect.newline()}
	bad := w.t.bad
	slices.SortFunc(bad, func(a, b badRow) int { return a.pos - b.pos })
	out.hint = bad[0].hint
	for _, b := range bad[:min(len(bad), badSamples)] {
		out.bad = append(out.bad, BadRow{
			Line:    int64(bytes.Count(buf[:b.pos], newline)) + 1,
			Column:  b.pos - bytes.LastIndex(buf[:b.pos], newline),
			Problem: b.problem,
			Text:    b.text,
		})
	}
}
