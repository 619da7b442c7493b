package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/report/markup"
)

func TestPage(t *testing.T) {
	const name = `<b>"&`
	p := &report.Page{
		Kind: "Evaluation", Title: name, Lead: name, Footer: name, Facts: []report.Fact{{Name: name, Value: name, Detail: name}},
		Sections: []report.Section{
			{ID: "one", Title: name, Count: 3, Lead: name, Body: (&report.Table{Caption: name, Head: []string{name, "n"}, Text: 1, Rows: [][]string{{name, "1"}}}).HTML()},
			{ID: "empty", Title: "Left out"},
			{ID: "two", Title: "Two", Body: markup.Join(
				report.Alerts([]report.Alert{{Severity: "high", Name: name, About: name, Message: name, Advice: name}}),
				report.Cards(report.Card(name, name, report.Facts([]report.Fact{{Name: name, Value: name}}))),
				report.Figures(report.Figure(name, name, markup.Text(name))), report.Notes([]string{name}), report.Paragraph(name))},
		},
	}
	html := string(p.HTML())
	body, ok := strings.CutPrefix(html, "<!doctype html>\n")
	if !ok {
		t.Error("no doctype")
	}
	d, bold, sections, links := xml.NewDecoder(strings.NewReader(body)), 0, 0, 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := tok.(xml.StartElement); ok {
			switch e.Name.Local {
			case "b", "script":
				bold++
			case "section":
				sections++
			case "a":
				links++
			}
		}
	}
	if bold != 0 || sections != 2 || links != 2 || strings.Contains(html, "Left out") {
		t.Errorf("%d elements from data, %d sections, %d links", bold, sections, links)
	}
}

func TestEmptyParts(t *testing.T) {
	for name, h := range map[string]markup.HTML{
		"table": (&report.Table{Head: []string{"a"}}).HTML(), "alerts": report.Alerts(nil), "notes": report.Notes(nil), "tiles": report.Tiles(nil),
		"figures": report.Figures("", ""), "figure": report.Figure("a", "b", ""), "paragraph": report.Paragraph(""),
	} {
		if h != "" {
			t.Errorf("%s of nothing: %s", name, h)
		}
	}
}
