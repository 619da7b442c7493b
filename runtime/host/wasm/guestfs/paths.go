package guestfs

import (
	"errors"
	"hash/fnv"
	"io/fs"
	"strings"

	experimental "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"
)

// The lengths of paths.
const (
	maxPath  = 1024
	maxName  = 255
	maxDepth = 32
)

// A place is what a path leads to.
type place int

const (
	atRoot place = iota
	atIn
	atInput // a file of /in
	atHost
	atOut // /out, or something below it
)

// locate reads a path, which counts from the root. rest is the names below /in
// or /out; folder, that it ended in a slash.
func locate(path string) (at place, rest []string, folder bool, errno experimental.Errno) {
	if len(path) > maxPath {
		return 0, nil, false, experimental.ENAMETOOLONG
	}
	if strings.IndexByte(path, 0) >= 0 {
		return 0, nil, false, experimental.EINVAL
	}
	folder = strings.HasSuffix(path, "/")
	var names []string
	for name := range strings.SplitSeq(path, "/") {
		switch {
		case name == "" || name == ".":
		case name == "..":
			return 0, nil, false, experimental.EPERM
		case len(name) > maxName || len(names) == maxDepth:
			return 0, nil, false, experimental.ENAMETOOLONG
		default:
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return atRoot, nil, true, 0
	}
	rest = names[1:]
	switch names[0] {
	case "in":
		switch len(rest) {
		case 0:
			return atIn, nil, true, 0
		case 1:
			return atInput, rest, folder, 0
		}
		return 0, nil, false, experimental.ENOENT
	case "out":
		return atOut, rest, folder, 0
	case "host":
		if len(rest) == 0 && !folder {
			return atHost, nil, false, 0
		}
		return 0, nil, false, experimental.ENOTDIR
	}
	return 0, nil, false, experimental.ENOENT
}

// live is the area of the call, if the instance is at one.
func (f *FS) live() (*Area, experimental.Errno) {
	if f.area == nil || f.area.closed {
		return nil, experimental.ENOENT
	}
	return f.area, 0
}

// OpenFile implements sys.FS.
func (f *FS) OpenFile(path string, flag experimental.Oflag, _ fs.FileMode) (experimental.File, experimental.Errno) {
	at, rest, isFolder, errno := locate(path)
	if errno != 0 {
		return nil, errno
	}
	if at == atRoot {
		if writes(flag) {
			return nil, experimental.EISDIR
		}
		return &folder{fs: f, at: atRoot}, 0 // it outlives a call
	}
	a, errno := f.live()
	if errno != 0 {
		return nil, errno
	}
	if a.open >= a.limits.OpenFiles {
		return nil, a.deny(tooManyFiles)
	}
	var file experimental.File
	switch at {
	case atIn:
		if writes(flag) {
			return nil, experimental.EISDIR
		}
		file = &folder{fs: f, at: atIn, area: a}
	case atHost:
		file = &hostFile{area: a}
	case atInput:
		if isFolder {
			return nil, experimental.ENOTDIR
		}
		file, errno = a.openInput(rest[0], flag)
	default:
		file, errno = f.openOut(a, rest, flag, isFolder)
	}
	if errno == 0 {
		a.open++
	}
	return file, errno
}

func writes(flag experimental.Oflag) bool {
	return flag&(experimental.O_RDWR|experimental.O_WRONLY|experimental.O_CREAT|experimental.O_TRUNC|experimental.O_APPEND) != 0
}

func (a *Area) openInput(name string, flag experimental.Oflag) (experimental.File, experimental.Errno) {
	if writes(flag) {
		return nil, experimental.EROFS
	}
	b, err := a.backend.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, experimental.ENOENT
	case err != nil:
		return nil, experimental.EIO
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	return &input{area: a, blob: b, inode: h.Sum64() | 1<<63}, 0
}

func (f *FS) openOut(a *Area, path []string, flag experimental.Oflag, isFolder bool) (experimental.File, experimental.Errno) {
	if len(path) == 0 {
		if writes(flag) {
			return nil, experimental.EISDIR
		}
		a.root.open++
		return &folder{fs: f, at: atOut, area: a, node: a.root}, 0
	}
	parent, name, errno := a.parent(path)
	if errno != 0 {
		return nil, errno
	}
	n := parent.children[name]
	switch {
	case n == nil && (flag&experimental.O_CREAT == 0 || isFolder):
		return nil, experimental.ENOENT
	case n == nil:
		if n, errno = a.create(parent, name, false); errno != 0 {
			return nil, errno
		}
	case flag&experimental.O_CREAT != 0 && flag&experimental.O_EXCL != 0:
		return nil, experimental.EEXIST
	case n.folder() && writes(flag):
		return nil, experimental.EISDIR
	case !n.folder() && (isFolder || flag&experimental.O_DIRECTORY != 0):
		return nil, experimental.ENOTDIR
	case n.sealed && writes(flag):
		return nil, experimental.EPERM
	}
	if n.folder() {
		n.open++
		return &folder{fs: f, at: atOut, area: a, node: n}, 0
	}
	if flag&experimental.O_TRUNC != 0 {
		if errno := n.content.resize(0); errno != 0 {
			return nil, errno
		}
	}
	n.open++
	return &file{
		area: a, node: n,
		read:   flag&experimental.O_WRONLY == 0,
		write:  flag&(experimental.O_WRONLY|experimental.O_RDWR) != 0,
		append: flag&experimental.O_APPEND != 0,
	}, 0
}

// Stat implements sys.FS.
func (f *FS) Stat(path string) (sys.Stat_t, experimental.Errno) {
	at, rest, isFolder, errno := locate(path)
	if errno != 0 {
		return sys.Stat_t{}, errno
	}
	if at == atRoot {
		return (&folder{fs: f}).Stat()
	}
	a, errno := f.live()
	if errno != 0 {
		return sys.Stat_t{}, errno
	}
	switch at {
	case atIn:
		return a.folderStat(inInode), 0
	case atHost:
		return a.fileStat(hostInode, 0, 0o600), 0
	case atInput:
		in, errno := a.openInput(rest[0], 0)
		if errno != 0 {
			return sys.Stat_t{}, errno
		}
		defer in.(*input).blob.Close()
		return in.Stat()
	}
	n, errno := a.find(rest)
	if errno != 0 {
		return sys.Stat_t{}, errno
	}
	if isFolder && !n.folder() {
		return sys.Stat_t{}, experimental.ENOTDIR
	}
	return a.stat(n), 0
}

// Lstat implements sys.FS. There are no symbolic links.
func (f *FS) Lstat(path string) (sys.Stat_t, experimental.Errno) { return f.Stat(path) }

// below finds a path of /out for a change of its names.
func (f *FS) below(path string) (*Area, []string, experimental.Errno) {
	at, rest, _, errno := locate(path)
	if errno != 0 {
		return nil, nil, errno
	}
	a, errno := f.live()
	if errno == 0 && at != atOut {
		errno = experimental.EROFS
	}
	return a, rest, errno
}

// Mkdir implements sys.FS.
func (f *FS) Mkdir(path string, _ fs.FileMode) experimental.Errno {
	a, rest, errno := f.below(path)
	if errno != 0 {
		return errno
	}
	return a.mkdir(rest)
}

// Rmdir implements sys.FS.
func (f *FS) Rmdir(path string) experimental.Errno {
	a, rest, errno := f.below(path)
	if errno != 0 {
		return errno
	}
	return a.remove(rest, true)
}

// Unlink implements sys.FS.
func (f *FS) Unlink(path string) experimental.Errno {
	a, rest, errno := f.below(path)
	if errno != 0 {
		return errno
	}
	return a.remove(rest, false)
}

// Rename implements sys.FS.
func (f *FS) Rename(from, to string) experimental.Errno {
	a, old, errno := f.below(from)
	if errno != 0 {
		return errno
	}
	_, rest, errno := f.below(to)
	if errno != 0 {
		return errno
	}
	return a.rename(old, rest)
}

// Chmod implements sys.FS: every file has the same mode.
func (f *FS) Chmod(path string, _ fs.FileMode) experimental.Errno { return f.touch(path) }

// Utimens implements sys.FS: every file has the time of the call.
func (f *FS) Utimens(path string, _, _ int64) experimental.Errno { return f.touch(path) }

func (f *FS) touch(path string) experimental.Errno {
	a, rest, errno := f.below(path)
	if errno != 0 {
		return errno
	}
	_, errno = a.find(rest)
	return errno
}

// Link implements sys.FS: a file has one name.
func (f *FS) Link(string, string) experimental.Errno { return experimental.EPERM }

// Symlink implements sys.FS: there are none.
func (f *FS) Symlink(string, string) experimental.Errno { return experimental.EPERM }

// Readlink implements sys.FS: there are none.
func (f *FS) Readlink(path string) (string, experimental.Errno) {
	if _, errno := f.Stat(path); errno != 0 {
		return "", errno
	}
	return "", experimental.EINVAL
}
