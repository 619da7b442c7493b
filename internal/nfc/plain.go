package nfc

import "sync"

// A pair is what a rune decomposes into, its second one 0 for none.
type pair struct{ a, b rune }

// tables are those of the constants, taken apart.
type tables struct {
	parts    map[rune][]rune // full decompositions
	composed map[pair]rune
	class    map[rune]uint8 // combining classes other than 0
	joins    map[rune]bool  // those that are composed with what is before them
	counts   map[rune][2]int
}

var (
	once   sync.Once
	loaded *tables
)

// load is no sync.OnceValue, which would link the tables where nothing is normalised.
func load() *tables {
	once.Do(func() { loaded = unpacked() })
	return loaded
}

func unpacked() *tables {
	t := &tables{map[rune][]rune{}, map[pair]rune{}, map[rune]uint8{}, map[rune]bool{}, map[rune][2]int{}}
	triple := [3]rune{}
	n := 0
	each := func(text string, take func(x, y, z rune)) {
		for _, r := range text {
			if triple[n] = r; n < 2 {
				n++
				continue
			}
			n = 0
			take(triple[0], triple[1], triple[2])
		}
	}
	each(classes, func(first, count, class rune) {
		for i := range count - ' ' {
			t.class[first+i] = uint8(class - ' ')
		}
	})
	each(marks, func(r, leading, trailing rune) { t.counts[r] = [2]int{int(leading - ' '), int(trailing - ' ')} })
	mapped := map[rune]pair{}
	each(others, func(r, a, b rune) {
		if b == ' ' {
			b = 0
		}
		mapped[r] = pair{a, b}
	})
	each(composites, func(r, a, b rune) {
		mapped[r], t.composed[pair{a, b}], t.joins[b] = pair{a, b}, r, true
	})
	var full func(to []rune, r rune) []rune
	full = func(to []rune, r rune) []rune {
		p, ok := mapped[r]
		if !ok {
			return append(to, r)
		}
		if to = full(to, p.a); p.b != 0 {
			to = full(to, p.b)
		}
		return to
	}
	for r := range mapped {
		t.parts[r] = full(nil, r)
	}
	return t
}

// Hangul syllables are composed by rule: The Unicode Standard, section 3.12.
const (
	syllables = 0xac00
	leads     = 0x1100
	vowels    = 0x1161
	tails     = 0x11a7 // one before the first
	nVowels   = 21
	nTails    = 28
	nSyllable = 19 * nVowels * nTails
)

// most is how many combining marks may follow one another; a joiner that stands
// for nothing comes between them and more (UAX #15, section 13).
const (
	most   = 30
	joiner = '\u034f'
)

// plain follows UAX #15.
func plain(s string) string {
	low := true
	for i := range len(s) {
		low = low && s[i] < 0xcc // U+0300, the first mark, is CC 80
	}
	if low {
		return s
	}
	t := load()
	var out []rune
	run := 0
	for _, r := range s {
		var one [3]rune
		parts := t.parts[r]
		if at := r - syllables; at >= 0 && at < nSyllable {
			one = [3]rune{leads + at/(nVowels*nTails), vowels + at/nTails%nVowels, tails + at%nTails}
			if parts = one[:]; one[2] == tails {
				parts = one[:2]
			}
		} else if parts == nil {
			one[0] = r
			parts = one[:1]
		}
		leading, trailing := t.count(r, parts)
		if run += leading; run > most {
			out = append(out, joiner)
			run = leading
		}
		if leading == 0 {
			run = trailing
		}
		for _, p := range parts {
			out = append(out, p)
			if class := t.class[p]; class > 0 { // marks stand in the order of their classes
				for i := len(out) - 1; i > 0 && t.class[out[i-1]] > class; i-- {
					out[i], out[i-1] = out[i-1], out[i]
				}
			}
		}
	}
	return string(t.compose(out))
}

// count is with how many marks a rune begins and ends: those of its
// decomposition for compatibility, so that every form breaks at the same places.
func (t *tables) count(r rune, parts []rune) (leading, trailing int) {
	if c, ok := t.counts[r]; ok {
		return c[0], c[1]
	}
	for leading < len(parts) && t.mark(parts[leading]) {
		leading++
	}
	for trailing < len(parts) && t.mark(parts[len(parts)-1-trailing]) {
		trailing++
	}
	return leading, trailing
}

// mark tells whether a rune is a mark, or joins what is before it.
func (t *tables) mark(r rune) bool {
	return t.class[r] > 0 || t.joins[r] || r >= vowels && r < vowels+nVowels || r > tails && r < tails+nTails
}

// compose puts starters together with what follows them.
func (t *tables) compose(in []rune) []rune {
	out := in[:0]
	starter, last := -1, uint8(0) // the class of what was kept after the starter
	for _, r := range in {
		class := t.class[r]
		if starter >= 0 && (starter == len(out)-1 || last < class && last > 0) {
			if c := t.pair(out[starter], r); c != 0 {
				out[starter] = c
				continue
			}
		}
		out = append(out, r)
		if last = class; class == 0 {
			starter = len(out) - 1
		}
	}
	return out
}

func (t *tables) pair(a, b rune) rune {
	switch {
	case a >= leads && a < leads+19 && b >= vowels && b < vowels+nVowels:
		return syllables + ((a-leads)*nVowels+b-vowels)*nTails
	case a >= syllables && a < syllables+nSyllable && (a-syllables)%nTails == 0 && b > tails && b < tails+nTails:
		return a + b - tails
	}
	return t.composed[pair{a, b}]
}
