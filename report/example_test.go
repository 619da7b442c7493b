package report_test

import (
	"bytes"
	"fmt"

	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/report/chart"
)

func ExamplePage() {
	bars := chart.Bars{Title: "Importance by column", Items: []chart.Bar{
		{Label: "bill_length_mm", Value: 0.41, Text: "0.41"},
		{Label: "island", Value: 0.12, Text: "0.12"},
	}}
	p := report.Page{
		Kind: "Evaluation", Title: "penguins <v3>",
		Facts: []report.Fact{{Name: "Accuracy", Value: "98.5%", Detail: "on 69 test rows"}},
		Sections: []report.Section{
			{ID: "importance", Title: "Importance", Body: report.Figure("Importance", "by permutation", bars.SVG())},
		},
	}
	html := p.HTML()
	fmt.Println(bytes.Contains(html, []byte("penguins &lt;v3&gt;")), bytes.Count(html, []byte("<svg")))
	// Output: true 1
}
