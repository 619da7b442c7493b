package csv

import (
	"bytes"
	"errors"
	"slices"
)

// Ranges are how a plain file is cut that seems to have no quotes: at a newline,
// which is looked for near the end of each range alone, so that every worker
// reads its own. A newline in a quoted field would be the wrong place. A worker
// sees that, as the quote is never closed in its range, and the pass ends with
// errRanges: then it has to be made again without them.
type ranges struct {
	src     *Source
	newline byte
	at, end int64 // 0, 0: there are none
	size    int   // bytes wanted in a range
}

var errRanges = errors.New("the file cannot be cut at every newline")

// newRanges are those of a pass, if it may have them.
func newRanges(p *pass, in *stream) ranges {
	if p.whole || p.layout.quoted || !p.src.many || p.src.size > p.o.MaxBytes || in.compression != "" || in.encoding != "utf-8" {
		return ranges{}
	}
	return ranges{src: p.src, newline: p.layout.dialect.newline(), at: in.mark + p.layout.skip, end: p.src.size, size: p.layout.chunk}
}

// next is the next range.
func (r *ranges) next() (from, to int64, err error) {
	from, to = r.at, r.at+int64(r.size)
	if to >= r.end {
		r.at = r.end
		return from, r.end, nil
	}
	for n := min(4<<10, r.size); ; n = r.size {
		tail := make([]byte, n)
		if got, _ := r.src.data.ReadAt(tail, to-int64(n)); got < n {
			return 0, 0, errRanges
		}
		if k := bytes.LastIndexByte(tail, r.newline); k >= 0 {
			to += int64(k + 1 - n)
			r.at = to
			return from, to, nil
		}
		if n == r.size {
			return 0, 0, errRanges
		}
	}
}

// load reads a range, in buf where it fits. It ends with a newline, added if the
// file lacks the last one.
func (r *ranges) load(buf []byte, from, to int64) ([]byte, error) {
	n := int(to - from)
	if cap(buf) < n+1 {
		buf = make([]byte, n+n/8+1)
	}
	buf = buf[:n]
	if got, _ := r.src.data.ReadAt(buf, from); got < n {
		return buf, errRanges
	}
	if buf[n-1] != r.newline {
		buf = append(buf, r.newline)
	}
	return buf, nil
}

// cutAmiss reports whether a range may end within a quoted field.
func cutAmiss(bad []badRow) bool {
	return slices.ContainsFunc(bad, func(b badRow) bool { return b.problem == UnclosedQuote })
}
