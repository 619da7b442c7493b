package csv

import "golang.org/x/sys/cpu"

// marksOf is marksGeneric, with AVX2 where the processor has it.
func marksOf(masks []uint64, buf []byte, a, b byte) []uint64 {
	if !cpu.X86.HasAVX2 {
		return marksGeneric(masks, buf, a, b)
	}
	n := len(buf) / 64
	if need := len(masks) + n + 1; cap(masks) < need {
		masks = append(make([]uint64, 0, need), masks...)
	}
	if n > 0 {
		end := len(masks)
		masks = masks[:end+n]
		marksAVX2(&masks[end], &buf[0], n, a, b)
	}
	return marksGeneric(masks, buf[n*64:], a, b)
}

// marksAVX2 writes n words, one for each 64 bytes at buf.
//
//go:noescape
func marksAVX2(masks *uint64, buf *byte, n int, a, b byte)
