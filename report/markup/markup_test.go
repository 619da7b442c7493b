package markup_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	. "github.com/runnel-dev/runnel/report/markup"
	"pgregory.net/rapid"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		`<script>alert("1")</script>`:  "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;",
		`a & 'b'`:                      "a &amp; &#39;b&#39;",
		"nul\x00, bad \xff, \u202efdp": "nul\ufffd, bad \ufffd, \ufffdfdp",
		"naïve\n日本":                    "naïve\n日本",
	} {
		if got := Text(in); string(got) != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestElements(t *testing.T) {
	got := El("p", Attr{"title", `"><b>`}, Text("1 < 2"), Void("br", nil), El("i", nil))
	if want := `<p title="&#34;&gt;&lt;b&gt;">1 &lt; 2<br/><i></i></p>`; string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Whatever the text, the markup stays well-formed and holds nothing but it.
func TestNothingEscapes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("<>&\"'/=;\x00\x1b\ufffe")))).Draw(t, "text")
		d := xml.NewDecoder(strings.NewReader(string(El("a", Attr{"b", s}, Text(s)))))
		elements := 0
		for {
			tok, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if start, ok := tok.(xml.StartElement); ok {
				if elements++; len(start.Attr) != 1 {
					t.Fatalf("attributes %v", start.Attr)
				}
			}
		}
		if elements != 1 {
			t.Fatalf("%d elements", elements)
		}
	})
}
