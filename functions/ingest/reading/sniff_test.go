package reading

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// TestIsJSON compares with the expression that says the same.
func TestIsJSON(t *testing.T) {
	want := regexp.MustCompile(`^\x{feff}?\s*(\[\s*)?\{\s*["}]|^\x{feff}?\s*\[\s*\]\s*$`)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`\x{feff}?[ \n\t\r\f\v]{0,2}\[?[ \n]{0,2}[\[{\]"}a]?[ \n]{0,2}["}\]a]?[ \n]{0,2}.?`).Draw(t, "text")
		if isJSON([]byte(s)) != want.MatchString(s) {
			t.Errorf("%q: %v", s, isJSON([]byte(s)))
		}
	})
}
