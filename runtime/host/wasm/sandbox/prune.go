package sandbox

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/runtime/host/wasm/scratch"
)

// prune removes entries that were not used for long, and those used longest ago
// where all of them have too many bytes. keep stays.
func (c *cache) prune(keep string) error {
	names, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	type aged struct {
		name string
		used time.Time
		size int64
	}
	var all []aged
	total := int64(0)
	for _, n := range names {
		info, err := n.Info()
		if err != nil || !n.IsDir() || strings.HasPrefix(n.Name(), scratch.Prefix) {
			continue
		}
		a := aged{n.Name(), info.ModTime(), size(filepath.Join(c.dir, n.Name()))}
		total += a.size
		if a.name != keep {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b aged) int { return cmp.Or(a.used.Compare(b.used), strings.Compare(a.name, b.name)) })
	var bin *scratch.Dir
	for _, a := range all {
		if total <= c.limit && time.Since(a.used) <= c.age {
			break
		}
		if bin == nil {
			if bin, err = scratch.New(c.dir); err != nil {
				return err
			}
			defer bin.Close()
		}
		// By its name it is whole until it is gone. Who reads it has links to it.
		if os.Rename(filepath.Join(c.dir, a.name), filepath.Join(bin.Path(), a.name)) == nil {
			total -= a.size
		}
	}
	return nil
}

// size is the bytes of the files in a folder.
func size(dir string) int64 {
	n := int64(0)
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil // what is gone has no size
	})
	return n
}
