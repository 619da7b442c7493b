// Package modelname says what models and datasets may be called.
package modelname

import "strings"

// MaxBytes is how long a name may be.
const MaxBytes = 100

// Valid reports whether a model may have that name: 1 to 100 letters, digits,
// dots, hyphens and underscores, the first a letter or digit.
func Valid(name string) bool {
	return name != "" && len(name) <= MaxBytes && !strings.ContainsRune("._-", rune(name[0])) && clean(name, isPart) == name
}

// Model replaces each run of what no name may hold by a hyphen.
func Model(text string) string { return clean(text, isPart) }

// Dataset replaces each run of anything but lower-case letters and digits by a hyphen.
func Dataset(text string) string {
	return clean(text, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' })
}

func isPart(r rune) bool {
	return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)
}

// clean replaces each run of runes that are not kept by a hyphen.
func clean(text string, keep func(rune) bool) string {
	var b strings.Builder
	gap := false
	for _, r := range text {
		if !keep(r) {
			gap = true
			continue
		}
		if gap {
			b.WriteByte('-')
			gap = false
		}
		b.WriteRune(r)
	}
	if gap {
		b.WriteByte('-')
	}
	return b.String()
}
