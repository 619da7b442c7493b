package csv

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/internal/testneed"
)

// sameSplit fails where the levels find other fields in a text, or another
// place to cut it.
func sameSplit(t interface{ Fatalf(string, ...any) }, text []byte, cols int, d *Dialect) {
	describe := func(tk *tokens) string {
		tk.split(append(append([]byte{}, text...), d.newline()), cols, d)
		return fmt.Sprint(tk.rows, tk.starts, tk.ends, tk.lines, tk.quotes, tk.bad)
	}
	want := describe(&tokens{level: plain})
	for _, tk := range levels() {
		if got := describe(tk); got != want {
			t.Fatalf("%d columns of %q: level %d finds %s, want %s", cols, text, tk.level, got, want)
		}
		end, _ := lastRecordEnd(text, d, false)
		if got, ok := recordEnd(text, d, tk.level); ok && got != end {
			t.Fatalf("%q: level %d cuts at %d, want %d", text, tk.level, got, end)
		}
	}
}

func TestSplitLevels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SampledFrom([][]string{
			{"a", "1.5", ",", ",", "\n"},
			{",", "\n", `"a"`, `"b,c"`, `"d` + "\n" + `e"`, `"say ""hi"""`, `""`, "word", "\r\n"},
			{",", "\n", `"`, "x", "\r", "\r\n", `""`, "\x00", "é", "\xff"},
			{"a long field without anything in it, nearly", "\n", `","`, "\"\n", ",\"", `"`},
		}).Draw(t, "pieces")
		var text []byte
		for _, p := range rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 200).Draw(t, "text") {
			text = append(text, p...)
		}
		d := rapid.SampledFrom([]Dialect{{Delimiter: ",", Quote: `"`}, {Delimiter: "a", Quote: "'"}, {Delimiter: ";", Quote: `"`}, {Delimiter: ",", Quote: `"`, Newline: "CR"}}).Draw(t, "dialect")
		sameSplit(t, text, rapid.IntRange(1, 4).Draw(t, "cols"), &d)
	})
}

// Quotes in odd places, across the borders of 64 bytes too.
func TestSplitOdd(t *testing.T) {
	d := &Dialect{Delimiter: ",", Quote: `"`}
	for _, row := range []string{"\"a\"\rx,b\n", "\"a\"\r,b\n", "\"a\"x,b\n", "a\"b\",c\n", "\r\"a\",b\n", "\"a\" ,b\n", " \"a\",b\n", "\"a\"\r\r\n,b\n", "\"a\",\"b\n"} {
		for n := range 70 {
			sameSplit(t, []byte(strings.Repeat("x", n)+",y\n"+row+"1,2\n"), 2, d)
		}
	}
}

// Rows that are well formed keep to the quick road, quotes or not.
func TestWalkSuffices(t *testing.T) {
	tk := newTokens()
	if tk.level < avx512 {
		testneed.Skip(t, "a processor with AVX-512 is needed")
	}
	for _, row := range []string{"a,b\n", "\"a\",b\r\n", "a,\"b\"\r\n", "\"a,\"\"\n\",\"\"\n", "\"\"\"\",\n"} {
		d := &Dialect{Delimiter: ",", Quote: `"`}
		for n := range 200 {
			text := []byte{}
			for range n + 1 {
				text = append(text, row...)
			}
			tk.buf = text
			if !tk.walk(d) || tk.records != n+1 {
				t.Fatalf("%d times %q: not walked, or %d records", n+1, row, tk.records)
			}
			if end, ok := recordEnd(append(text, `"open`...), d, tk.level); !ok || end != len(text) {
				t.Fatalf("%d times %q: cut at %d of %d", n+1, row, end, len(text))
			}
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", "a,b\n", "\"a\"\"b\",\"c\nd\"\r\ne,f", "\"x\"y,z\n", "a\"b\",c\n", ",,\n\n\"\r\n\""} {
		f.Add([]byte(s), 2, byte(','), byte('"'))
	}
	f.Fuzz(func(t *testing.T, text []byte, cols int, delimiter, quote byte) {
		if delimiter == quote || delimiter == '\n' || quote == '\n' || delimiter == '\r' || quote == '\r' || delimiter >= 0x80 || quote >= 0x80 || delimiter == 0 || quote == 0 {
			return
		}
		sameSplit(t, text, max(1, cols%5), &Dialect{Delimiter: string(rune(delimiter)), Quote: string(rune(quote))})
	})
}
