package inbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/runnel-dev/runnel/events"
)

const sidecar = ".meta.json"

// maxSidecar bounds a file of metadata, in bytes.
const maxSidecar = 64 << 10

// A sight is how a file was when it was last looked at.
type sight struct {
	file, sidecar stamp
	since         time.Time // it looks so
	notBefore     time.Time // it is tried again
	tries         int
}

// A stamp changes with what is written to a file.
type stamp struct {
	size int64
	at   time.Time
}

func stampOf(st os.FileInfo) stamp { return stamp{st.Size(), st.ModTime()} }

// look finds the files that are whole; more tells whether there are others.
func (i *Inbox) look() (whole []string, more bool) {
	now := time.Now()
	files, sidecars := map[string]stamp{}, map[string]stamp{}
	err := fs.WalkDir(i.root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		name := filepath.FromSlash(path)
		switch {
		case errors.Is(err, fs.ErrNotExist): // it went meanwhile
			return nil
		case err != nil:
			i.opts.Log.Warn("inbox: cannot be read", "path", filepath.Join(i.dir, name), "error", err)
			return fs.SkipDir
		case d.IsDir():
			if path != "." && strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
			if i.watch != nil {
				_ = i.watch.Add(filepath.Join(i.dir, name)) // the regular look finds what it does not tell
			}
			return nil
		case ignored(d):
			return nil
		}
		st, err := d.Info()
		if err != nil { // it went meanwhile
			return nil
		}
		if of, ok := strings.CutSuffix(name, sidecar); ok {
			sidecars[of] = stampOf(st)
		} else {
			files[name] = stampOf(st)
		}
		return nil
	})
	if err != nil {
		i.opts.Log.Error("inbox: cannot be looked through", "path", i.dir, "error", err)
	}
	for name := range i.seen {
		if _, ok := files[name]; !ok {
			delete(i.seen, name)
		}
	}
	for name, stamp := range files {
		s := i.seen[name]
		if s.file != stamp || s.sidecar != sidecars[name] || s.since.IsZero() {
			i.seen[name] = sight{file: stamp, sidecar: sidecars[name], since: now}
			more = true
			continue
		}
		if now.Sub(s.since) < i.opts.Settle || now.Before(s.notBefore) {
			more = true
			continue
		}
		whole = append(whole, name)
	}
	for name := range sidecars {
		if _, ok := files[name]; !ok {
			i.dropLeftover(name)
		}
	}
	return whole, more
}

func ignored(d fs.DirEntry) bool {
	name := strings.ToLower(d.Name())
	return !d.Type().IsRegular() || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".tmp") || strings.HasSuffix(name, ".part")
}

// metadata reads what NAME.meta.json says, if there is one.
func (i *Inbox) metadata(name string) (map[string]string, error) {
	name += sidecar
	f, err := i.open(name)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSidecar+1))
	if err != nil {
		return nil, err
	}
	metadata, err := parseMetadata(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errRefused, name, err)
	}
	return metadata, nil
}

// absent tells that there is no file of a name, nor can be.
func absent(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENAMETOOLONG)
}

func parseMetadata(b []byte) (metadata map[string]string, err error) {
	if len(b) > maxSidecar {
		return nil, fmt.Errorf("it has more than %d bytes", maxSidecar)
	}
	if err := json.Unmarshal(b, &metadata); err != nil {
		return nil, fmt.Errorf(`it is no JSON object of strings, such as {"target": "species"}: %w`, err)
	}
	for k := range metadata {
		if strings.EqualFold(k, events.MetadataPipeline) {
			return nil, fmt.Errorf("the key %s is reserved", k)
		}
	}
	return metadata, nil
}
