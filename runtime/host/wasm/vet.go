package wasm

import (
	"bufio"
	"errors"
	"io"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
)

// A vetted artifact is one that a guest hands over. Whoever reads it as JSON
// later, in whatever step and host, follows its references by rights of their
// own; so it may only refer to what this guest could read or stored. Its last
// bytes are held back until that is known.
type vetted struct {
	content io.Reader
	to      *io.PipeWriter // to who looks for references; nil: it is no JSON
	found   chan error
	wrong   error
	ended   bool
}

// vet looks for references in what is stored.
func (s *session) vet(size int64, content io.Reader) *vetted {
	v := &vetted{content: content}
	if size > maxScan {
		return v
	}
	b := bufio.NewReaderSize(content, 64<<10)
	v.content = b
	if !isObject(b) {
		return v
	}
	from, to := io.Pipe()
	v.to, v.found = to, make(chan error, 1)
	may := s.may()
	go func() {
		err := may.check(from, s.module.Trusted)
		_, _ = io.Copy(io.Discard, from) // what comes after a place where it is broken
		v.found <- err
	}()
	return v
}

// isObject reports whether JSON that is an object or an array begins here.
func isObject(b *bufio.Reader) bool {
	for n := 1; ; n++ {
		p, err := b.Peek(n)
		if err != nil {
			return errors.Is(err, bufio.ErrBufferFull) // white space, and who knows what comes after
		}
		switch p[n-1] {
		case ' ', '\t', '\n', '\r':
		default:
			return p[n-1] == '{' || p[n-1] == '['
		}
	}
}

// Read implements io.Reader.
func (v *vetted) Read(p []byte) (int, error) {
	n, err := v.content.Read(p)
	if v.to != nil && n > 0 && !v.ended {
		_, _ = v.to.Write(p[:n]) // the other end reads all
	}
	if errors.Is(err, io.EOF) {
		if wrong := v.end(); wrong != nil {
			err = wrong
		}
	}
	return n, err
}

// end waits for what was found: a reference that may not be, or nil.
func (v *vetted) end() error {
	if v.to == nil || v.ended {
		return v.wrong
	}
	v.ended = true
	_ = v.to.Close() // it never fails
	err := <-v.found
	var not *foreign
	if errors.As(err, &not) { // what is not JSON refers to nothing
		v.wrong = err
	}
	return v.wrong
}

// vetFetched is vet of what was downloaded. What a trusted guest downloads is an
// upload to those who come after it: what stands in it gives nobody rights.
func (s *session) vetFetched(ref events.Ref) error {
	if s.module.Trusted {
		return nil
	}
	b, err := s.env.Open(s.ctx, ref)
	if err != nil {
		return err
	}
	defer b.Close()
	v := s.vet(b.Size(), step.ReaderOf(b))
	if _, err := io.Copy(io.Discard, v); err != nil {
		return errors.Join(v.end(), err)
	}
	return v.end()
}
