// Package text takes text apart into the terms that features are made of:
// tokens, without stop words, stemmed, in n-grams, hashed.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tokens splits text into words in lower case: runs of two or more letters,
// digits, marks and underscores of any script, as scikit-learn's default token
// pattern does. Words are appended to out, which may be nil.
func Tokens(out []string, s string) []string {
	lower := strings.ToLower(s)
	start, runes := -1, 0
	for i, r := range lower {
		if wordRune(r) {
			if start < 0 {
				start, runes = i, 0
			}
			runes++
			continue
		}
		if start >= 0 && runes > 1 {
			out = append(out, lower[start:i])
		}
		start = -1
	}
	if start >= 0 && runes > 1 {
		out = append(out, lower[start:])
	}
	return out
}

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '_' || 'A' <= r && r <= 'Z'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r))
}

// Options say how text becomes terms. The zero value gives its tokens.
type Options struct {
	StopWords bool `json:"stop_words,omitempty"` // leave out English stop words
	Stem      bool `json:"stem,omitempty"`       // Porter stems in place of words
	NGrams    int  `json:"ngrams,omitempty"`     // also runs of up to so many words, joined by a space; 0 means 1
}

// An Analyzer makes terms of texts, as its options say. It remembers stems, and
// is for one goroutine.
type Analyzer struct {
	Options
	stems map[string]string
}

// Terms appends to out the terms of a text: single words in their order first,
// then pairs, and so on.
func (a *Analyzer) Terms(out []string, s string) []string {
	from := len(out)
	out = Tokens(out, s)
	words := out[from:from]
	for _, w := range out[from:] {
		if a.StopWords && StopWord(w) {
			continue
		}
		if a.Stem {
			w = a.stem(w)
		}
		words = append(words, w)
	}
	out = out[:from+len(words)]
	for n := 2; n <= a.NGrams; n++ {
		for i := 0; i+n <= len(words); i++ {
			out = append(out, strings.Join(words[i:i+n], " "))
		}
	}
	return out
}

func (a *Analyzer) stem(word string) string {
	stem, ok := a.stems[word]
	if !ok {
		if a.stems == nil || len(a.stems) > 1<<16 { // a bound for texts without end
			a.stems = map[string]string{}
		}
		word = strings.Clone(word) // the text itself is not to be kept alive
		stem = Stem(word)
		a.stems[word] = stem
	}
	return stem
}

// Hash is MurmurHash3 (x86, 32 bits, seed 0; Appleby 2008), the hash of
// scikit-learn's HashingVectorizer.
func Hash(s string) uint32 {
	const c1, c2 = 0xcc9e2d51, 0x1b873593
	var h uint32
	scramble := func(k uint32) uint32 {
		k *= c1
		return (k<<15 | k>>17) * c2
	}
	n := len(s)
	for ; len(s) >= 4; s = s[4:] {
		h ^= scramble(uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24)
		h = (h<<13|h>>19)*5 + 0xe6546b64
	}
	var k uint32
	for i := len(s) - 1; i >= 0; i-- {
		k = k<<8 | uint32(s[i])
	}
	h ^= scramble(k)
	h ^= uint32(n)
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}
