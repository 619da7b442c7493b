package modelname

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// The plain functions do what these expressions say.
var (
	valid     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	notModel  = regexp.MustCompile(`[^A-Za-z0-9._-]+`)
	notInData = regexp.MustCompile(`[^a-z0-9]+`)
)

func TestNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z0-9._ é-]{0,110}`)).Draw(t, "text")
		if got, want := Valid(s), valid.MatchString(s); got != want {
			t.Errorf("Valid(%q) = %v", s, got)
		}
		if got, want := Model(s), notModel.ReplaceAllString(s, "-"); got != want {
			t.Errorf("Model(%q) = %q, want %q", s, got, want)
		}
		if got, want := Dataset(s), notInData.ReplaceAllString(s, "-"); got != want {
			t.Errorf("Dataset(%q) = %q, want %q", s, got, want)
		}
	})
}
