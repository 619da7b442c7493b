package text

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func load(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func TestStemAgainstSnowball(t *testing.T) {
	stems := map[string]string{}
	load(t, "porter.json", &stems)
	if len(stems) < 1000 {
		t.Fatalf("only %d words", len(stems))
	}
	for word, want := range stems {
		if got := Stem(word); got != want {
			t.Errorf("Stem(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestTermsAgainstScikitLearn(t *testing.T) {
	var cases []struct {
		Text          string
		Tokens, Terms []string
		Hash          uint32
	}
	load(t, "tokens.json", &cases)
	for _, c := range cases {
		if got := Tokens(nil, c.Text); !slices.Equal(got, c.Tokens) {
			t.Errorf("Tokens(%q) = %q, want %q", c.Text, got, c.Tokens)
		}
		if got := (&Analyzer{Options: Options{StopWords: true, NGrams: 3}}).Terms(nil, c.Text); !slices.Equal(got, c.Terms) {
			t.Errorf("Terms(%q) = %q, want %q", c.Text, got, c.Terms)
		}
		if got := Hash(c.Text); got != c.Hash {
			t.Errorf("Hash(%q) = %d, want %d", c.Text, got, c.Hash)
		}
	}
}

func FuzzTerms(f *testing.F) {
	f.Add("The running dogs' ran, naïvely")
	f.Add("\xff\xfe__")
	f.Fuzz(func(t *testing.T, s string) {
		kept := []string{"kept"}
		terms := (&Analyzer{Options: Options{StopWords: true, Stem: true, NGrams: 2}}).Terms(kept, s)
		if terms[0] != "kept" {
			t.Fatal("what was there is lost")
		}
		for _, term := range terms[1:] {
			if term == "" || term != strings.ToLower(term) || utf8.ValidString(s) && !utf8.ValidString(term) {
				t.Fatalf("term %q of %q", term, s)
			}
		}
	})
}
