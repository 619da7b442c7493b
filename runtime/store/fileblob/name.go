package fileblob

import (
	"fmt"
	"path/filepath"
	"strings"
)

const (
	suffix     = ".blob" // of a file; a directory's name never ends so
	more       = '^'     // ends a directory's name that holds the start of a long segment
	chunk      = 80      // bytes of a segment in one name: at most 3 bytes each when escaped
	maxKey     = 8 << 10
	hexDigits  = "0123456789abcdef"
	emptyName  = "%"
	upperAfter = '!'
)

// pathOf is the path of the file that holds a key. Lower-case letters, digits
// and -_.,=+@ stand for themselves, "!a" is "A", and "%2f" is any other byte; an
// empty segment is "%". A segment of more than 80 bytes continues in directories
// whose names end in "^".
func pathOf(key string) (string, error) {
	if key == "" || len(key) > maxKey {
		return "", fmt.Errorf("%w: it has %d bytes, of 1 to %d", errBadKey, len(key), maxKey)
	}
	name := dirOf(key) + suffix
	if !filepath.IsLocal(name) { // Windows has names that are devices in every directory
		return "", fmt.Errorf("%w: %q is no name of a file here", errBadKey, name)
	}
	return name, nil
}

// dirOf is the path of the directory of the keys below key, and without its
// suffix that of the file.
func dirOf(key string) string {
	out := make([]byte, 0, len(key)+16)
	for i, segment := range strings.Split(key, "/") {
		if i > 0 {
			out = append(closeDir(out), '/')
		}
		for len(segment) > chunk {
			out = append(escape(out, segment[:chunk]), more, '/')
			segment = segment[chunk:]
		}
		out = escape(out, segment)
	}
	return string(out)
}

// closeDir ends the name of a directory, which must not look like a file's.
func closeDir(out []byte) []byte {
	if n := len(out) - len(suffix); n >= 0 && string(out[n:]) == suffix {
		return append(out[:n], "%2eblob"...)
	}
	return out
}

func escape(out []byte, s string) []byte {
	if s == "" {
		return append(out, emptyName...)
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', strings.IndexByte("-_,=+@", c) >= 0, c == '.' && i > 0 && i < len(s)-1:
			out = append(out, c)
		case 'A' <= c && c <= 'Z':
			out = append(out, upperAfter, c+'a'-'A')
		default:
			out = append(out, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return out
}

// unescape reverses escape, and closeDir for a directory; ok is false for a name
// that they do not make.
func unescape(name string, dir bool) (s string, ok bool) {
	out := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c == upperAfter && i+1 < len(name):
			i++
			c = name[i] - ('a' - 'A')
		case c == '%' && i+2 < len(name):
			c = byte(strings.IndexByte(hexDigits, name[i+1])<<4 | strings.IndexByte(hexDigits, name[i+2]))
			i += 2
		case name == emptyName:
			continue
		}
		out = append(out, c)
	}
	again := escape(nil, string(out))
	if dir {
		again = closeDir(again)
	}
	return string(out), string(again) == name
}
