package engine

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestPipe(t *testing.T) {
	p := newPipe()
	var want bytes.Buffer
	go func() {
		for i := range 10 * pipeRoom {
			if _, err := p.Write(bytes.Repeat([]byte{byte(i)}, i)); err != nil {
				t.Error(err)
			}
		}
		p.end(nil)
	}()
	for i := range 10 * pipeRoom {
		want.Write(bytes.Repeat([]byte{byte(i)}, i))
	}
	got, err := io.ReadAll(p)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Fatalf("read %d bytes, %v; want %d", len(got), err, want.Len())
	}
}

func TestPipeEndsWithTheWritersError(t *testing.T) {
	p, broken := newPipe(), errors.New("broken")
	if _, err := p.Write([]byte("a")); err != nil {
		t.Fatal(err)
	}
	p.end(broken)
	if got, err := io.ReadAll(p); string(got) != "a" || !errors.Is(err, broken) {
		t.Fatalf("read %q, %v", got, err)
	}
}

func TestPipeThatNobodyReads(t *testing.T) {
	p := newPipe()
	done := make(chan error)
	go func() {
		for {
			if _, err := p.Write([]byte("a")); err != nil {
				done <- err
				return
			}
		}
	}()
	p.leave()
	if err := <-done; !errors.Is(err, errLeft) {
		t.Fatal(err)
	}
}
