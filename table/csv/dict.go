package csv

import (
	"bytes"
	"hash/maphash"
	"unsafe"
)

// A dict numbers distinct texts in the order in which they first come. It is an
// open hash table whose texts lie end to end in one arena.
type dict struct {
	seed   maphash.Seed
	slots  []uint32 // code+1; 0: free
	hashes []uint32
	ends   []int // of each text in the arena
	arena  []byte
}

func newDict(seed maphash.Seed) *dict { return &dict{seed: seed, slots: make([]uint32, 32)} }

func (d *dict) text(code uint32) []byte {
	start := 0
	if code > 0 {
		start = d.ends[code-1]
	}
	return d.arena[start:d.ends[code]]
}

// code is the number of a text, which is added if it is new.
func (d *dict) code(b []byte) uint32 {
	h := uint32(maphash.Bytes(d.seed, b))
	mask := uint32(len(d.slots) - 1)
	i := h & mask
	for {
		s := d.slots[i]
		if s == 0 {
			break
		}
		if d.hashes[s-1] == h && bytes.Equal(d.text(s-1), b) {
			return s - 1
		}
		i = (i + 1) & mask
	}
	code := uint32(len(d.ends))
	d.arena = append(d.arena, b...)
	d.ends = append(d.ends, len(d.arena))
	d.hashes = append(d.hashes, h)
	d.slots[i] = code + 1
	if len(d.ends)*2 > len(d.slots) {
		d.grow()
	}
	return code
}

func (d *dict) grow() {
	d.slots = make([]uint32, 2*len(d.slots))
	mask := uint32(len(d.slots) - 1)
	for code, h := range d.hashes {
		i := h & mask
		for d.slots[i] != 0 {
			i = (i + 1) & mask
		}
		d.slots[i] = uint32(code) + 1
	}
}

// strings lists the texts by code. They share the arena: d is used no more.
func (d *dict) strings() []string {
	out := make([]string, len(d.ends))
	all := unsafe.String(unsafe.SliceData(d.arena), len(d.arena))
	start := 0
	for i, end := range d.ends {
		out[i] = all[start:end]
		start = end
	}
	return out
}
