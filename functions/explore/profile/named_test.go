package profile

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// TestNamedAsID compares with the expression that says the same.
func TestNamedAsID(t *testing.T) {
	want := regexp.MustCompile(`(?i)^(id|uuid|guid|key|index|row_?(id|number)|unnamed: ?\d+)$|[_ ](id|uuid|key)$|[a-z]I[Dd]$`)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`(unnamed: ?|row_?|[a-zA-Z_ 1]{0,2})(id|ID|Id|uuid|key|KEY|index|number|guid|[0-9]{0,2})[a1 ]?`).Draw(t, "name")
		if namedAsID(s) != want.MatchString(s) {
			t.Errorf("%q: %v", s, namedAsID(s))
		}
	})
}
