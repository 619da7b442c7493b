package guestfs

import (
	"io/fs"
	"strings"

	experimental "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"
)

// The numbers of the files that every guest has.
const (
	rootInode = iota + 1
	inInode
	hostInode
	firstInode = 16
)

// A node is a file or a folder of /out.
type node struct {
	inode    uint64
	children map[string]*node // of a folder; nil: a file
	content  content
	sealed   bool // handed over: it is not written any more
	linked   bool // it has a name
	open     int  // descriptors
}

func (a *Area) newNode(folder bool) *node {
	n := &node{inode: a.inodes, linked: true, content: content{area: a}}
	a.inodes++
	a.nodes++
	if folder {
		n.children = map[string]*node{}
	}
	return n
}

func (n *node) folder() bool { return n.children != nil }

func (a *Area) stat(n *node) sys.Stat_t {
	if n.folder() {
		return a.folderStat(n.inode)
	}
	return a.fileStat(n.inode, n.content.size, 0o600)
}

func (a *Area) folderStat(inode uint64) sys.Stat_t {
	st := a.fileStat(inode, 0, 0)
	st.Mode = fs.ModeDir | 0o700
	return st
}

func (a *Area) fileStat(inode uint64, size int64, mode fs.FileMode) sys.Stat_t {
	t := a.now.UnixNano()
	return sys.Stat_t{Dev: 1, Ino: inode, Mode: mode, Nlink: 1, Size: size, Atim: t, Mtim: t, Ctim: t}
}

// unlinked forgets a node that has no name once nothing has it open.
func (a *Area) unlinked(n *node) {
	if n.linked || n.open > 0 || a.closed {
		return
	}
	a.nodes--
	n.content.resize(0) // smaller is always possible
}

// find walks to a node of /out.
func (a *Area) find(path []string) (*node, experimental.Errno) {
	n := a.root
	for _, name := range path {
		if !n.folder() {
			return nil, experimental.ENOTDIR
		}
		next := n.children[name]
		if next == nil {
			return nil, experimental.ENOENT
		}
		n = next
	}
	return n, 0
}

// parent finds the folder of a path below /out, and the last name.
func (a *Area) parent(path []string) (*node, string, experimental.Errno) {
	if len(path) == 0 {
		return nil, "", experimental.EPERM
	}
	n, errno := a.find(path[:len(path)-1])
	if errno == 0 && !n.folder() {
		errno = experimental.ENOTDIR
	}
	return n, path[len(path)-1], errno
}

// create makes a file or a folder.
func (a *Area) create(folder *node, name string, isFolder bool) (*node, experimental.Errno) {
	if a.nodes >= a.limits.OutFiles {
		return nil, a.deny(noSpace)
	}
	n := a.newNode(isFolder)
	folder.children[name] = n
	return n, 0
}

func (a *Area) mkdir(path []string) experimental.Errno {
	if len(path) == 0 {
		return experimental.EEXIST
	}
	folder, name, errno := a.parent(path)
	if errno != 0 {
		return errno
	}
	if folder.children[name] != nil {
		return experimental.EEXIST
	}
	_, errno = a.create(folder, name, true)
	return errno
}

// remove takes a name away: of a folder that is empty, or of a file.
func (a *Area) remove(path []string, isFolder bool) experimental.Errno {
	folder, name, errno := a.parent(path)
	if errno != 0 {
		return errno
	}
	n := folder.children[name]
	switch {
	case n == nil:
		return experimental.ENOENT
	case isFolder && !n.folder():
		return experimental.ENOTDIR
	case !isFolder && n.folder():
		return experimental.EISDIR
	case len(n.children) > 0:
		return experimental.ENOTEMPTY
	}
	a.forget(folder, name)
	return 0
}

func (a *Area) forget(folder *node, name string) {
	n := folder.children[name]
	delete(folder.children, name)
	n.linked = false
	a.unlinked(n)
}

// rename moves a file or a folder within /out.
func (a *Area) rename(from, to []string) experimental.Errno {
	old, oldName, errno := a.parent(from)
	if errno != 0 {
		return errno
	}
	folder, name, errno := a.parent(to)
	if errno != 0 {
		return errno
	}
	n, there := old.children[oldName], folder.children[name]
	switch {
	case n == nil:
		return experimental.ENOENT
	case n == there:
		return 0
	case n.folder() && strings.HasPrefix(strings.Join(to, "/"), strings.Join(from, "/")+"/"):
		return experimental.EINVAL // into itself
	case there == nil:
	case n.folder() && !there.folder():
		return experimental.ENOTDIR
	case !n.folder() && there.folder():
		return experimental.EISDIR
	case len(there.children) > 0:
		return experimental.ENOTEMPTY
	}
	if there != nil {
		a.forget(folder, name)
	}
	delete(old.children, oldName)
	folder.children[name] = n
	return 0
}
