package csv

import (
	"hash/maphash"
	"math/bits"
	"strings"
	"unsafe"
)

// A dict numbers distinct texts in the order in which they first come: an open
// hash table.
type dict struct {
	seed   maphash.Seed
	slots  []uint32 // code+1; 0: free
	hashes []uint32 // by code
	texts  []string // by code
	block  []byte   // where copies go
}

func newDict() *dict { return &dict{seed: maphash.MakeSeed(), slots: make([]uint32, 64)} }

// code is the number of a text, which is added if it is new: itself, or a copy.
func (d *dict) code(s string, copied bool) uint32 {
	h := uint32(maphash.String(d.seed, s))
	mask := uint32(len(d.slots) - 1)
	i := h & mask
	for ; d.slots[i] != 0; i = (i + 1) & mask {
		if code := d.slots[i] - 1; d.hashes[code] == h && d.texts[code] == s {
			return code
		}
	}
	if copied {
		s = d.copy(s)
	}
	code := uint32(len(d.texts))
	d.texts = append(d.texts, s)
	d.hashes = append(d.hashes, h)
	d.slots[i] = code + 1
	if 2*len(d.texts) > len(d.slots) {
		d.slots = make([]uint32, 2*len(d.slots))
		d.fill()
	}
	return code
}

// reserve makes room for n texts.
func (d *dict) reserve(n int) {
	d.texts, d.hashes = make([]string, 0, n), make([]uint32, 0, n)
	d.slots = make([]uint32, max(64, 1<<bits.Len(uint(2*n))))
}

// fill puts the codes into empty slots.
func (d *dict) fill() {
	mask := uint32(len(d.slots) - 1)
	for code, h := range d.hashes {
		i := h & mask
		for d.slots[i] != 0 {
			i = (i + 1) & mask
		}
		d.slots[i] = uint32(code) + 1
	}
}

func (d *dict) copy(s string) string {
	if len(s) > cap(d.block)-len(d.block) {
		d.block = make([]byte, 0, max(len(s), 256, min(2*cap(d.block), 64<<10)))
	}
	at := len(d.block)
	d.block = append(d.block, s...)
	return unsafe.String(unsafe.SliceData(d.block[at:]), len(s))
}

// compact copies the texts from code on out of the strings that hold them,
// where they are less than half of size bytes, so that those can be freed.
func (d *dict) compact(from, size int) {
	used := 0
	for _, s := range d.texts[from:] {
		used += len(s)
	}
	if 2*used >= size {
		return
	}
	var b strings.Builder
	b.Grow(used)
	for _, s := range d.texts[from:] {
		b.WriteString(s)
	}
	all := b.String()
	for i, s := range d.texts[from:] {
		d.texts[from+i], all = all[:len(s)], all[len(s):]
	}
}
