package preprocess

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// TestIndexName compares with the expression that says the same.
func TestIndexName(t *testing.T) {
	want := regexp.MustCompile(`^(Unnamed: \d+|__index_level_\d+__)$`)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`(Unnamed: |__index_level_|unnamed: )[0-9a]{0,3}(__)?`).Draw(t, "name")
		if indexName(s) != want.MatchString(s) {
			t.Errorf("%q: %v", s, indexName(s))
		}
	})
}
