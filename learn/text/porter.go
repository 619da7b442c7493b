package text

import "strings"

// Stem is Porter's stemmer: "relational" and "relate" both become "relat"
// (Porter, An algorithm for suffix stripping, Program 14(3), 1980). A word with
// anything but the letters a to z, or of one or two letters, is its own stem.
func Stem(word string) string {
	if len(word) < 3 {
		return word
	}
	for i := range len(word) {
		if word[i] < 'a' || word[i] > 'z' {
			return word
		}
	}
	w := stem(word)
	w.step1()
	w.replace(step2[:])
	w.replace(step3[:])
	w.step4()
	w.step5()
	return string(w)
}

// A stem is a word on its way to its stem.
type stem []byte

// consonant reports whether letter i is one: y is, unless it follows one.
func (w stem) consonant(i int) bool {
	switch w[i] {
	case 'a', 'e', 'i', 'o', 'u':
		return false
	case 'y':
		return i == 0 || !w.consonant(i-1)
	}
	return true
}

// measure is Porter's m: how often a run of vowels is followed by consonants.
func (w stem) measure() int {
	m, vowel := 0, false
	for i := range w {
		c := w.consonant(i)
		if c && vowel {
			m++
		}
		vowel = !c
	}
	return m
}

func (w stem) hasVowel() bool {
	for i := range w {
		if !w.consonant(i) {
			return true
		}
	}
	return false
}

// doubled reports whether the word ends in a consonant twice.
func (w stem) doubled() bool {
	n := len(w)
	return n > 1 && w[n-1] == w[n-2] && w.consonant(n-1)
}

// short reports whether the word ends consonant, vowel, consonant, the last
// none of w, x and y: Porter's *o.
func (w stem) short() bool {
	n := len(w)
	return n > 2 && w.consonant(n-3) && !w.consonant(n-2) && w.consonant(n-1) && !strings.ContainsRune("wxy", rune(w[n-1]))
}

// without gives the word less a suffix, where it has it.
func (w stem) without(suffix string) (stem, bool) {
	n := len(w) - len(suffix)
	if n < 0 || string(w[n:]) != suffix {
		return w, false
	}
	return w[:n], true
}

// step1 takes away plurals, -ed and -ing, and makes a final y an i.
func (w *stem) step1() {
	if r, ok := w.without("sses"); ok {
		*w = append(r, "ss"...)
	} else if r, ok := w.without("ies"); ok {
		*w = append(r, 'i')
	} else if _, ok := w.without("ss"); ok {
	} else if r, ok := w.without("s"); ok {
		*w = r
	}
	if r, ok := w.without("eed"); ok {
		if r.measure() > 0 {
			*w = append(r, "ee"...)
		}
	} else if r, ok := w.without("ed"); ok && r.hasVowel() {
		*w = r
		w.restore()
	} else if r, ok := w.without("ing"); ok && r.hasVowel() {
		*w = r
		w.restore()
	}
	if r, ok := w.without("y"); ok && r.hasVowel() {
		*w = append(r, 'i')
	}
}

// restore mends what taking away -ed or -ing leaves: hop(p)ing, fil(e)ing.
func (w *stem) restore() {
	for _, suffix := range []string{"at", "bl", "iz"} {
		if _, ok := w.without(suffix); ok {
			*w = append(*w, 'e')
			return
		}
	}
	last := (*w)[len(*w)-1]
	if w.doubled() && last != 'l' && last != 's' && last != 'z' {
		*w = (*w)[:len(*w)-1]
	} else if w.measure() == 1 && w.short() {
		*w = append(*w, 'e')
	}
}

// step2 and step3 pair suffixes with what replaces them where m > 0. The first
// that the word ends in decides; no suffix ends another that comes after it.
var step2 = [...][2]string{{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"},
	{"abli", "able"}, {"alli", "al"}, {"entli", "ent"}, {"eli", "e"}, {"ousli", "ous"}, {"ization", "ize"}, {"ation", "ate"},
	{"ator", "ate"}, {"alism", "al"}, {"iveness", "ive"}, {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"}, {"iviti", "ive"}, {"biliti", "ble"}}

var step3 = [...][2]string{{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""}, {"ness", ""}}

var step4 = [...]string{"al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize"}

func (w *stem) replace(suffixes [][2]string) {
	for _, s := range suffixes {
		if r, ok := w.without(s[0]); ok {
			if r.measure() > 0 {
				*w = append(r, s[1]...)
			}
			return
		}
	}
}

// step4 takes away a suffix where m > 1.
func (w *stem) step4() {
	for _, s := range step4 {
		r, ok := w.without(s)
		if !ok {
			continue
		}
		if s == "ion" && (len(r) == 0 || r[len(r)-1] != 's' && r[len(r)-1] != 't') {
			return
		}
		if r.measure() > 1 {
			*w = r
		}
		return
	}
}

// step5 takes away a final e, and one of two l.
func (w *stem) step5() {
	if r, ok := w.without("e"); ok {
		if m := r.measure(); m > 1 || m == 1 && !r.short() {
			*w = r
		}
	}
	if w.doubled() && (*w)[len(*w)-1] == 'l' && w.measure() > 1 {
		*w = (*w)[:len(*w)-1]
	}
}
