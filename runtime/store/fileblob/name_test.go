package fileblob

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPathOf(t *testing.T) {
	long := strings.Repeat("x", 80)
	for key, want := range map[string]string{
		"artifacts/sha256/ab/cd": "artifacts/sha256/ab/cd.blob",
		"a":                      "a.blob",
		"a.blob/b":               "a%2eblob/b.blob",
		"Ab!":                    "!ab%21.blob",
		"..":                     "%2e%2e.blob",
		"../../etc/passwd":       "%2e%2e/%2e%2e/etc/passwd.blob",
		"/etc/passwd":            "%/etc/passwd.blob",
		"a//b/":                  "a/%/b/%.blob",
		".tmp/x":                 "%2etmp/x.blob",
		"é\x00 ":                 "%c3%a9%00%20.blob",
		"a.":                     "a%2e.blob",
		`a\b`:                    "a%5cb.blob",
		"v1.csv":                 "v1.csv.blob",
		long + "yz/b":            long + "^/yz/b.blob",
		long:                     long + ".blob",
	} {
		if got, err := pathOf(key); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", key, got, err, want)
		}
	}
	for _, bad := range []string{"", strings.Repeat("x", maxKey+1)} {
		if _, err := pathOf(bad); err == nil {
			t.Errorf("a key of %d bytes was taken", len(bad))
		}
	}
}

// FuzzPathOf checks that a path says its key, is within the bounds of every file
// system, and leaves no directory.
func FuzzPathOf(f *testing.F) {
	for _, s := range []string{"a", "../..", "//", "A.BLOB", "a.blob/b", strings.Repeat("Ü", 100), "%", "!a", "a^/b", "con.txt", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		p, err := pathOf(key)
		if err != nil {
			return
		}
		names := strings.Split(p, "/")
		var b strings.Builder
		for i, name := range names {
			last := i == len(names)-1
			if len(name) > 255 || name == "" || name[0] == '.' || strings.ToLower(name) != name || !utf8.ValidString(name) {
				t.Fatalf("%q: the name %q", key, name)
			}
			rest, isFile := strings.CutSuffix(name, suffix)
			if isFile != last {
				t.Fatalf("%q: %q does not tell files from directories", key, p)
			}
			rest, long := strings.CutSuffix(rest, string(more))
			s, ok := unescape(rest, !last && !long)
			if !ok {
				t.Fatalf("%q: the name %q is not read", key, name)
			}
			b.WriteString(s)
			if !last && !long {
				b.WriteByte('/')
			}
		}
		if b.String() != key {
			t.Fatalf("%q is read as %q", key, b.String())
		}
	})
}

// Of the names of one key only one is read, so that a foreign file is no second blob.
func TestUnescapeForeign(t *testing.T) {
	for _, name := range []string{"", "%2E", "!1", "!", "a!", "%6", "%zz", ".a", "a%41", "A", "a.", "%61", "é", "%%", "a b"} {
		if s, ok := unescape(name, false); ok {
			t.Errorf("%q is read as %q", name, s)
		}
	}
	if _, ok := unescape("a.blob", true); ok {
		t.Error("a directory with the name of a file is read")
	}
	if _, ok := unescape("a%2eblob", false); ok {
		t.Error("a file with the name of a directory is read")
	}
}
