package module

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

// joinGap is how many zeros between two data segments are written out to make
// them one. Go's linker leaves out every 9, and most runs of them are short.
const joinGap = 32

const (
	eightZeros = "\x00\x00\x00\x00\x00\x00\x00\x00"
	zeros      = eightZeros + eightZeros + eightZeros + eightZeros // as many as joinGap
)

// Join gives a module that sets up the same memory with fewer data segments. A
// program of Go has 40,000 of them, and to decode, check and place each takes
// longer than the zeros that they leave out. A module that Join does not
// understand, or that would become half as large again, is given back as it is.
func Join(b []byte) []byte {
	from, content, to := dataSection(b)
	if to == 0 {
		return b
	}
	var joined []segment
	n := 0
	ok := eachSegment(b[:to], content, func(offset uint32, bytes []byte) {
		if len(joined) == 0 || !joined[len(joined)-1].takes(offset) {
			joined = append(joined, segment{offset: offset})
		}
		s := &joined[len(joined)-1]
		s.size = int(offset-s.offset) + len(bytes)
		n++
	})
	size := 5 // of the number of segments
	for _, s := range joined {
		size += s.size + maxHead
	}
	if !ok || len(joined) == n || overlap(joined) || size-(to-content) > len(b)/2 {
		return b
	}
	out := append(make([]byte, 0, len(b)-(to-content)+size+6), b[:from]...)
	head := binary.AppendUvarint(nil, uint64(len(joined)))
	length := len(head)
	for _, s := range joined {
		length += len(s.head(nil)) + s.size
	}
	out = binary.AppendUvarint(append(out, 11), uint64(length))
	out = append(out, head...)
	start := 0 // of the content of the segment that is written
	eachSegment(b[:to], content, func(offset uint32, bytes []byte) {
		if len(joined) > 0 && joined[0].offset == offset {
			out = joined[0].head(out)
			start = len(out) - int(offset)
			joined = joined[1:]
		}
		out = append(out, zeros[:start+int(offset)-len(out)]...)
		out = append(out, bytes...)
	})
	return append(out, b[to:]...)
}

// dataSection finds section 11: where it begins, its content, and where it ends;
// to is 0 where there is none, or code that may name its segments (section 12).
func dataSection(b []byte) (from, content, to int) {
	r := &reader{b: b, at: 8}
	for r.more() {
		start := r.at
		id, size := r.byte(), int(r.u32())
		switch {
		case r.err != nil || size > len(b)-r.at || id == 12:
			return 0, 0, 0
		case id == 11:
			from, content, to = start, r.at, r.at+size
		}
		r.at += size
	}
	return from, content, to
}

// A segment is a place in memory.
type segment struct {
	offset uint32
	size   int
}

// takes reports whether a segment at the offset follows with few bytes between.
func (s segment) takes(offset uint32) bool {
	end := uint64(s.offset) + uint64(s.size)
	return uint64(offset) >= end && uint64(offset) <= end+joinGap
}

// maxHead is how many bytes head writes at most.
const maxHead = 13

// head writes what stands before the content: active, in memory 0, at i32.const
// offset, and so many bytes.
func (s segment) head(b []byte) []byte {
	b = appendS32(append(b, 0, 0x41), s.offset)
	return binary.AppendUvarint(append(b, 0x0b), uint64(s.size))
}

// maxSegments is how many Join looks at.
const maxSegments = 1 << 20

// eachSegment reads the segments that begin at a byte; ok: all are placed at a
// number that the module names.
func eachSegment(b []byte, at int, each func(offset uint32, bytes []byte)) (ok bool) {
	r := &reader{b: b, at: at}
	n := r.count()
	if n > maxSegments {
		return false
	}
	for range n {
		flags, op := r.byte(), r.byte()
		offset, last, size := r.s32(), r.byte(), r.count()
		if r.err != nil || flags != 0 || op != 0x41 || last != 0x0b {
			return false
		}
		each(offset, b[r.at:r.at+size])
		r.at += size
	}
	return r.err == nil && r.at == len(b)
}

// overlap reports whether the zeros of a segment could undo what another places.
func overlap(all []segment) bool {
	all = slices.SortedFunc(slices.Values(all), func(a, b segment) int { return cmp.Compare(a.offset, b.offset) })
	end := uint64(0)
	for _, s := range all {
		if uint64(s.offset) < end {
			return true
		}
		end = uint64(s.offset) + uint64(s.size)
	}
	return false
}

// s32 reads a signed LEB128 number of 32 bits, as the address that it stands for.
func (r *reader) s32() uint32 {
	var v uint32
	for shift := uint(0); ; shift += 7 {
		b := r.byte()
		v |= uint32(b&0x7f) << shift
		switch {
		case r.err != nil:
			return 0
		case shift == 28 && b > 0x07 && (b < 0x78 || b > 0x7f):
			r.err = fmt.Errorf("the number that ends at byte %d is too large", r.at)
			return 0
		case b < 0x80:
			if b&0x40 != 0 && shift < 28 {
				v |= ^uint32(0) << (shift + 7)
			}
			return v
		}
	}
}

// appendS32 is the inverse of s32.
func appendS32(b []byte, address uint32) []byte {
	for v := int32(address); ; v >>= 7 {
		if v < 64 && v >= -64 {
			return append(b, byte(v)&0x7f)
		}
		b = append(b, byte(v)|0x80)
	}
}
