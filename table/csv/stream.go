package csv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/runnel-dev/runnel/table/unpack"
)

// A stream is a source's text as UTF-8: decompressed, without its byte order
// mark, within the limits.
type stream struct {
	io.Reader
	encoding    string
	compression string
	mark        int64 // bytes of the byte order mark
	text        *unpack.Reader
}

// bytes is how many bytes were read after decompression.
func (s *stream) bytes() int64 { return s.text.Bytes() }

func (s *stream) close() { s.text.Close() }

func (s *Source) open(o *Options) (*stream, error) {
	text, err := unpack.NewReader(io.NewSectionReader(s.data, 0, s.size), unpack.Limits{MaxBytes: o.MaxBytes, MaxRatio: o.MaxRatio})
	if err != nil {
		return nil, s.failed(err)
	}
	plain, err := peek(text, 512)
	if err != nil {
		text.Close()
		return nil, s.failed(err)
	}
	if what, hint := otherFormat(plain.ahead); what != "" {
		text.Close()
		return nil, &Error{File: s.Name, Problem: NotCSV, Text: "this is " + what + ", not CSV", Hint: hint}
	}
	out := &stream{text: text, compression: text.Compression}
	before := len(plain.ahead)
	out.Reader, out.encoding = decode(plain)
	out.mark = int64(before - len(plain.ahead))
	return out, nil
}

// failed is an error of reading as an *Error, with the source's name.
func (s *Source) failed(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.File = s.Name
		return err
	}
	if large, ok := errors.AsType[*unpack.TooLarge](err); ok {
		return &Error{File: s.Name, Problem: TooLarge, Text: large.Text, Hint: large.Hint}
	}
	if damaged, ok := errors.AsType[*unpack.Damaged](err); ok {
		return &Error{File: s.Name, Problem: Damaged, Text: "the compressed data is damaged or cut short", Err: damaged.Err, Hint: "fetch the file again"}
	}
	return &Error{File: s.Name, Problem: Damaged, Text: "reading failed", Err: err}
}

// ahead is a reader whose first bytes have been looked at.
type ahead struct {
	ahead []byte
	r     io.Reader
	err   error
}

func peek(r io.Reader, n int) (*ahead, error) {
	a := &ahead{ahead: make([]byte, 0, n), r: r}
	for len(a.ahead) < n && a.err == nil {
		k, err := r.Read(a.ahead[len(a.ahead):n])
		a.ahead = a.ahead[:len(a.ahead)+k]
		a.err = err
	}
	if a.err != nil && !errors.Is(a.err, io.EOF) {
		return nil, a.err
	}
	return a, nil
}

func (a *ahead) Read(p []byte) (int, error) {
	if len(a.ahead) > 0 {
		n := copy(p, a.ahead)
		a.ahead = a.ahead[n:]
		return n, nil
	}
	if a.err != nil {
		return 0, a.err
	}
	return a.r.Read(p)
}

// decode takes the byte order mark off, and makes UTF-8 of UTF-16.
func decode(a *ahead) (io.Reader, string) {
	switch {
	case bytes.HasPrefix(a.ahead, []byte("\xef\xbb\xbf")):
		a.ahead = a.ahead[3:]
	case bytes.HasPrefix(a.ahead, []byte("\xff\xfe")):
		a.ahead = a.ahead[2:]
		return &utf16Reader{r: a, order: binary.LittleEndian}, "utf-16le"
	case bytes.HasPrefix(a.ahead, []byte("\xfe\xff")):
		a.ahead = a.ahead[2:]
		return &utf16Reader{r: a, order: binary.BigEndian}, "utf-16be"
	}
	return a, "utf-8"
}

// utf16Reader turns UTF-16 into UTF-8. What is not UTF-16 becomes bytes that
// are not UTF-8, so that the row is found to be bad.
type utf16Reader struct {
	r     io.Reader
	order binary.ByteOrder
	in    []byte // unread
	out   []byte // unread
	err   error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.fill()
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf16Reader) fill() {
	buf := make([]byte, 32<<10)
	kept := copy(buf, u.in)
	n, err := u.r.Read(buf[kept:])
	u.err = err
	b := buf[:kept+n]
	out := make([]byte, 0, len(b)*3/2)
	for len(b) >= 2 {
		c := rune(u.order.Uint16(b))
		if !utf16.IsSurrogate(c) {
			out = utf8.AppendRune(out, c)
			b = b[2:]
			continue
		}
		if len(b) < 4 && err == nil {
			break
		}
		pair := rune(utf8.RuneError)
		if len(b) >= 4 {
			pair = utf16.DecodeRune(c, rune(u.order.Uint16(b[2:])))
		}
		if pair == utf8.RuneError {
			out = append(out, 0xff)
			b = b[2:]
			continue
		}
		out = utf8.AppendRune(out, pair)
		b = b[4:]
	}
	if err != nil && len(b) > 0 {
		out = append(out, 0xff)
		b = nil
	}
	u.in, u.out = b, out
}
