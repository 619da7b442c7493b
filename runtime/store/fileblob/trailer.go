package fileblob

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
)

// Attributes other than the defaults follow the content in its own file, so that
// both appear in one rename and one sync:
//
//	content | attributes as JSON | length of the JSON (uint32, little endian) | magic
//
// A blob without attributes is its bare content. One that happens to end in the
// magic gets a trailer, so that a file that ends in the magic always has one.
const (
	magic       = "\x00rnlblb\x01"
	footer      = 4 + len(magic)
	defaultType = "application/octet-stream"
	maxTrailer  = 1 << 20
)

type attributes struct {
	CacheControl       string            `json:"cacheControl,omitempty"`
	ContentDisposition string            `json:"contentDisposition,omitempty"`
	ContentEncoding    string            `json:"contentEncoding,omitempty"`
	ContentLanguage    string            `json:"contentLanguage,omitempty"`
	ContentType        string            `json:"contentType,omitempty"` // "" is the default
	Metadata           map[string]string `json:"metadata,omitempty"`
}

func (a attributes) contentType() string {
	if a.ContentType == "" {
		return defaultType
	}
	return a.ContentType
}

// trailer returns what to write after content that ends in tail; nil for nothing.
func (a attributes) trailer(tail []byte) ([]byte, error) {
	if reflect.ValueOf(a).IsZero() && string(tail) != magic {
		return nil, nil
	}
	out, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	if len(out) > maxTrailer {
		return nil, fmt.Errorf("%w: its attributes take %d bytes, of at most %d", errBadKey, len(out), maxTrailer)
	}
	out = binary.LittleEndian.AppendUint32(out, uint32(len(out)))
	return append(out, magic...), nil
}

// readTrailer returns the size of the content in a file of the given size, and its attributes.
func readTrailer(f io.ReaderAt, size int64) (content int64, a attributes, err error) {
	if size < int64(footer) {
		return size, a, nil
	}
	var foot [footer]byte
	if _, err := f.ReadAt(foot[:], size-int64(footer)); err != nil {
		return 0, a, err
	}
	if string(foot[4:]) != magic {
		return size, a, nil
	}
	n := int64(binary.LittleEndian.Uint32(foot[:]))
	content = size - int64(footer) - n
	if content < 0 || n > maxTrailer {
		return 0, a, fmt.Errorf("the file is damaged: it says that %d bytes of attributes follow its content", n)
	}
	buf := make([]byte, n)
	if _, err := f.ReadAt(buf, content); err != nil {
		return 0, a, err
	}
	if err := json.Unmarshal(buf, &a); err != nil {
		return 0, a, fmt.Errorf("the file is damaged: the attributes after its content: %w", err)
	}
	return content, a, nil
}
