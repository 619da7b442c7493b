package guestfs

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"

	experimental "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"

	"github.com/runnel-dev/runnel/runtime/step"
)

// A folder is the root, /in, or /out and what is below it.
type folder struct {
	experimental.DirFile
	fs     *FS
	at     place
	area   *Area // nil: the root
	node   *node // of /out
	listed []experimental.Dirent
	read   bool
	closed bool
}

// Stat implements sys.File.
func (d *folder) Stat() (sys.Stat_t, experimental.Errno) {
	switch {
	case d.area == nil:
		return (&Area{}).folderStat(rootInode), 0
	case d.area.closed:
		return sys.Stat_t{}, experimental.EBADF
	case d.at == atIn:
		return d.area.folderStat(inInode), 0
	}
	return d.area.stat(d.node), 0
}

// Dev implements sys.File.
func (d *folder) Dev() (uint64, experimental.Errno) { return 1, 0 }

// Ino implements sys.File.
func (d *folder) Ino() (sys.Inode, experimental.Errno) {
	st, errno := d.Stat()
	return st.Ino, errno
}

// Sync implements sys.File.
func (d *folder) Sync() experimental.Errno { return 0 }

// Datasync implements sys.File.
func (d *folder) Datasync() experimental.Errno { return 0 }

// Seek implements sys.File: back to the first name.
func (d *folder) Seek(offset position, whence int) (int64, experimental.Errno) {
	if offset != 0 || whence != io.SeekStart {
		return 0, experimental.EINVAL
	}
	d.listed, d.read = nil, false
	return 0, 0
}

// Readdir implements sys.File. /in has no list.
func (d *folder) Readdir(n int) ([]experimental.Dirent, experimental.Errno) {
	if d.area != nil && d.area.closed {
		return nil, experimental.EBADF
	}
	if !d.read {
		switch d.at {
		case atIn:
			return nil, experimental.EACCES
		case atRoot:
			d.listed = []experimental.Dirent{
				{Ino: hostInode, Name: "host"}, {Ino: inInode, Name: "in", Type: fs.ModeDir}, {Ino: firstInode, Name: "out", Type: fs.ModeDir},
			}
		default:
			d.listed = nil
			for _, name := range slices.Sorted(maps.Keys(d.node.children)) {
				c := d.node.children[name]
				e := experimental.Dirent{Ino: c.inode, Name: name}
				if c.folder() {
					e.Type = fs.ModeDir
				}
				d.listed = append(d.listed, e)
			}
		}
		d.read = true
	}
	if n <= 0 || n > len(d.listed) {
		n = len(d.listed)
	}
	out := d.listed[:n:n]
	d.listed = d.listed[n:]
	return out, 0
}

// Utimens implements sys.File: every file has the time of the call.
func (d *folder) Utimens(int64, int64) experimental.Errno { return 0 }

// Close implements sys.File.
func (d *folder) Close() experimental.Errno {
	if d.closed || d.area == nil {
		return 0
	}
	d.closed = true
	d.area.open--
	if d.node != nil {
		d.node.open--
		d.area.unlinked(d.node)
	}
	return 0
}

// A position is one in a file. By this name vet does not take the Seek of a
// sys.File for that of an io.Seeker.
type position = int64

// A cursor is where reading and writing goes on.
type cursor struct{ at int64 }

func (c *cursor) seek(offset int64, whence int, size int64) (int64, experimental.Errno) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += size
	default:
		return 0, experimental.EINVAL
	}
	if offset < 0 {
		return 0, experimental.EINVAL
	}
	c.at = offset
	return offset, 0
}

// An input is an open file of /in.
type input struct {
	experimental.UnimplementedFile
	cursor
	area   *Area
	blob   step.Blob
	inode  uint64
	closed bool
}

func (f *input) live() experimental.Errno {
	if f.closed || f.area.closed {
		return experimental.EBADF
	}
	return 0
}

// Stat implements sys.File.
func (f *input) Stat() (sys.Stat_t, experimental.Errno) {
	if errno := f.live(); errno != 0 {
		return sys.Stat_t{}, errno
	}
	return f.area.fileStat(f.inode, f.blob.Size(), 0o400), 0
}

// Dev implements sys.File.
func (f *input) Dev() (uint64, experimental.Errno) { return 1, 0 }

// Ino implements sys.File.
func (f *input) Ino() (sys.Inode, experimental.Errno) { return f.inode, 0 }

