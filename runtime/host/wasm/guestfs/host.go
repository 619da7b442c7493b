package guestfs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	experimental "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"

	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/step"
)

// maxReplies bounds the answers that a guest leaves unread.
const maxReplies = 4 << 20

// A hostFile is /host: a line written is a request, a line read its answer.
type hostFile struct {
	experimental.UnimplementedFile
	area    *Area
	request []byte // so far
	long    bool   // it is longer than may be
	replies []byte // not yet read
	closed  bool
}

func (f *hostFile) live() experimental.Errno {
	if f.closed || f.area.closed {
		return experimental.EBADF
	}
	return 0
}

// Stat implements sys.File.
func (f *hostFile) Stat() (sys.Stat_t, experimental.Errno) {
	return f.area.fileStat(hostInode, 0, 0o600), f.live()
}

// Dev implements sys.File.
func (f *hostFile) Dev() (uint64, experimental.Errno) { return 1, 0 }

// Ino implements sys.File.
func (f *hostFile) Ino() (sys.Inode, experimental.Errno) { return hostInode, 0 }

// SetAppend implements sys.File: it makes no difference here.
func (f *hostFile) SetAppend(bool) experimental.Errno { return f.live() }

// Seek implements sys.File: there is but one place. C's streams ask for it
// between writing and reading.
func (f *hostFile) Seek(position, int) (int64, experimental.Errno) { return 0, f.live() }

// Truncate implements sys.File: there is nothing to cut.
func (f *hostFile) Truncate(int64) experimental.Errno { return f.live() }

// Pread implements sys.File.
func (f *hostFile) Pread(p []byte, _ int64) (int, experimental.Errno) { return f.Read(p) }

// Read implements sys.File.
func (f *hostFile) Read(p []byte) (int, experimental.Errno) {
	if errno := f.live(); errno != 0 {
		return 0, errno
	}
	n := copy(p, f.replies)
	f.replies = f.replies[n:]
	return n, 0
}

// Pwrite implements sys.File.
func (f *hostFile) Pwrite(p []byte, _ int64) (int, experimental.Errno) { return f.Write(p) }

// Write implements sys.File. The answer is there when it returns.
func (f *hostFile) Write(p []byte) (int, experimental.Errno) {
	if errno := f.live(); errno != 0 {
		return 0, errno
	}
	written := 0
	for len(p) > 0 {
		if len(f.replies) > maxReplies {
			return written, f.area.deny(fileTooLarge)
		}
		line, rest, whole := bytes.Cut(p, []byte{'\n'})
		written += len(p) - len(rest)
		p = rest
		if f.long = f.long || len(f.request)+len(line) > abi.MaxRequest; !f.long {
			f.request = append(f.request, line...)
		}
		if whole {
			f.answer()
		}
	}
	return written, 0
}

func (f *hostFile) answer() {
	res := abi.Response{Error: &abi.Error{Class: step.ClassPermanent, Message: fmt.Sprintf("a request has at most %d bytes", abi.MaxRequest)}}
	if !f.long {
		res = f.area.ask(f.request)
	}
	f.request, f.long = f.request[:0], false
	b, err := json.Marshal(res)
	if err != nil { // of what the backend said
		b, _ = json.Marshal(refusal("the answer: %v", err))
	}
	f.replies = append(append(f.replies, b...), '\n')
}

func refusal(format string, args ...any) abi.Response {
	return abi.Response{Error: &abi.Error{Class: step.ClassPermanent, Message: fmt.Sprintf(format, args...)}}
}

// ParseRequest reads one request.
func ParseRequest(line []byte) (abi.Request, error) {
	var req abi.Request
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	err := d.Decode(&req)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more after it")
		}
	}
	if err != nil {
		return req, fmt.Errorf("the request is not one JSON object of a known kind: %w", err)
	}
	set := 0
	for _, is := range []bool{req.Put != nil, req.Progress != nil, req.Fetch != nil, req.Get != nil, req.Register != nil, req.SetAlias != nil, req.Error != nil} {
		if is {
			set++
		}
	}
	if set != 1 {
		return req, fmt.Errorf("a request asks for one thing, this one for %d", set)
	}
	return req, nil
}

func (a *Area) ask(line []byte) abi.Response {
	req, err := ParseRequest(line)
	switch {
	case err != nil:
		return refusal("%v", err)
	case req.Put != nil:
		return a.Put(*req.Put)
	}
	return a.backend.Ask(req)
}

// Put hands a file over, as the guest's request does.
func (a *Area) Put(put abi.Put) abi.Response {
	n, errno := a.handed(put.File)
	if errno != 0 {
		return refusal("put %q: %v", put.File, errno)
	}
	n.sealed = true
	return a.backend.Put(put, n.content.size, io.NewSectionReader(&n.content, 0, n.content.size))
}

// Written reports whether there is a file of that path, such as /out/x, that is
// not handed over yet.
func (a *Area) Written(path string) bool {
	n, errno := a.handed(path)
	return errno == 0 && !n.sealed
}

func (a *Area) handed(path string) (*node, experimental.Errno) {
	if !strings.HasPrefix(path, abi.Out) {
		return nil, experimental.ENOENT
	}
	at, rest, isFolder, errno := locate(path)
	if errno != 0 || at != atOut {
		return nil, experimental.ENOENT
	}
	n, errno := a.find(rest)
	if errno == 0 && (n.folder() || isFolder) {
		errno = experimental.EISDIR
	}
	return n, errno
}

// Close implements sys.File.
func (f *hostFile) Close() experimental.Errno {
	if !f.closed {
		f.closed = true
		f.area.open--
	}
	return 0
}
