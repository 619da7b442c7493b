// Package worker runs guests in child processes that can be killed.
//
// The parent (Pool) starts the program again with an argument that makes it a
// worker (Main). They speak over the child's standard input and output, one
// message at a time: the parent sends a call; while the guest runs, the child
// asks for files and for what the guest requests, and the parent answers; at the
// end the child says how the call ended. The parent trusts nothing that the
// child says: rights are checked on its side.
package worker

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/host/wasm/sandbox"
)

// The kinds of messages. Those of the child are answered by one of the same
// kind, but for ready, close, data and done.
const (
	kindConfig byte = iota + 1 // parent: what guests may use
	kindReady                  // child
	kindCall                   // parent: a call
	kindModule                 // child: the call's module is not here; parent: its bytes
	kindOpen                   // child: a file of /in
	kindRead                   // child: some bytes of it
	kindClose                  // child
	kindPut                    // child: a file of /out
	kindData                   // child: its next bytes
	kindAsk                    // child: another request
	kindDone                   // child: how the call ended
)

// A message is a kind, a JSON header and bytes.
type message struct {
	kind byte
	head []byte
	body []byte
}

// The headers.
type (
	config struct {
		Sandbox sandbox.Config
		Memory  int64 // of the process, that its garbage collector aims at
		Files   int64 // bytes that a file may have
	}
	call struct {
		Digest   string
		Function string
		Time     time.Time
		Random   []byte // 32 of them; an array would be a list of numbers
		Warm     bool   // make an instance, and call nothing
	}
	opened struct {
		Absent bool   `json:",omitempty"` // there is no such file
		Failed bool   `json:",omitempty"` // it cannot be read
		Handle int    `json:",omitempty"`
		Size   int64  `json:",omitempty"`
		Name   string `json:",omitempty"` // of a request
	}
	span struct {
		Handle int
		Offset int64 `json:",omitempty"`
		Length int   `json:",omitempty"`
		Failed bool  `json:",omitempty"`
	}
	put struct {
		abi.Put
		Size int64
	}
	done struct {
		Status   uint32 `json:",omitempty"`
		Trap     string `json:",omitempty"`
		TooLong  bool   `json:",omitempty"`
		NoMemory bool   `json:",omitempty"`
		NewStart bool   `json:",omitempty"`
		Stderr   []byte `json:",omitempty"`
		Failed   string `json:",omitempty"` // why the guest could not be run
		Passing  bool   `json:",omitempty"` // that may pass
	}
)

// The sizes of messages.
const (
	piece      = 1 << 20   // of a file, at most
	firstPiece = 64 << 10  // of a file, that comes when it is opened
	maxHead    = 8 << 20   // a request of 1 MiB, however it is escaped
	maxBody    = 8 << 20   // an answer of 4 MiB
	maxModule  = 128 << 20 // to the child: a module
	prefix     = 9         // bytes of a kind and two lengths
)

// A wire sends and receives messages. Each direction is used by one goroutine
// at a time.
type wire struct {
	r   *bufio.Reader
	w   io.Writer
	max int // bytes of a body that is accepted
	buf []byte
}

func newWire(r io.Reader, w io.Writer, maxBody int) *wire {
	return &wire{r: bufio.NewReaderSize(r, 64<<10), w: w, max: maxBody}
}

// send writes a message; head is anything that JSON can say, or nil.
func (w *wire) send(kind byte, head any, body []byte) error {
	b := append(w.buf[:0], make([]byte, prefix)...)
	if head != nil {
		h, err := json.Marshal(head)
		if err != nil {
			return err
		}
		b = append(b, h...)
	}
	b[0] = kind
	binary.LittleEndian.PutUint32(b[1:], uint32(len(b)-prefix))
	binary.LittleEndian.PutUint32(b[5:], uint32(len(body)))
	small := len(body) <= firstPiece
	if small {
		b = append(b, body...)
	}
	w.buf = b
	if cap(b) > maxBody {
		w.buf = nil
	}
	_, err := w.w.Write(b)
	if err == nil && !small {
		_, err = w.w.Write(body)
	}
	return err
}

// receive reads a message.
func (w *wire) receive() (message, error) {
	var p [prefix]byte
	if _, err := io.ReadFull(w.r, p[:]); err != nil {
		return message{}, err
	}
	head, body := binary.LittleEndian.Uint32(p[1:]), binary.LittleEndian.Uint32(p[5:])
	if p[0] < kindConfig || p[0] > kindDone || head > maxHead || uint64(body) > uint64(w.max) {
		return message{}, fmt.Errorf("a message of kind %d, %d and %d bytes, is none", p[0], head, body)
	}
	b := make([]byte, int(head)+int(body))
	if _, err := io.ReadFull(w.r, b); err != nil {
		return message{}, io.ErrUnexpectedEOF
	}
	return message{p[0], b[:head], b[head:]}, nil
}

// into reads the header.
func (m message) into(v any) error {
	if err := json.Unmarshal(m.head, v); err != nil {
		return fmt.Errorf("a message of kind %d: %w", m.kind, err)
	}
	return nil
}
