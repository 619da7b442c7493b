package engine

import (
	"errors"
	"io"
	"sync"
)

// pipeRoom is how many writes a pipe holds that are not read yet: a table's row
// group is stored while the next one is encoded.
const pipeRoom = 16

// errLeft is what a writer gets whose reader has gone.
var errLeft = errors.New("nobody reads on")

// A pipe is an io.Pipe with room: each write is copied, and waits for its reader.
type pipe struct {
	parts chan []byte
	left  chan struct{}
	leave func()
	part  []byte // that is being read
	err   error  // at the end
}

func newPipe() *pipe {
	p := &pipe{parts: make(chan []byte, pipeRoom), left: make(chan struct{}), err: io.EOF}
	p.leave = sync.OnceFunc(func() { close(p.left) })
	return p
}

func (p *pipe) Write(b []byte) (int, error) {
	select {
	case p.parts <- append([]byte(nil), b...):
		return len(b), nil
	case <-p.left:
		return 0, errLeft
	}
}

// end ends the writing, in nil as a file ends.
func (p *pipe) end(err error) {
	if err != nil {
		p.err = err
	}
	close(p.parts)
}

func (p *pipe) Read(b []byte) (int, error) {
	for len(p.part) == 0 {
		part, ok := <-p.parts
		if !ok {
			return 0, p.err
		}
		p.part = part
	}
	n := copy(b, p.part)
	p.part = p.part[n:]
	return n, nil
}
