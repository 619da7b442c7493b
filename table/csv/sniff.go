package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	sampleBytes = 256 << 10
	sampleRows  = 200
)

// A layout is what must be known of a file before its rows are read.
type layout struct {
	dialect Dialect
	names   []string
	skip    int64 // bytes of text before the first row
	lines   int64 // lines in them
	chunk   int   // bytes a worker takes at a time
	quoted  bool  // there was a quote
	notes   []Note
}

// sniff finds out the layout of a source from its first bytes.
func sniff(ctx context.Context, src *Source, o *Options) (*layout, error) {
	in, err := src.open(o)
	if err != nil {
		return nil, err
	}
	defer in.close()
	var sample []byte
	for want := sampleBytes; ; want *= 2 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		at := len(sample)
		sample = append(sample, make([]byte, want-at)...)
		n, err := io.ReadFull(in, sample[at:])
		sample = sample[:at+n]
		final := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && n < want-at
		if err != nil && !final {
			return nil, src.failed(err)
		}
		l, err := layoutOf(sample, final, o)
		if err != nil {
			return nil, src.failed(err)
		}
		if l != nil {
			l.dialect.Encoding, l.dialect.Compression = in.encoding, in.compression
			l.quoted = bytes.IndexByte(sample, l.dialect.quote()) >= 0
			return l, nil
		}
		if len(sample) > o.MaxLine {
			return nil, src.failed(longLine(1, o.MaxLine))
		}
	}
}

// layoutOf is nil when the sample does not hold the first record whole.
func layoutOf(sample []byte, final bool, o *Options) (*layout, error) {
	l := &layout{dialect: Dialect{Quote: `"`, Newline: "LF"}}
	d := &l.dialect
	k := bytes.IndexByte(sample, '\n')
	switch {
	case k > 0 && sample[k-1] == '\r':
		d.Newline = "CRLF"
	case k < 0 && bytes.IndexByte(sample, '\r') >= 0:
		d.Newline = "CR"
	}
	nl := d.newline()
	if final && len(sample) > 0 && sample[len(sample)-1] != nl {
		sample = append(sample, nl)
	}
	body := sample
	for { // blank lines first
		k := bytes.IndexByte(body, nl)
		if k < 0 || len(trim(bytes.TrimSuffix(body[:k], []byte("\r")))) > 0 {
			break
		}
		body = body[k+1:]
	}
	if len(body) == 0 && final {
		return nil, &Error{Problem: Empty, Text: "the file is empty", Hint: "a CSV file has at least a header"}
	}
	if !final && bytes.IndexByte(body, nl) < 0 {
		return nil, nil
	}
	if line, rest, ok := bytes.Cut(body, []byte{nl}); ok && len(bytes.TrimSuffix(line, []byte("\r"))) == 5 && foldEqual(line[:4], "sep=") {
		d.Delimiter = string(line[4:5]) // as Excel writes it
		body = rest
	}
	if o.Delimiter != 0 {
		d.Delimiter = string([]byte{o.Delimiter})
	}
	if o.Quote != 0 {
		d.Quote = string([]byte{o.Quote})
	}
	if d.Delimiter == "" {
		d.Delimiter = delimiterOf(body, d)
		if o.Quote == 0 && singleQuoted(body, d) {
			d.Quote = "'"
			d.Delimiter = delimiterOf(body, d)
		}
	} else if o.Quote == 0 && singleQuoted(body, d) {
		d.Quote = "'"
	}
	if c := d.delimiter(); c == d.quote() || c == '\n' || c == '\r' || c >= utf8.RuneSelf || d.quote() >= utf8.RuneSelf {
		return nil, &Error{Problem: BadOption, Text: fmt.Sprintf("delimiter %q and quote %q cannot be told apart", d.Delimiter, d.Quote),
			Hint: "each is one ASCII character, and they differ"}
	}
	d.Decimal = decimalOf(o, d)
	rows, ends := records(body, d, sampleRows)
	if len(rows) == 0 {
		if final {
			return nil, &Error{Line: 1, Column: 1, Problem: UnclosedQuote, Text: "the first record has a quote that is never closed", Hint: "close the quote"}
		}
		return nil, nil
	}
	at := len(sample) - len(body)
	firstLine := int64(bytes.Count(sample[:at], []byte{nl})) + 1
	if ends[0] > o.MaxLine {
		return nil, longLine(firstLine, o.MaxLine)
	}
	if err := checkHeader(body[:ends[0]], rows, d.quote(), firstLine); err != nil {
		return nil, err
	}
	cv := &converter{rules: newRules(l, o)}
	d.Header = o.Header == HeaderYes || o.Header == HeaderAuto && cv.headed(rows)
	if d.Header {
		at += ends[0]
		l.nameColumns(cv, rows[0])
	} else {
		for i := range rows[0] {
			l.names = append(l.names, fmt.Sprintf("column_%d", i+1))
		}
	}
	l.skip, l.lines = int64(at), int64(bytes.Count(sample[:at], []byte{nl}))
	l.chunk = o.Chunk
	if l.chunk <= 0 {
		l.chunk = min(max(defaultChunk, ends[len(ends)-1]/len(rows)*64), 8<<20)
	}
	return l, nil
}

