package zstd

import (
	"encoding/binary"
	"math/bits"
)

// tables are what a block may take over from those before it in the frame.
type tables struct {
	huffman  []uint16 // by the next bits: a symbol, and below it how many bits it takes
	bits     int      // of an index of huffman
	codes    [3][]fse // of literals' lengths, offsets and matches' lengths
	offsets  [3]int   // the last ones
	literals []byte
}

func (t *tables) reset() {
	*t = tables{offsets: [3]int{1, 4, 8}, literals: t.literals}
}

// compressed decompresses the block's first size bytes to the end of out.
func (z *Reader) compressed(size int) error {
	at, err := z.literals(size)
	if err != nil {
		return err
	}
	return z.sequences(at, size)
}

// literals reads the literals, and says where they end. RFC 8878, section 3.1.1.3.1.
func (z *Reader) literals(size int) (int, error) {
	b, t := z.block, &z.tables
	if size == 0 {
		return 0, errDamaged
	}
	kind, format := b[0]&3, b[0]>>2&3
	head := int(binary.LittleEndian.Uint64(b[:8]) & (1<<40 - 1))
	if kind < 2 { // as they are, or one that is repeated
		at, n := 1, head&0xff>>3
		switch format {
		case 1:
			at, n = 2, head&0xffff>>4
		case 3:
			at, n = 3, head&0xffffff>>4
		}
		end := at + n
		if kind == 1 {
			end = at + 1
		}
		if end > size || n > largest {
			return 0, errDamaged
		}
		t.literals = append(t.literals[:0], b[at:min(at+n, end)]...)
		for kind == 1 && len(t.literals) < n {
			t.literals = append(t.literals, b[at])
		}
		return end, nil
	}
	width, at := [4]int{10, 10, 14, 18}[format], [4]int{3, 3, 4, 5}[format]
	n, packed := head>>4&(1<<width-1), head>>(4+width)&(1<<width-1)
	end := at + packed
	if end > size || n > largest {
		return 0, errDamaged
	}
	if kind == 2 {
		used, err := t.readHuffman(b[at : end+8])
		if err != nil {
			return 0, err
		}
		at += used
	}
	if t.huffman == nil || at > end {
		return 0, errDamaged
	}
	t.literals = append(t.literals[:0], make([]byte, n)...)
	if format == 0 {
		return end, t.stream(t.literals, at, end, b)
	}
	if end-at < 6 || n < 4 {
		return 0, errDamaged
	}
	part, from := (n+3)/4, at+6
	for i := range 4 {
		to := end
		if i < 3 {
			to = from + int(binary.LittleEndian.Uint16(b[at+2*i:]))
		}
		if to > end || 3*part > n {
			return 0, errDamaged
		}
		if err := t.stream(t.literals[i*part:min((i+1)*part, n)], from, to, b); err != nil {
			return 0, err
		}
		from = to
	}
	return end, nil
}

// stream fills out by the Huffman codes in b[from:to].
func (t *tables) stream(out []byte, from, to int, b []byte) error {
	r, err := newBackward(b, from, to)
	if err != nil {
		return err
	}
	for i := range out {
		e := t.huffman[r.peek(t.bits)]
		out[i] = byte(e >> 8)
		r.at -= int(e & 0xff)
	}
	if r.at != r.start {
		return errDamaged
	}
	return nil
}

// readHuffman reads a tree from b, which ends 8 bytes earlier, and says how many
// bytes it took. RFC 8878, section 4.2.1.
func (t *tables) readHuffman(b []byte) (int, error) {
	size := len(b) - 8
	if size < 1 {
		return 0, errDamaged
	}
	var weights []int
	n := int(b[0])
	if n >= 128 { // four bits each
		n -= 127
		for i := range n {
			weights = append(weights, int(b[1+i/2]>>(4*(1-i&1))&15))
		}
		n = (n + 1) / 2
		if 1+n > size {
			return 0, errDamaged
		}
	} else {
		if 1+n > size {
			return 0, errDamaged
		}
		table, used, err := readTable(b[1:1+n+8], 6, 13)
		if err != nil {
			return 0, err
		}
		r, err := newBackward(b, 1+used, 1+n)
		if err != nil {
			return 0, err
		}
		log := bits.Len(uint(len(table))) - 1
		states := [2]fse{table[r.get(log)]}
		states[1] = table[r.get(log)]
		for i := 0; ; i ^= 1 { // two states take turns
			s := states[i]
			if weights = append(weights, int(s.symbol)); len(weights) > 254 {
				return 0, errDamaged
			}
			if states[i] = table[int(s.base)+r.get(int(s.bits))]; r.at < r.start {
				weights = append(weights, int(states[i^1].symbol))
				break
			}
		}
	}
	sum := 0
	for _, w := range weights {
		if w > 11 {
			return 0, errDamaged
		}
		sum += 1 << w >> 1
	}
	log := bits.Len(uint(sum)) // the last weight makes the sum a power of two
	rest := 1<<log - sum
	if sum == 0 || log > 11 || rest&(rest-1) != 0 {
		return 0, errDamaged
	}
	weights = append(weights, bits.Len(uint(rest)))
	t.bits, t.huffman = log, make([]uint16, 0, 1<<log)
	for w := 1; w <= log; w++ {
		for symbol, have := range weights {
			if have != w {
				continue
			}
			for range 1 << (w - 1) {
				t.huffman = append(t.huffman, uint16(symbol<<8|(log+1-w)))
			}
		}
	}
	return 1 + n, nil
}

