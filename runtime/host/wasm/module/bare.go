package module

import (
	"encoding/binary"
	"strings"
)

// bareBody is a function of no code: 3 bytes, no locals, unreachable, end.
const bareBody = "\x03\x00\x00\x0b"

// nameSection names the functions, for the stacks of traps.
const nameSection = "name"

// Bare gives the module without the code of its functions, and without what
// debuggers read. Beside compiled code it says all that is left to be known, and
// takes a tenth of the time to read and check. Of a module that Check does not
// accept it makes anything.
func Bare(b []byte) []byte {
	out := append(make([]byte, 0, len(b)/2), b[:min(8, len(b))]...)
	r := &reader{b: b, at: 8}
	for r.more() {
		start := r.at
		id, size := r.byte(), r.u32()
		if r.err != nil || uint64(size) > uint64(len(b)-r.at) {
			break
		}
		content := &reader{b: b[:r.at+int(size)], at: r.at}
		r.at += int(size)
		switch {
		case id == 10:
			n := content.count()
			head := binary.AppendUvarint(nil, uint64(n))
			out = binary.AppendUvarint(append(out, id), uint64(len(head)+n*len(bareBody)))
			out = append(append(out, head...), strings.Repeat(bareBody, n)...)
		case id != 0 || content.name() == nameSection:
			out = append(out, b[start:r.at]...)
		}
	}
	return out
}
