package csv

// at looks at a chunk.
func (l *look) at(buf []byte, delimiter, newline byte, level level) {
	*l = look{masks: l.masks[:0]}
	if n := len(buf) / 64; n > 0 && level >= avx2 {
		if cap(l.masks) < n+1 {
			l.masks = make([]uint64, 0, n+n/8+1)
		}
		l.masks = l.masks[:n]
		newlines, nul, high := marksAVX2(&l.masks[0], &buf[0], n, delimiter, newline)
		l.newlines, l.nul, l.high = newlines, nul != 0, high != 0
		buf = buf[n*64:]
	}
	l.generic(buf, delimiter, newline)
}

// marksAVX2 writes n words, one for each 64 bytes at buf; nul and high are not
// zero where there is a NUL byte and a byte beyond ASCII.
//
//go:noescape
func marksAVX2(masks *uint64, buf *byte, n int, delimiter, newline byte) (newlines int, nul, high uint32)
