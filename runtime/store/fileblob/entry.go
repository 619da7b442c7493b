package fileblob

import (
	"encoding/binary"
	"hash/crc32"
)

// An entry of the journal is
//
//	length of what follows the checksum (uint32, little endian) | CRC-32C of it | op | length of the name (uint32) | name | file
//
// where the file is what the blob's file holds. What a crash tore has a wrong
// checksum: it was never accepted, and nor was anything behind it in its segment.
const (
	opPut    = 'p' // the file is this
	opDelete = 'd' // there is no such file
	opLeave  = 'l' // the file is as it is: it was made durable in another way

	entryHead = 8
	entryMin  = 5
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendEntry(to []byte, op byte, name string, file []byte) []byte {
	start := len(to)
	to = append(to, make([]byte, entryHead)...)
	to = append(to, op)
	to = binary.LittleEndian.AppendUint32(to, uint32(len(name)))
	to = append(to, name...)
	to = append(to, file...)
	body := to[start+entryHead:]
	binary.LittleEndian.PutUint32(to[start:], uint32(len(body)))
	binary.LittleEndian.PutUint32(to[start+4:], crc32.Checksum(body, castagnoli))
	return to
}

type logged struct {
	op   byte
	name string
	file []byte
}

// cutEntry splits the first entry off; ok is false where it is not whole.
func cutEntry(from []byte) (e logged, rest []byte, ok bool) {
	if len(from) < entryHead {
		return e, from, false
	}
	size := uint64(binary.LittleEndian.Uint32(from))
	if size < entryMin || size > uint64(len(from)-entryHead) {
		return e, from, false
	}
	body, rest := from[entryHead:entryHead+size], from[entryHead+size:]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(from[4:]) {
		return e, from, false
	}
	n := uint64(binary.LittleEndian.Uint32(body[1:]))
	if n > size-entryMin {
		return e, from, false
	}
	return logged{body[0], string(body[entryMin : entryMin+n]), body[entryMin+n:]}, rest, true
}
