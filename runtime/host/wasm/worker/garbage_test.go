package worker

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/host/wasm/sandbox"
	"github.com/runnel-dev/runnel/runtime/step"
)

// files is a backend with a small file, a large one and a broken one.
type files struct{ open int }

type blob struct {
	*strings.Reader
	of *files
}

func (b blob) Close() error { b.of.open--; return nil }

func (f *files) Open(name string) (step.Blob, error) {
	switch name {
	case "small":
		f.open++
		return blob{strings.NewReader("small"), f}, nil
	case "large":
		f.open++
		return blob{strings.NewReader(strings.Repeat("l", 100_000)), f}, nil
	case "broken":
		return nil, errors.New("broken")
	}
	return nil, fs.ErrNotExist
}

func (f *files) Put(_ abi.Put, size int64, content io.Reader) abi.Response {
	if size%2 == 0 {
		_, _ = io.Copy(io.Discard, content)
	}
	return abi.Response{}
}

func (*files) Ask(abi.Request) abi.Response { return abi.Response{} }

// FuzzGarbage lets a worker say anything: the call of the parent ends, and
// everything that was opened for it is closed.
func FuzzGarbage(f *testing.F) {
	said := func(say func(send func(kind byte, head any, body string))) {
		var b bytes.Buffer
		w := newWire(nil, &b, maxBody)
		say(func(kind byte, head any, body string) {
			if err := w.send(kind, head, []byte(body)); err != nil {
				f.Fatal(err)
			}
		})
		f.Add(b.Bytes())
	}
	said(func(send func(byte, any, string)) { send(kindReady, nil, ""); send(kindDone, done{Status: 1}, "{}") })
	said(func(send func(byte, any, string)) {
		for range 600 {
			send(kindOpen, opened{Name: "large"}, "")
		}
	})
	said(func(send func(byte, any, string)) {
		send(kindOpen, opened{Name: "large"}, "")
		send(kindRead, span{Handle: 1, Offset: math.MaxInt64, Length: piece}, "")
		send(kindRead, span{Handle: 1, Offset: -1, Length: 1}, "")
	})
	said(func(send func(byte, any, string)) {
		send(kindPut, put{abi.Put{File: "/out/a"}, 3}, "")
		send(kindData, nil, "ab")
		send(kindData, nil, "cd")
	})
	said(func(send func(byte, any, string)) { send(kindPut, put{abi.Put{}, -1}, "") })
	said(func(send func(byte, any, string)) {
		send(kindClose, span{Handle: 7}, "")
		send(kindAsk, abi.Request{}, "")
	})
	said(func(send func(byte, any, string)) { send(kindModule, nil, ""); send(kindConfig, nil, "") })
	f.Fuzz(func(t *testing.T, b []byte) {
		backend := &files{}
		p := &process{wire: newWire(bytes.NewReader(b), io.Discard, maxBody), output: 1 << 20, ready: true}
		_, _ = p.run("digest", func() ([]byte, error) { return nil, nil }, sandbox.Call{}, backend)
		if backend.open != 0 {
			t.Errorf("%d files stay open", backend.open)
		}
	})
}
