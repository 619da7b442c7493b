package chart

import "strings"

// textWidth estimates the width in pixels of a text of 12 px in a common sans serif.
func textWidth(s string) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune("ijlt.,:;'|!()[] f", r):
			w += 0.32
		case strings.ContainsRune("mwMW@%—…", r):
			w += 0.9
		case r >= 'A' && r <= 'Z' || r == '_':
			w += 0.66
		case r >= 0x1100:
			w += 1.05
		default:
			w += 0.57
		}
	}
	return w * 13 // with room for wider faces
}

// fit cuts a text to a width in pixels, in the middle, where names differ least.
func fit(s string, width float64) string {
	if textWidth(s) <= width {
		return s
	}
	runes := []rune(s)
	for keep := len(runes) - 1; keep > 2; keep-- {
		tail := keep / 3
		cut := string(runes[:keep-tail]) + "…" + string(runes[len(runes)-tail:])
		if textWidth(cut) <= width {
			return cut
		}
	}
	return string(runes[:min(1, len(runes))]) + "…"
}

// widest is the width of the widest text, at most most.
func widest(texts []string, most float64) float64 {
	w := 0.0
	for _, t := range texts {
		w = max(w, textWidth(t))
	}
	return min(w, most)
}
