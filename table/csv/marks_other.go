//go:build !amd64

package csv

// at looks at a chunk.
func (l *look) at(buf []byte, delimiter, newline byte, _ level) {
	*l = look{masks: l.masks[:0]}
	l.generic(buf, delimiter, newline)
}
