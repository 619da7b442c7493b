package csv

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	fastgzip "github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A stream is a source's text as UTF-8: decompressed, without its byte order
// mark, within the limits.
type stream struct {
	io.Reader
	encoding    string
	compression string
	total       *limited
	close       func()
}

// bytes is how many bytes were read after decompression.
func (s *stream) bytes() int64 { return s.total.n }

func (s *Source) open(o *Options) (*stream, error) {
	packed := &counted{r: io.NewSectionReader(s.data, 0, s.size)}
	out := &stream{close: func() {}}
	head, err := peek(packed, 512)
	if err != nil {
		return nil, s.failed(err)
	}
	var r io.Reader = head
	switch {
	case bytes.HasPrefix(head.ahead, []byte(gzipMagic)):
		z, err := fastgzip.NewReader(head)
		if err != nil {
			return nil, s.failed(err)
		}
		r, out.compression = z, "gzip"
	case bytes.HasPrefix(head.ahead, []byte(zstdMagic)):
		z, err := zstd.NewReader(head, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, s.failed(err)
		}
		r, out.compression, out.close = z, "zstd", z.Close
	}
	out.total = &limited{r: r, max: o.MaxBytes}
	if out.compression != "" {
		out.total.packed, out.total.ratio = packed, int64(o.MaxRatio)
	}
	plain, err := peek(out.total, 512)
	if err != nil {
		out.close()
		return nil, s.failed(err)
	}
	if what, hint := otherFormat(plain.ahead); what != "" {
		out.close()
		return nil, &Error{File: s.Name, Problem: NotCSV, Text: "this is " + what + ", not CSV", Hint: hint}
	}
	out.Reader, out.encoding = decode(plain)
	return out, nil
}

// failed is err with the source's name.
func (s *Source) failed(err error) error {
	var e *Error
	if errors.As(err, &e) {
		e.File = s.Name
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) ||
		errors.Is(err, zstd.ErrCRCMismatch) || errors.Is(err, zstd.ErrMagicMismatch) {
		return &Error{File: s.Name, Problem: Damaged, Text: "the compressed data is damaged or cut short", Err: err, Hint: "fetch the file again"}
	}
	return &Error{File: s.Name, Problem: Damaged, Text: "reading failed", Err: err}
}

// counted counts what is read.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// limited refuses to read more than max bytes or, past 64 MiB, more than ratio
// times what was read of packed.
type limited struct {
	r      io.Reader
	n, max int64
	packed *counted
	ratio  int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	l.n += int64(n)
	switch {
	case l.n > l.max:
		return 0, &Error{Problem: TooLarge, Text: "the text is larger than " + byteCount(l.max), Hint: "raise MaxBytes if it may be"}
	case l.packed != nil && l.n > 64<<20 && l.n/l.ratio > l.packed.n:
		return 0, &Error{Problem: TooLarge, Text: fmt.Sprintf("it decompresses to more than %d times its size, as a decompression bomb does", l.ratio),
			Hint: "raise MaxRatio if it is to be trusted"}
	}
	return n, err
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