// A kind is one of the three kinds of numbers of a sequence. Frequencies that
// are predefined are written as letters: a is -1, b is 0, c is 1.
type kind struct {
	counts string
	log    int // of a table of counts
	most   int // log of any table
	codes  int // how many there are
}

// RFC 8878, section 3.1.1.3.2.2: of literals' lengths, offsets and matches' lengths.
var kinds = [3]kind{
	{"fedddddddddddcccdddddddddedcccccaaaa", 6, 9, len(literalBits)},
	{"ccccccdddcccccccccccccccaaaaa", 5, 8, 32},
	{"cfeddddddcccccccccccccccccccccccccccccccccccccaaaaaaa", 6, 9, len(matchBits)},
}

// How many bits follow the codes of lengths, a for none: section 3.1.1.3.2.1.1.
const (
	literalBits = "aaaaaaaaaaaaaaaabbbbccddeghijklmnopq"
	matchBits   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbccddeefhijklmnopq"
)

// A code stands for base and the number in as many bits more.
type code struct{ base, bits int }

var (
	literalCodes = codesOf(0, literalBits)
	matchCodes   = codesOf(3, matchBits)
)

// codesOf lists codes whose numbers follow one another.
func codesOf(base int, extra string) []code {
	out := make([]code, len(extra))
	for i := range out {
		out[i] = code{base, int(extra[i] - 'a')}
		base += 1 << out[i].bits
	}
	return out
}

func (r *backward) number(codes []code, symbol uint8) int {
	c := codes[symbol]
	return c.base + r.get(c.bits)
}

// table reads the table for one kind of symbols at b[at:end].
func (t *tables) table(kind, mode int, b []byte, at, end int) (int, error) {
	k := &kinds[kind]
	switch mode {
	case 0:
		counts := make([]int, len(k.counts))
		for i := range counts {
			counts[i] = int(k.counts[i]) - 'b'
		}
		t.codes[kind] = spread(counts, k.log)
	case 1:
		if at >= end {
			return 0, errDamaged
		}
		t.codes[kind] = []fse{{symbol: b[at]}}
		at++
	case 2:
		if at >= end {
			return 0, errDamaged
		}
		table, n, err := readTable(b[at:end+8], k.most, k.codes)
		if err != nil {
			return 0, err
		}
		t.codes[kind] = table
		at += n
	}
	for _, e := range t.codes[kind] {
		if int(e.symbol) >= k.codes {
			return 0, errDamaged
		}
	}
	if t.codes[kind] == nil { // mode 3, that of the block before, and there is none
		return 0, errDamaged
	}
	return at, nil
}

// sequences reads the sequences in the block from at on, and puts together
// literals and matches. RFC 8878, sections 3.1.1.3.2 and 3.1.1.4.
func (z *Reader) sequences(at, size int) error {
	b, t := z.block, &z.tables
	if at >= size {
		return errDamaged
	}
	n := int(b[at])
	at++
	switch {
	case n == 0:
		if at != size {
			return errDamaged
		}
		z.out = append(z.out, t.literals...)
		return nil
	case n == 255:
		n = int(binary.LittleEndian.Uint16(b[at:])) + 0x7f00
		at += 2
	case n >= 128:
		n = (n-128)<<8 | int(b[at])
		at++
	}
	modes := int(b[at])
	if at++; modes&3 != 0 || at > size {
		return errDamaged
	}
	for kind := range t.codes {
		var err error
		if at, err = t.table(kind, modes>>(6-2*kind)&3, b, at, size); err != nil {
			return err
		}
	}
	r, err := newBackward(b, at, size)
	if err != nil {
		return err
	}
	var states [3]fse
	for kind, table := range t.codes {
		states[kind] = table[r.get(bits.Len(uint(len(table)))-1)]
	}
	literals, from := t.literals, len(z.out)
	for i := range n {
		if i > 0 {
			for _, kind := range [3]int{0, 2, 1} {
				s := states[kind]
				states[kind] = t.codes[kind][int(s.base)+r.get(int(s.bits))]
			}
		}
		offset := 1<<states[1].symbol + r.get(int(states[1].symbol))
		length := r.number(matchCodes, states[2].symbol)
		plain := r.number(literalCodes, states[0].symbol)
		if r.at < r.start || plain > len(literals) {
			return errDamaged
		}
		offset = t.offset(offset, plain)
		z.out, literals = append(z.out, literals[:plain]...), literals[plain:]
		if offset <= 0 || offset > len(z.out) || offset > z.window || len(z.out)+length-from > largest {
			return errDamaged
		}
		for length > 0 { // what is copied may be what was copied just now
			start := len(z.out) - offset
			chunk := min(length, offset)
			z.out = append(z.out, z.out[start:start+chunk]...)
			length -= chunk
		}
	}
	if z.out = append(z.out, literals...); r.at != r.start || len(z.out)-from > largest {
		return errDamaged
	}
	return nil
}

// offset is what a number means after the offsets before it: 1 to 3 are these,
// counted from the next where no literals precede.
func (t *tables) offset(v, plain int) int {
	if v > 3 {
		t.offsets = [3]int{v - 3, t.offsets[0], t.offsets[1]}
		return v - 3
	}
	if plain > 0 {
		v--
	}
	o := t.offsets
	switch v {
	case 1:
		t.offsets = [3]int{o[1], o[0], o[2]}
	case 2:
		t.offsets = [3]int{o[2], o[0], o[1]}
	case 3:
		t.offsets = [3]int{o[0] - 1, o[0], o[1]}
	}
	return t.offsets[0]
}