// newRules are the rules for a file whose columns have their names, or have none yet.
func newRules(l *layout, o *Options) *rules {
	r := &rules{missing: newMarkers(o.Missing), quote: l.dialect.quote(), marks: l.dialect.marks(), order: o.DateOrder}
	if len(o.DateOrders) > 0 {
		r.orders = make([]DateOrder, len(l.names))
		for i, name := range l.names {
			if r.orders[i] = o.DateOrders[name]; r.orders[i] == DateAuto {
				r.orders[i] = o.DateOrder
			}
		}
	}
	return r
}

// decimalOf is the decimal mark, "" when the numbers themselves will say.
func decimalOf(o *Options, d *Dialect) string {
	switch {
	case o.Decimal != 0:
		return string([]byte{o.Decimal})
	case d.Delimiter == ";":
		return ""
	}
	return "."
}

// checkHeader reports what makes the first record useless.
func checkHeader(record []byte, rows [][][]byte, quote byte, line int64) error {
	if k := bytes.IndexByte(record, 0); k >= 0 {
		return &Error{Line: line, Column: k + 1, Problem: NulByte, Text: "the first record holds a NUL byte",
			Hint: "UTF-16 without a byte order mark has them: convert it to UTF-8"}
	}
	if k := invalidUTF8(record); k >= 0 {
		return &Error{Line: line, Column: k + 1, Problem: InvalidUTF8, Text: fmt.Sprintf("the byte 0x%02x is not UTF-8", record[k]),
			Hint: "convert the file, for example with iconv -f WINDOWS-1252 -t UTF-8"}
	}
	for i, f := range rows[0] {
		if len(f) > 0 && f[0] == quote && !wellQuoted(f, quote) {
			return &Error{Line: line, Problem: AfterQuote, Text: fmt.Sprintf("there is text after the closing quote of field %d", i+1),
				Hint: "a quote inside a quoted field is written twice"}
		}
	}
	if len(rows) < 4 {
		return nil
	}
	for _, r := range rows[1:] {
		if n := len(r); n != len(rows[1]) || n == len(rows[0]) {
			return nil
		}
	}
	return &Error{Line: line, Problem: FieldCount,
		Text: fmt.Sprintf("the first row has %s, those after it have %d", plural(len(rows[0]), "field"), len(rows[1])),
		Hint: "the first row names the columns: complete it, or remove what stands above it"}
}

// records splits a sample into the raw fields of its first records, and the
// positions where they end. A record that is cut short is left out.
func records(b []byte, d *Dialect, most int) (rows [][][]byte, ends []int) {
	quote, delimiter, newline := d.quote(), d.delimiter(), d.newline()
	for i := 0; i < len(b) && len(rows) < most; {
		var row [][]byte
		first := i
		for {
			start := i
			if i < len(b) && b[i] == quote {
				c := closingQuote(b, i+1, quote)
				if c < 0 {
					return rows, ends
				}
				i = c + 1
			}
			for i < len(b) && b[i] != delimiter && b[i] != newline {
				i++
			}
			if i == len(b) {
				return rows, ends
			}
			field := b[start:i]
			i++
			if b[i-1] == delimiter {
				row = append(row, field)
				continue
			}
			if newline == '\n' {
				field = bytes.TrimSuffix(field, []byte("\r"))
			}
			row = append(row, field)
			break
		}
		if len(row) == 1 && len(row[0]) == 0 && i-first <= 2 { // blank
			continue
		}
		rows, ends = append(rows, row), append(ends, i)
	}
	return rows, ends
}

// delimiterOf chooses the delimiter under which most records have the same
// number of fields, two or more, the first among them. Of equals, the rarer
// character in prose wins.
func delimiterOf(sample []byte, d *Dialect) string {
	best, bestScore := ",", 0.0
	for _, c := range []string{"\t", ";", "|", ","} {
		try := *d
		try.Delimiter = c
		rows, _ := records(sample, &try, sampleRows)
		counts := map[int]int{}
		mode := 0
		for _, r := range rows {
			n := len(r)
			counts[n]++
			if counts[n] > counts[mode] || counts[n] == counts[mode] && n > mode {
				mode = n
			}
		}
		if mode < 2 {
			continue
		}
		score := float64(counts[mode]) / float64(len(rows))
		if len(rows[0]) != mode {
			score /= 2
		}
		if score > bestScore {
			best, bestScore = c, score
		}
	}
	return best
}

// singleQuoted reports whether fields are quoted with ' and none with ".
func singleQuoted(sample []byte, d *Dialect) bool {
	if bytes.IndexByte(sample, '"') >= 0 || bytes.IndexByte(sample, '\'') < 0 {
		return false
	}
	try := *d
	try.Quote = "'"
	rows, _ := records(sample, &try, sampleRows)
	quoted := 0
	for _, r := range rows {
		for _, f := range r {
			if len(f) == 0 || f[0] != '\'' {
				continue
			}
			if len(f) == 1 || f[len(f)-1] != '\'' {
				return false
			}
			quoted++
		}
	}
	return quoted >= 2
}
