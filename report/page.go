// Package report lays out self-contained HTML pages: one file without scripts
// or references to anything outside it, readable in light and dark, on paper and
// on a phone. Charts come from package chart, text through package markup.
package report

import (
	_ "embed"

	"github.com/runnel-dev/runnel/report/chart"
	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/report/markup"
)

//go:embed style.css
var style string

// A Page is a report.
type Page struct {
	Kind     string // what sort of report it is: "Data profile"
	Title    string // what it is about
	Lead     string // a sentence or two under the title
	Facts    []Fact // the numbers to know first
	Sections []Section
	Footer   string
}

// A Section is a part of a page that the contents lead to.
type Section struct {
	ID    string // a-z, 0-9 and hyphens, chosen by the program
	Title string
	Count int    // shown beside the title in the contents; 0: none
	Lead  string // what the section shows, in a sentence
	Body  markup.HTML
}

// A Fact is a name and a value.
type Fact struct {
	Name, Value string
	Detail      string // small print
}

// HTML is the whole document. Sections without a body are left out.
func (p *Page) HTML() []byte {
	var contents, sections []markup.HTML
	for _, s := range p.Sections {
		if s.Body == "" {
			continue
		}
		contents = append(contents, s.entry())
		sections = append(sections, s.html())
	}
	title := p.Kind + ": " + p.Title
	head := markup.El("head", nil,
		markup.Void("meta", markup.Attr{"charset", "utf-8"}),
		markup.Void("meta", markup.Attr{"name", "viewport", "content", "width=device-width, initial-scale=1"}),
		markup.Void("meta", markup.Attr{"name", "color-scheme", "content", "light dark"}),
		markup.Void("meta", markup.Attr{"http-equiv", "Content-Security-Policy", "content", "default-src 'none'; style-src 'unsafe-inline'"}),
		markup.El("title", nil, markup.Text(title)),
		markup.El("style", nil, markup.HTML(style+chart.Style)))
	header := markup.El("header", nil,
		markup.El("p", markup.Attr{"class", "kind"}, markup.Text(p.Kind)),
		markup.El("h1", nil, markup.Text(p.Title)),
		optional("p", "lead", p.Lead),
		Tiles(p.Facts))
	body := markup.El("div", markup.Attr{"class", "body"},
		markup.El("nav", markup.Attr{"aria-label", "Contents"}, markup.El("ol", nil, contents...)),
		markup.El("main", nil, sections...))
	page := markup.El("div", markup.Attr{"class", "page"}, header, body, optional("footer", "", p.Footer))
	return []byte("<!doctype html>\n" + string(markup.El("html", markup.Attr{"lang", "en"}, head, markup.El("body", nil, page))) + "\n")
}

func (s *Section) entry() markup.HTML {
	count := markup.HTML("")
	if s.Count > 0 {
		count = markup.El("span", nil, markup.Text(format.Count(int64(s.Count))))
	}
	return markup.El("li", nil, markup.El("a", markup.Attr{"href", "#" + s.ID}, markup.Text(s.Title), count))
}

func (s *Section) html() markup.HTML {
	return markup.El("section", markup.Attr{"id", s.ID, "aria-labelledby", s.ID + "-title"},
		markup.El("h2", markup.Attr{"id", s.ID + "-title"}, markup.Text(s.Title)),
		optional("p", "", s.Lead), s.Body)
}

func optional(tag, class, text string) markup.HTML {
	switch {
	case text == "":
		return ""
	case class == "":
		return markup.El(tag, nil, markup.Text(text))
	}
	return markup.El(tag, markup.Attr{"class", class}, markup.Text(text))
}
