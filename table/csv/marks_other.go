//go:build !amd64

package csv

func marksOf(masks []uint64, buf []byte, a, b byte) []uint64 { return marksGeneric(masks, buf, a, b) }
