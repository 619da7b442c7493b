package nfc

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write tables.go anew, after an update of x/text")

// TestTables makes tables.go of the tables of x/text.
func TestTables(t *testing.T) {
	var composites, others, classes strings.Builder
	var first, count rune
	var class uint8
	flush := func() {
		if count > 0 {
			fmt.Fprintf(&classes, "%c%c%c", first, count+' ', rune(class)+' ')
		}
	}
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if r >= 0xd800 && r < 0xe000 || r >= syllables && r < syllables+nSyllable {
			continue
		}
		p := norm.NFD.PropertiesString(string(r))
		if c := p.CCC(); c > 0 && (count == 0 || c != class || r != first+count) {
			flush()
			first, count, class = r, 1, c
		} else if c > 0 {
			count++
		}
		parts := []rune(string(p.Decomposition()))
		switch n := len(parts); n {
		case 0:
		case 1:
			fmt.Fprintf(&others, "%c%c ", r, parts[0])
		default:
			a, b := []rune(norm.NFC.String(string(parts[:n-1]))), parts[n-1]
			switch whole := norm.NFC.String(string(parts)); {
			case len(a) == 1 && whole == string(r):
				fmt.Fprintf(&composites, "%c%c%c", r, a[0], b)
			case len(a) == 1:
				fmt.Fprintf(&others, "%c%c%c", r, a[0], b)
			case n == 3 && len(a) == 2: // what is excluded from composition is so in two steps
				inner := ""
				for q := rune(0x80); q < 0x30000; q++ {
					if string(norm.NFD.PropertiesString(string(q)).Decomposition()) == string(parts[:2]) {
						inner = string(q)
						break
					}
				}
				if inner == "" {
					t.Fatalf("%U has three parts, of which the first two are none", r)
				}
				fmt.Fprintf(&others, "%c%s%c", r, inner, b)
			default:
				t.Fatalf("%U decomposes into %U", r, parts)
			}
		}
	}
	flush()
	var marks strings.Builder
	joins := map[rune]bool{}
	for i, r := range []rune(composites.String()) {
		joins[r] = joins[r] || i%3 == 2
	}
	mark := func(r rune) bool {
		return norm.NFD.PropertiesString(string(r)).CCC() > 0 || joins[r] || r >= vowels && r < vowels+nVowels || r > tails && r < tails+nTails
	}
	count2 := func(decomposed, r string) (n [2]rune) {
		if decomposed == "" {
			decomposed = r
		}
		parts := []rune(decomposed)
		for int(n[0]) < len(parts) && mark(parts[n[0]]) {
			n[0]++
		}
		for int(n[1]) < len(parts) && mark(parts[len(parts)-1-int(n[1])]) {
			n[1]++
		}
		return n
	}
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if r >= syllables && r < syllables+nSyllable {
			continue
		}
		compatible := string(norm.NFKD.PropertiesString(string(r)).Decomposition())
		if n := count2(compatible, string(r)); compatible != "" && n != count2(string(norm.NFD.PropertiesString(string(r)).Decomposition()), string(r)) {
			fmt.Fprintf(&marks, "%c%c%c", r, n[0]+' ', n[1]+' ')
		}
	}
	var b bytes.Buffer
	b.WriteString("package nfc\n\n// Made by TestTables -update of the tables of golang.org/x/text.\nconst (\n")
	for _, c := range []struct{ name, doc, text string }{
		{"classes", "A rune, how many from it on, and their class, the numbers above that of a space.", classes.String()},
		{"composites", "A rune, and the two that it is composed of.", composites.String()},
		{"marks", "A rune, and with how many marks it begins and ends, the numbers above that of a space.", marks.String()},
		{"others", "A rune, and the one or two that stand for it; a space for none.", others.String()},
	} {
		fmt.Fprintf(&b, "\t// %s\n\t%s = \"\" +\n", c.doc, c.name)
		for runes := []rune(c.text); len(runes) > 0; {
			n := min(len(runes), 24)
			fmt.Fprintf(&b, "\t\t%s", strconv.QuoteToASCII(string(runes[:n])))
			if runes = runes[n:]; len(runes) > 0 {
				b.WriteString(" +")
			}
			b.WriteString("\n")
		}
	}
	b.WriteString(")\n")
	if *update {
		if err := os.WriteFile("tables.go", b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile("tables.go")
	if err != nil || !bytes.Equal(have, b.Bytes()) {
		t.Errorf("tables.go is not what x/text has (%v): go test ./internal/nfc -run TestTables -update", err)
	}
}

func TestEveryRune(t *testing.T) {
	for r := rune(0); r < 0x30000; r++ { // nothing beyond is composed
		for _, s := range []string{string(r), "a" + string(r) + "\u0301", string(r) + "\u0323\u0307" + string(r), "\u1100" + string(r) + "\u11a8"} {
			if got, want := plain(s), norm.NFC.String(s); got != want {
				t.Fatalf("%+q: %+q, want %+q", s, got, want)
			}
			if d := norm.NFD.String(s); plain(d) != norm.NFC.String(d) {
				t.Fatalf("%+q: %+q, want %+q", d, plain(d), norm.NFC.String(d))
			}
		}
	}
}

func TestPlain(t *testing.T) {
	mark := rapid.OneOf(rapid.RuneFrom(nil, unicode.M), rapid.SampledFrom([]rune("\u0301\u0323\u0344\u0f71\u1161\u11a8\u034f\u09be")))
	text := rapid.StringOf(rapid.OneOf(rapid.Rune(), mark, mark, rapid.SampledFrom([]rune("aeKÅ각가ཱི\u1100\u1161\u11a8ǭ\ufb1d"))))
	rapid.Check(t, func(t *rapid.T) {
		s := text.Draw(t, "text") + strings.Repeat(string(mark.Draw(t, "again")), rapid.IntRange(0, 70).Draw(t, "times")) + text.Draw(t, "more")
		if got, want := plain(s), norm.NFC.String(s); got != want {
			t.Fatalf("%+q: %+q, want %+q", s, got, want)
		}
	})
}
