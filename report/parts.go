package report

import "github.com/runnel-dev/runnel/report/markup"

// Tiles shows a few facts large.
func Tiles(facts []Fact) markup.HTML { return definitions("tiles", facts) }

// Facts shows facts small, in two columns.
func Facts(facts []Fact) markup.HTML { return definitions("facts", facts) }

func definitions(class string, facts []Fact) markup.HTML {
	if len(facts) == 0 {
		return ""
	}
	var items []markup.HTML
	for _, f := range facts {
		value := markup.Text(f.Value)
		if f.Detail != "" {
			value += markup.El("small", nil, markup.Text(f.Detail))
		}
		items = append(items, markup.El("div", nil, markup.El("dt", nil, markup.Text(f.Name)), markup.El("dd", nil, value)))
	}
	return markup.El("dl", markup.Attr{"class", class}, items...)
}

// A Table is rows of text under a header. The first cell of a row names it.
type Table struct {
	Caption string
	Head    []string
	Text    int // columns from the left that are text; the rest are numbers, aligned right
	Rows    [][]string
}

// HTML is the table, in a frame that scrolls where it is too wide.
func (t *Table) HTML() markup.HTML {
	if len(t.Rows) == 0 {
		return ""
	}
	var head, rows []markup.HTML
	for i, h := range t.Head {
		head = append(head, markup.El("th", t.attrs(i, "col"), markup.Text(h)))
	}
	for _, r := range t.Rows {
		var cells []markup.HTML
		for i, c := range r {
			if i == 0 {
				cells = append(cells, markup.El("th", t.attrs(i, "row"), markup.Text(c)))
			} else {
				cells = append(cells, markup.El("td", t.attrs(i, ""), markup.Text(c)))
			}
		}
		rows = append(rows, markup.El("tr", nil, cells...))
	}
	return markup.El("div", markup.Attr{"class", "scroll", "role", "region", "aria-label", t.Caption, "tabindex", "0"},
		markup.El("table", nil, optional("caption", "", t.Caption),
			markup.El("thead", nil, markup.El("tr", nil, head...)), markup.El("tbody", nil, rows...)))
}

func (t *Table) attrs(i int, scope string) markup.Attr {
	var a markup.Attr
	if scope != "" {
		a = append(a, "scope", scope)
	}
	if i >= t.Text {
		a = append(a, "class", "num")
	}
	return a
}

// Figure is a chart under its caption; detail is small print below it.
func Figure(caption, detail string, body markup.HTML) markup.HTML {
	if body == "" {
		return ""
	}
	text := markup.Text(caption)
	if detail != "" {
		text += markup.El("span", nil, markup.Text(detail))
	}
	return markup.El("figure", nil, markup.El("figcaption", nil, text), body)
}

// Figures sets equally large figures side by side.
func Figures(figures ...markup.HTML) markup.HTML { return group("figures", figures) }

// Stack sets figures of different sizes side by side where there is room.
func Stack(figures ...markup.HTML) markup.HTML { return group("stack", figures) }

// Cards sets cards side by side.
func Cards(cards ...markup.HTML) markup.HTML { return group("cards", cards) }

func group(class string, parts []markup.HTML) markup.HTML {
	all := markup.Join(parts...)
	if all == "" {
		return ""
	}
	return markup.El("div", markup.Attr{"class", class}, all)
}

// Card is a small box with a title and a word on what it is.
func Card(title, role string, body ...markup.HTML) markup.HTML {
	head := markup.El("header", nil, markup.El("h3", nil, markup.Text(title)), optional("span", "role", role))
	return markup.El("article", markup.Attr{"class", "card"}, head, markup.Join(body...))
}

// An Alert is something that the reader should look at.
type Alert struct {
	Severity string // high, medium or low
	Name     string
	About    string // what it is about: names of columns
	Message  string
	Advice   string
}

// Alerts lists alerts.
func Alerts(alerts []Alert) markup.HTML {
	if len(alerts) == 0 {
		return ""
	}
	var items []markup.HTML
	for _, a := range alerts {
		items = append(items, markup.El("li", nil,
			markup.El("span", markup.Attr{"class", "badge " + a.Severity}, markup.Text(a.Severity)),
			markup.El("div", nil, markup.El("strong", nil, markup.Text(a.Name)), optional("span", "what", a.About)),
			markup.El("div", nil, optional("p", "", a.Message), optional("p", "", a.Advice))))
	}
	return markup.El("ul", markup.Attr{"class", "alerts"}, items...)
}

// Notes is a list of remarks.
func Notes(notes []string) markup.HTML {
	if len(notes) == 0 {
		return ""
	}
	var items []markup.HTML
	for _, n := range notes {
		items = append(items, markup.El("li", nil, markup.Text(n)))
	}
	return markup.El("ul", markup.Attr{"class", "notes"}, items...)
}

// Paragraph is a paragraph of text.
func Paragraph(text string) markup.HTML { return optional("p", "", text) }
