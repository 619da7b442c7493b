package zstd

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

var errDamaged = errors.New("a block is damaged")

// backward reads bits from the end of a stream to its start, whose first bit is
// the one below the highest that is set. At least 8 bytes follow the stream in b.
type backward struct {
	b     []byte
	start int // in bits
	at    int // above the next bit to read; below start: too much was read
}

// newBackward reads the stream b[from:to].
func newBackward(b []byte, from, to int) (backward, error) {
	if from >= to || b[to-1] == 0 {
		return backward{}, errDamaged
	}
	return backward{b, from * 8, to*8 - 9 + bits.Len8(b[to-1])}, nil
}

// peek is the next n bits, at most 56; those before the start are 0.
func (r *backward) peek(n int) int {
	low := r.at - n
	if low < r.start {
		have := r.at - r.start
		if have <= 0 {
			return 0
		}
		return r.load(r.start, have) << (n - have)
	}
	return r.load(low, n)
}

func (r *backward) load(low, n int) int {
	return int(binary.LittleEndian.Uint64(r.b[low>>3:]) >> (low & 7) & (1<<n - 1))
}

func (r *backward) get(n int) int {
	v := r.peek(n)
	r.at -= n
	return v
}

// An fse is a state of a table of finite state entropy: a symbol, and what
// follows it.
type fse struct {
	symbol uint8
	bits   uint8
	base   uint16
}

// spread makes a table of the frequencies of symbols, which add up to its size;
// -1 is less than one. RFC 8878, section 4.1.1.
func spread(counts []int, log int) []fse {
	size := 1 << log
	table, next := make([]fse, size), make([]int, len(counts))
	high := size - 1
	for s, n := range counts {
		next[s] = n
		if n == -1 {
			table[high].symbol = uint8(s)
			next[s] = 1
			high--
		}
	}
	at, step := 0, size>>1+size>>3+3
	for s, n := range counts {
		for range n {
			table[at].symbol = uint8(s)
			for at = (at + step) & (size - 1); at > high; at = (at + step) & (size - 1) {
			}
		}
	}
	for i := range table {
		t := &table[i]
		n := next[t.symbol]
		next[t.symbol]++
		t.bits = uint8(log + 1 - bits.Len(uint(n)))
		t.base = uint16(n<<t.bits - size)
	}
	return table
}

// readTable reads a table from b, which 8 bytes follow, and says how many it
// took. RFC 8878, section 4.1.1.
func readTable(b []byte, most, symbols int) (table []fse, n int, err error) {
	at := 0
	end := (len(b) - 8) * 8
	peek := func(n int) int {
		if at > end {
			return 0
		}
		return int(binary.LittleEndian.Uint64(b[at>>3:])>>(at&7)) & (1<<n - 1)
	}
	log := peek(4) + 5
	at = 4
	if log > most {
		return nil, 0, errDamaged
	}
	var counts []int
	for left := 1 << log; left > 0; {
		if at > end || len(counts) >= symbols {
			return nil, 0, errDamaged
		}
		width := bits.Len(uint(left + 1))
		v := peek(width)
		short := 1<<width - 2 - left // values below it take a bit less
		if low := v & (1<<(width-1) - 1); low < short {
			v = low
			at += width - 1
		} else {
			if v >= 1<<(width-1) {
				v -= short
			}
			at += width
		}
		count := v - 1
		counts = append(counts, count)
		left -= max(count, -count)
		if count != 0 {
			continue
		}
		for more := 3; more == 3 && at <= end; { // how many more zeros
			more = peek(2)
			at += 2
			counts = append(counts, make([]int, more)...)
		}
	}
	if n = (at + 7) / 8; at > end || len(counts) > symbols {
		return nil, 0, errDamaged
	}
	return spread(counts, log), n, nil
}

// xxhash is XXH64 with the seed 0.
type xxhash struct {
	lanes [4]uint64
	n     uint64
	rest  []byte
}

const (
	prime1 = 0x9e3779b185ebca87
	prime2 = 0xc2b2ae3d27d4eb4f
	prime3 = 0x165667b19e3779f9
	prime4 = 0x85ebca77c2b2ae63
	prime5 = 0x27d4eb2f165667c5
)

func (h *xxhash) reset() {
	p := uint64(prime1)
	*h = xxhash{lanes: [4]uint64{p + prime2, prime2, 0, -p}, rest: h.rest[:0]}
}

func round(lane, v uint64) uint64 {
	return bits.RotateLeft64(lane+v*prime2, 31) * prime1
}

func (h *xxhash) write(b []byte) {
	h.n += uint64(len(b))
	if len(h.rest) > 0 {
		n := min(len(b), 32-len(h.rest))
		h.rest, b = append(h.rest, b[:n]...), b[n:]
		if len(h.rest) < 32 {
			return
		}
		h.stripe(h.rest)
		h.rest = h.rest[:0]
	}
	for ; len(b) >= 32; b = b[32:] {
		h.stripe(b)
	}
	h.rest = append(h.rest, b...)
}

func (h *xxhash) stripe(b []byte) {
	for i := range h.lanes {
		h.lanes[i] = round(h.lanes[i], binary.LittleEndian.Uint64(b[8*i:]))
	}
}

func (h *xxhash) sum() uint64 {
	s := h.lanes[2] + prime5
	if h.n >= 32 {
		s = bits.RotateLeft64(h.lanes[0], 1) + bits.RotateLeft64(h.lanes[1], 7) + bits.RotateLeft64(h.lanes[2], 12) + bits.RotateLeft64(h.lanes[3], 18)
		for _, lane := range h.lanes {
			s = (s^round(0, lane))*prime1 + prime4
		}
	}
	s += h.n
	b := h.rest
	for ; len(b) >= 8; b = b[8:] {
		s = bits.RotateLeft64(s^round(0, binary.LittleEndian.Uint64(b)), 27)*prime1 + prime4
	}
	if len(b) >= 4 {
		s = bits.RotateLeft64(s^uint64(binary.LittleEndian.Uint32(b))*prime1, 23)*prime2 + prime3
		b = b[4:]
	}
	for _, c := range b {
		s = bits.RotateLeft64(s^uint64(c)*prime5, 11) * prime1
	}
	s = (s ^ s>>33) * prime2
	s = (s ^ s>>29) * prime3
	return s ^ s>>32
}
