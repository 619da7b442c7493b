package nearest

import (
	"slices"
	"testing"
)

func TestNames(t *testing.T) {
	columns := []string{"species", "island", "bill_length_mm", "body_mass_g", "sex", "year"}
	for _, test := range []struct {
		name string
		want []string
	}{
		{"speices", []string{"species"}},
		{"SPECIES", []string{"species"}},
		{"bill_length", []string{"bill_length_mm"}},
		{"mass", []string{"body_mass_g"}},
		{"yaer", []string{"year"}},
		{"temperature", nil},
		{"", nil},
	} {
		if got := Names(test.name, columns, 3); !slices.Equal(got, test.want) {
			t.Errorf("Names(%q) = %q, want %q", test.name, got, test.want)
		}
	}
}

func TestHint(t *testing.T) {
	if got, want := Hint("tarin", []string{"train", "clean"}), "; did you mean train?"; got != want {
		t.Errorf("Hint = %q, want %q", got, want)
	}
	if got := Hint("zzzz", []string{"train"}); got != "" {
		t.Errorf("Hint = %q, want none", got)
	}
}
