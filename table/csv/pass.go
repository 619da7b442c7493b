package csv

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"github.com/runnel-dev/runnel/internal/sorting"
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

	sheet *sheet // where the columns go; may be nil
	whole bool   // the stream is read by one at a time: there are no ranges
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

	from, to      int64    // its range; 0, 0: it was read already
	before, after chan int // the first row of this chunk and of the next
}

// run reads the source chunk by chunk. The workers take turns to cut a chunk
// off the stream, which is little work, and convert it; take is called with
// the pieces in the order of the file.
func (p *pass) run(ctx context.Context, take func(*piece) error) error {
	in, err := p.src.open(p.o)
	if err != nil {
		return err
	}
	stop := make(chan struct{}) // a context of our own would be 40 kB of a guest
	feed := &feed{in: in, splitter: splitter{r: in, d: &p.layout.dialect, size: p.layout.chunk, max: p.o.MaxLine, level: best()},
		ranges: newRanges(p, in), skip: p.layout.skip, order: make(chan chan *piece, 4*p.o.Threads), first: make(chan int, 1), stop: stop}
	feed.first <- 0
	size := int64(0)
	if in.compression == "" && in.encoding == "utf-8" {
		size = p.src.size
	}
	var wg sync.WaitGroup
	for range p.o.Threads {
		wg.Go(func() {
			w := worker{pass: p, size: size, converter: converter{rules: p.rules, sheet: p.sheet, t: newTokens(), words: wordStore{kept: make([]*words, len(p.layout.names))}}}
			for w.step(ctx, feed) {
			}
		})
	}
	go func() {
		wg.Wait()
		close(feed.order)
	}()
	defer in.close()
	defer wg.Wait()
	defer close(stop)
	order := feed.order
	line := p.layout.lines
	for out := range order {
		var got *piece
		select {
		case got = <-out:
		case <-ctx.Done():
			return ctx.Err()
		}
		if errors.Is(got.err, errRanges) {
			return errRanges
		}
		if got.err != nil {
			if e, ok := errors.AsType[*Error](got.err); ok && e.Line > 0 {
				e.Line += line
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

// A feed is the stream that the workers share.
type feed struct {
	sync.Mutex
	splitter
	ranges ranges
	in     *stream
	skip   int64 // bytes yet to pass over
	chunk  int   // chunks cut
	ended  bool
	order  chan chan *piece // one for each chunk, in order
	first  chan int         // the first row of the next chunk
	stop   chan struct{}    // closed when no more is wanted
}

// cut hands out the next chunk, in buf where it fits, and the piece to fill in;
// nil at the end of the stream. An error is sent as a piece of its own.
func (f *feed) cut(ctx context.Context, buf []byte) ([]byte, *piece, chan *piece) {
	f.Lock()
	defer f.Unlock()
	select {
	case <-f.stop:
		return buf, nil, nil
	default:
	}
	if f.ended || ctx.Err() != nil {
		return buf, nil, nil
	}
	next, from, to, err := f.advance(buf)
	f.ended = err != nil
	if errors.Is(err, io.EOF) {
		return buf, nil, nil
	}
	out := make(chan *piece, 1)
	select {
	case f.order <- out:
	case <-f.stop:
		return buf, nil, nil
	case <-ctx.Done():
		return buf, nil, nil
	}
	if err != nil {
		out <- &piece{err: err}
		return buf, nil, nil
	}
	p := &piece{chunk: f.chunk, text: max(f.in.bytes(), to), from: from, to: to, before: f.first, after: make(chan int, 1)}
	f.first = p.after
	f.chunk++
	return next, p, out
}

// advance is the next chunk, or its range.
func (f *feed) advance(buf []byte) (next []byte, from, to int64, err error) {
	if f.ranges.end > 0 {
		if f.ranges.at >= f.ranges.end {
			return buf, 0, 0, io.EOF
		}
		from, to, err = f.ranges.next()
		return buf, from, to, err
	}
	if f.skip > 0 {
		_, err = io.CopyN(io.Discard, f.in, f.skip)
		f.skip = 0
	}
	if err == nil {
		next, err = f.next(buf)
	}
	return next, 0, 0, err
}

type worker struct {
	*pass
	converter
	buf  []byte
	size int64 // of the text; 0 where it is not known
}

// step converts one chunk, and reports whether there may be more.
func (w *worker) step(ctx context.Context, f *feed) bool {
	buf, got, out := f.cut(ctx, w.buf)
	w.buf = buf
	if got == nil {
		return false
	}
	if got.to > 0 {
		if w.buf, got.err = f.ranges.load(w.buf, got.from, got.to); got.err != nil {
			got.after <- <-got.before
			out <- got
			return false
		}
	}
	w.convert(got)
	out <- got
	return true
}

func (w *worker) convert(got *piece) {
	t, cols := w.t, len(w.layout.names)
	t.split(w.buf, cols, &w.layout.dialect)
	w.first = <-got.before
	if got.chunk == 0 && w.pass.sheet != nil {
		w.pass.sheet.guess(cols, t.rows, int64(len(w.buf)), w.size)
	}
	got.after <- w.first + t.rows
	got.rows, got.lines, got.skipped = t.rows, t.lines, int64(len(t.bad))
	got.columns = make([]*column, cols)
	if got.to > 0 && cutAmiss(t.bad) {
		got.err = errRanges
		return
	}
	if len(t.bad) > 0 {
		w.describe(got)
		if w.o.OnBadRow == Fail {
			return
		}
	}
	if got.err = w.tooLong(); got.err != nil {
		return
	}
	for i := range cols {
		if known, fixed, wanted := w.choose(got.chunk, i); wanted {
			c := w.converter.column(i, known, fixed)
			if w.done != nil {
				w.done(i, c)
			}
			got.columns[i] = c
		}
	}
}

// tooLong is the error for the first row beyond Options.MaxLine. Only a chunk
// that is larger than it can hold one.
func (w *worker) tooLong() error {
	t := w.t
	if len(t.buf) <= w.o.MaxLine {
		return nil
	}
	for r, start := range t.starts {
		if int(t.ends[(r+1)*t.cols-1]-start) > w.o.MaxLine {
			return longLine(int64(bytes.Count(t.buf[:start], []byte{w.layout.dialect.newline()}))+1, w.o.MaxLine)
		}
	}
	return nil
}

// describe fills in the first bad rows of a chunk.
func (w *worker) describe(out *piece) {
	buf := w.buf
	newline := []byte{w.layout.dialect.newline()}
	bad := w.t.bad
	sorting.Func(bad, func(a, b badRow) int { return a.pos - b.pos })
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
