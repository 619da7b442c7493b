package fileblob

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"gocloud.dev/blob/driver"
)

const defaultPage = 1000

// ListPaged implements driver.Bucket. A page token is the last key of the page
// before: any key may be given as one.
func (b *Bucket) ListPaged(ctx context.Context, opts *driver.ListOptions) (*driver.ListPage, error) {
	l := &lister{b: b, ctx: ctx, prefix: opts.Prefix, delimiter: opts.Delimiter, after: string(opts.PageToken), limit: opts.PageSize}
	if opts.BeforeList != nil {
		as := func(i any) bool {
			keys, ok := i.(**KeysOnly)
			if ok {
				*keys = &l.keysOnly
			}
			return ok
		}
		if err := opts.BeforeList(as); err != nil {
			return nil, err
		}
	}
	if l.limit == 0 {
		l.limit = defaultPage
	}
	start := node{dir: "."}
	if i := strings.LastIndexByte(opts.Prefix, '/'); i >= 0 {
		start = node{string(closeDir([]byte(dirOf(opts.Prefix[:i])))), opts.Prefix[:i+1]}
	}
	err := l.walk(start)
	if err != nil && !errors.Is(err, errFull) {
		return nil, err
	}
	page := &driver.ListPage{Objects: l.found}
	if err != nil {
		page.NextPageToken = []byte(l.found[len(l.found)-1].Key)
	}
	return page, nil
}

// KeysOnly asks for a list of keys without times and sizes, for which each file
// would be opened. BeforeList's as gives a pointer to it, to be set.
type KeysOnly bool

var errFull = errors.New("the page is full")

// lister collects a page of keys in order.
type lister struct {
	b                        *Bucket
	ctx                      context.Context
	prefix, delimiter, after string
	limit                    int
	keysOnly                 KeysOnly
	found                    []*driver.ListObject
}

// node is a directory, and what the keys of its files begin with.
type node struct{ dir, prefix string }

// entry is a file, or a directory whose keys all begin with key.
type entry struct {
	key  string
	path string
	file bool
}

// walk lists the files below the nodes, which are those whose keys may interleave.
func (l *lister) walk(nodes ...node) error {
	var entries []entry
	for _, n := range nodes {
		var err error
		if entries, err = l.read(entries, n); err != nil {
			return err
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	for i := 0; i < len(entries); i++ {
		e := entries[i]
		if e.file {
			if err := l.file(e); err != nil {
				return err
			}
			continue
		}
		below := []node{{e.path, e.key}}
		// The continuation of a long segment and the directory of that very
		// segment's start share their keys' range.
		if i+1 < len(entries) && !entries[i+1].file && entries[i+1].key == e.key+"/" {
			i++
			below = append(below, node{entries[i].path, entries[i].key})
		}
		if l.skip(e.key) {
			continue
		}
		if err := l.walk(below...); err != nil {
			return err
		}
	}
	return nil
}

// read appends the entries of a directory that the list may hold.
func (l *lister) read(entries []entry, n node) ([]entry, error) {
	if err := l.ctx.Err(); err != nil {
		return nil, err
	}
	d, err := os.Open(l.b.path(n.dir))
	if errors.Is(err, fs.ErrNotExist) {
		return entries, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	all, err := d.ReadDir(-1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for _, de := range all {
		e := entry{path: de.Name(), file: !de.IsDir()}
		if n.dir != "." {
			e.path = n.dir + "/" + e.path
		}
		name, ok := de.Name(), true
		if e.file {
			name, ok = strings.CutSuffix(name, suffix)
		}
		if !ok {
			continue // not ours
		}
		long := !e.file && strings.HasSuffix(name, string(more))
		if long {
			name = name[:len(name)-1]
		}
		if e.key, ok = unescape(name, !e.file && !long); !ok {
			continue
		}
		e.key = n.prefix + e.key
		if !e.file && !long {
			e.key += "/"
		}
		if e.file && (!strings.HasPrefix(e.key, l.prefix) || e.key <= l.after && l.delimiter == "") {
			continue
		}
		if !e.file && l.skip(e.key) { // walk would: here it spares sorting the pages before
			continue
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// skip reports whether the list holds no key that begins with start.
func (l *lister) skip(start string) bool {
	if !strings.HasPrefix(start, l.prefix) && !strings.HasPrefix(l.prefix, start) {
		return true
	}
	if l.after > start && !strings.HasPrefix(l.after, start) {
		return true
	}
	// All of it is in a directory that is listed already, or was on the page before.
	common, ok := l.common(start)
	return ok && (common <= l.after || len(l.found) > 0 && l.found[len(l.found)-1].Key == common)
}

// common is the key cut after the first delimiter that follows the prefix.
func (l *lister) common(key string) (string, bool) {
	if l.delimiter == "" || len(key) < len(l.prefix) {
		return "", false
	}
	i := strings.Index(key[len(l.prefix):], l.delimiter)
	if i < 0 {
		return "", false
	}
	return key[:len(l.prefix)+i+len(l.delimiter)], true
}

// file adds a file to the page.
func (l *lister) file(e entry) error {
	obj := &driver.ListObject{Key: e.key}
	if common, ok := l.common(e.key); ok {
		obj.Key, obj.IsDir = common, true
		if len(l.found) > 0 && l.found[len(l.found)-1].Key == common {
			return nil
		}
	}
	if obj.Key <= l.after {
		return nil
	}
	if len(l.found) == l.limit {
		return errFull
	}
	if !obj.IsDir && !bool(l.keysOnly) {
		f, err := os.Open(l.b.path(e.path))
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted meanwhile
		}
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		obj.ModTime = info.ModTime()
		if obj.Size, _, err = readTrailer(f, info.Size()); err != nil {
			return err
		}
	}
	l.found = append(l.found, obj)
	return nil
}