// Read implements sys.File.
func (f *input) Read(p []byte) (int, experimental.Errno) {
	n, errno := f.Pread(p, f.at)
	f.at += int64(n)
	return n, errno
}

// Pread implements sys.File.
func (f *input) Pread(p []byte, off int64) (int, experimental.Errno) {
	if errno := f.live(); errno != 0 {
		return 0, errno
	}
	return readAt(f.blob, p, off)
}

func readAt(r io.ReaderAt, p []byte, off int64) (int, experimental.Errno) {
	if off < 0 {
		return 0, experimental.EINVAL
	}
	n, err := r.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, experimental.EIO
	}
	return n, 0
}

// Seek implements sys.File.
func (f *input) Seek(offset position, whence int) (int64, experimental.Errno) {
	if errno := f.live(); errno != 0 {
		return 0, errno
	}
	return f.seek(offset, whence, f.blob.Size())
}

// Close implements sys.File.
func (f *input) Close() experimental.Errno {
	if !f.closed {
		f.closed = true
		f.area.open--
		f.blob.Close()
	}
	return 0
}

// A file is an open file of /out.
type file struct {
	experimental.UnimplementedFile
	cursor
	area                        *Area
	node                        *node
	read, write, append, closed bool
}

func (f *file) live() experimental.Errno {
	if f.closed || f.area.closed {
		return experimental.EBADF
	}
	return 0
}

// Stat implements sys.File.
func (f *file) Stat() (sys.Stat_t, experimental.Errno) {
	if errno := f.live(); errno != 0 {
		return sys.Stat_t{}, errno
	}
	return f.area.stat(f.node), 0
}

// Dev implements sys.File.
func (f *file) Dev() (uint64, experimental.Errno) { return 1, 0 }

// Ino implements sys.File.
func (f *file) Ino() (sys.Inode, experimental.Errno) { return f.node.inode, 0 }

// IsAppend implements sys.File.
func (f *file) IsAppend() bool { return f.append }

// SetAppend implements sys.File.
func (f *file) SetAppend(on bool) experimental.Errno {
	f.append = on
	return f.live()
}

// Read implements sys.File.
func (f *file) Read(p []byte) (int, experimental.Errno) {
	n, errno := f.Pread(p, f.at)
	f.at += int64(n)
	return n, errno
}

// Pread implements sys.File.
func (f *file) Pread(p []byte, off int64) (int, experimental.Errno) {
	if errno := f.live(); errno != 0 {
		return 0, errno
	}
	if !f.read {
		return 0, experimental.EBADF
	}
	return readAt(&f.node.content, p, off)
}

// Write implements sys.File.
func (f *file) Write(p []byte) (int, experimental.Errno) {
	if errno := f.live(); errno != 0 {
		return 0, errno
	}
	if f.append {
		f.at = f.node.content.size
	}
	n, errno := f.Pwrite(p, f.at)
	f.at += int64(n)
	return n, errno
}

// writable says why the file cannot be written.
func (f *file) writable() experimental.Errno {
	switch errno := f.live(); {
	case errno != 0:
		return errno
	case !f.write:
		return experimental.EBADF
	case f.node.sealed:
		return experimental.EPERM
	}
	return 0
}

// Pwrite implements sys.File.
func (f *file) Pwrite(p []byte, off int64) (int, experimental.Errno) {
	if errno := f.writable(); errno != 0 {
		return 0, errno
	}
	if errno := f.node.content.write(p, off); errno != 0 {
		return 0, errno
	}
	return len(p), 0
}

// Truncate implements sys.File.
func (f *file) Truncate(size int64) experimental.Errno {
	if errno := f.writable(); errno != 0 {
		return errno
	}
	return f.node.content.resize(size)
}

// Seek implements sys.File.
func (f *file) Seek(offset position, whence int) (int64, experimental.Errno) {
	if errno := f.live(); errno != 0 {
		return 0, errno
	}
	return f.seek(offset, whence, f.node.content.size)
}

// Sync implements sys.File: what counts is handed over.
func (f *file) Sync() experimental.Errno { return f.live() }

// Datasync implements sys.File.
func (f *file) Datasync() experimental.Errno { return f.live() }

// Utimens implements sys.File: every file has the time of the call.
func (f *file) Utimens(int64, int64) experimental.Errno { return f.live() }

// Close implements sys.File.
func (f *file) Close() experimental.Errno {
	if !f.closed {
		f.closed = true
		f.area.open--
		f.node.open--
		f.area.unlinked(f.node)
	}
	return 0
}
