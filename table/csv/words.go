package csv

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"slices"
	"unsafe"
)

// words numbers the distinct texts of a column as one worker meets them, chunk
// after chunk. What is written is not changed again: a chunk keeps the texts
// that there were at its end while the worker goes on.
type words struct {
	class class // under which the values were looked at
	chunk int   // texts before the chunk that is being read

	texts  []byte   // end to end
	ends   []uint32 // where each ends, by code
	hashes []uint32 // by code
	slots  []uint32 // an open hash table of codes+1; 0: free
	seed   maphash.Seed

	short   []short // an open hash table of fields as they stand in the file
	shorts  int
	secrets [2]uint64
}

// A short is a field of at most sixteen bytes, filled up with zeros, and what it
// is known to mean.
type short struct {
	lo, hi uint64
	length uint32 // plus one; 0: free
	code   uint32 // or absent
}

// absent stands for a missing value.
const absent = ^uint32(0)

func newWords(c class) *words {
	return &words{class: c, slots: make([]uint32, 64), seed: maphash.MakeSeed(),
		short: make([]short, 64), secrets: [2]uint64{rand.Uint64(), rand.Uint64()}}
}

// empty makes words of a chunk that nobody holds ready for another column.
func (w *words) empty(c class) {
	w.class, w.chunk, w.shorts = c, 0, 0
	if len(w.slots) > 16*len(w.ends)+64 {
		w.slots = make([]uint32, len(w.slots)/4)
	}
	if len(w.short) > 16*len(w.ends)+64 {
		w.short = make([]short, len(w.short)/4)
	}
	clear(w.slots)
	clear(w.short)
	w.texts, w.ends, w.hashes = w.texts[:0], w.ends[:0], w.hashes[:0]
}

// worthKeeping reports whether the words, of budget bytes at most, may go on
// after a chunk of rows: not if most of its texts were new.
func (w *words) worthKeeping(rows, budget int) bool {
	return 2*(len(w.ends)-w.chunk) <= rows && len(w.texts)+len(w.ends)*16+len(w.short)*24 <= budget
}

// code is the number of a text, which is added if it is new.
func (w *words) code(b []byte) uint32 {
	h := uint32(maphash.Bytes(w.seed, b))
	mask := uint32(len(w.slots) - 1)
	i := h & mask
	for ; w.slots[i] != 0; i = (i + 1) & mask {
		code := w.slots[i] - 1
		if w.hashes[code] != h {
			continue
		}
		start := uint32(0)
		if code > 0 {
			start = w.ends[code-1]
		}
		if string(w.texts[start:w.ends[code]]) == string(b) {
			return code
		}
	}
	w.texts = append(w.texts, b...)
	w.ends = append(w.ends, uint32(len(w.texts)))
	w.hashes = append(w.hashes, h)
	w.slots[i] = uint32(len(w.ends))
	if 2*len(w.ends) > len(w.slots) {
		w.slots = make([]uint32, 2*len(w.slots))
		mask = uint32(len(w.slots) - 1)
		for code, h := range w.hashes {
			i := h & mask
			for w.slots[i] != 0 {
				i = (i + 1) & mask
			}
			w.slots[i] = uint32(code) + 1
		}
	}
	return uint32(len(w.ends) - 1)
}

// shortMasks keep the first bytes of two words, by their number.
var shortMasks = func() (masks [17][2]uint64) {
	for n := range masks {
		for i := range n {
			masks[n][i/8] |= 0xff << (i % 8 * 8)
		}
	}
	return masks
}()

// key is buf[start:end], at most sixteen bytes, in two words; false: it is
// longer, or too near to the end of buf.
func key(buf []byte, start, end int) (lo, hi uint64, ok bool) {
	n := end - start
	if uint(n) > 16 || start+16 > len(buf) {
		return 0, 0, false
	}
	b := buf[start : start+16 : start+16]
	mask := &shortMasks[n]
	return binary.LittleEndian.Uint64(b) & mask[0], binary.LittleEndian.Uint64(b[8:]) & mask[1], true
}

// place is where in w.short a key is, or would be.
func (w *words) place(lo, hi uint64, length uint32) *short {
	mask := uint64(len(w.short) - 1)
	p, q := bits.Mul64(lo^w.secrets[0], hi^w.secrets[1]^uint64(length))
	for i := (p ^ q) & mask; ; i = (i + 1) & mask {
		if s := &w.short[i]; s.length == 0 || s.lo == lo && s.hi == hi && s.length == length {
			return s
		}
	}
}

// remember keeps what a field means, at the free place that was found for it.
func (w *words) remember(at *short, s short) {
	*at = s
	if w.shorts++; 2*w.shorts <= len(w.short) {
		return
	}
	old := w.short
	w.short = make([]short, 2*len(old))
	for _, s := range old {
		if s.length > 0 {
			*w.place(s.lo, s.hi, s.length) = s
		}
	}
}

// A wordStore holds the words of a worker's columns.
type wordStore struct {
	kept  []*words // by column, from chunk to chunk
	spare *words
}

// wordsBudget is how many bytes of words a worker keeps.
const wordsBudget = 8 << 20

// open are the words for the next chunk of a column.
func (s *wordStore) open(col int, c class) *words {
	w := s.kept[col]
	s.kept[col] = nil
	switch {
	case w != nil && w.class == c:
	case s.spare != nil:
		w, s.spare = s.spare, nil
		w.empty(c)
	default:
		w = newWords(c)
	}
	w.chunk = len(w.ends)
	return w
}

// close hands the words to a column that was read with them.
func (s *wordStore) close(col int, w *words, c *column) {
	c.words, c.kept = nil, false
	switch {
	case w.worthKeeping(len(c.codes), wordsBudget/len(s.kept)):
		c.kept, s.kept[col] = true, w
	case w.chunk == 0: // only this chunk has them
		c.texts, c.ends, s.spare = string(w.texts), slices.Clone(w.ends), w
		return
	}
	c.words, c.texts, c.ends = w, unsafe.String(unsafe.SliceData(w.texts), len(w.texts)), w.ends
}
