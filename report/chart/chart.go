// Package chart draws small, still charts as SVG for a page of package report:
// histograms with densities and boxes, bars, heat maps, density grids, lines,
// confusion matrices, and the swarms, waterfalls and scatters of explanations.
//
// Colours, type sizes and the dark theme come from Style, which the page
// includes once. Names and numbers are escaped; a name that is too long is cut
// and kept whole in a tooltip.
package chart

import (
	"math"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/report/markup"
)

// Style is the CSS of every chart. It uses the custom properties --ink, --muted,
// --line, --panel, --on (text on a full colour), --pos, --neg and --k0 to --k7
// (colours of classes) that the page sets.
const Style = `.chart{display:block;max-width:100%;height:auto;font-family:inherit;font-variant-numeric:tabular-nums}
.chart.wide{max-width:none}
.chart text{font-size:11px;fill:var(--muted)}
.chart .n{font-size:12px;fill:var(--ink)}
.chart .v{font-size:12px;fill:var(--ink)}
.chart .c{font-size:11px;fill:var(--ink)}
.chart .on{fill:var(--on)}
.chart .a{stroke:var(--axis);stroke-width:1;fill:none}
.chart .g{stroke:var(--line);stroke-width:1;fill:none}
.chart .d{stroke-dasharray:3 3}
.chart .p{fill:var(--panel)}
.chart .pos{fill:var(--pos)}.chart .neg{fill:var(--neg)}
.chart .curve{fill:none;stroke:var(--curve);stroke-width:1.6;stroke-linejoin:round}
.chart .line{fill:none;stroke-width:2;stroke-linejoin:round}
.chart .box{fill:var(--panel);stroke:var(--axis)}
.chart .mid{stroke:var(--ink);stroke-width:2}
.chart .e{shape-rendering:crispEdges}
.chart .k0{fill:var(--k0)}.chart .k1{fill:var(--k1)}.chart .k2{fill:var(--k2)}.chart .k3{fill:var(--k3)}.chart .k4{fill:var(--k4)}.chart .k5{fill:var(--k5)}.chart .k6{fill:var(--k6)}.chart .k7{fill:var(--k7)}
.chart .s0{stroke:var(--k0)}.chart .s1{stroke:var(--k1)}.chart .s2{stroke:var(--k2)}.chart .s3{stroke:var(--k3)}.chart .s4{stroke:var(--k4)}.chart .s5{stroke:var(--k5)}.chart .s6{stroke:var(--k6)}.chart .s7{stroke:var(--k7)}
.chart .o1{fill-opacity:.16}.chart .o2{fill-opacity:.3}.chart .o3{fill-opacity:.46}.chart .o4{fill-opacity:.64}.chart .o5{fill-opacity:.82}
.chart .w{fill:var(--axis);fill-opacity:.75}.chart .w0{fill:var(--neg)}.chart .w1{fill:color-mix(in oklab,var(--neg) 83%,var(--pos))}.chart .w2{fill:color-mix(in oklab,var(--neg) 67%,var(--pos))}.chart .w3{fill:color-mix(in oklab,var(--neg) 50%,var(--pos))}.chart .w4{fill:color-mix(in oklab,var(--neg) 33%,var(--pos))}.chart .w5{fill:color-mix(in oklab,var(--neg) 17%,var(--pos))}.chart .w6{fill:var(--pos)}
`

// classes is the number of colours; a class beyond them starts over.
const classes = 8

// svg collects the elements of a drawing.
type svg struct{ parts []markup.HTML }

func (s *svg) add(h markup.HTML) { s.parts = append(s.parts, h) }

// done frames the drawing. title is what a screen reader says.
func (s *svg) done(w, h float64, class, title string) markup.HTML {
	attrs := markup.Attr{"class", strings.TrimSpace("chart " + class), "viewBox", "0 0 " + num(w) + " " + num(h),
		"width", num(w), "height", num(h), "role", "img"}
	return markup.El("svg", attrs, append([]markup.HTML{markup.El("title", nil, markup.Text(title))}, s.parts...)...)
}

func (s *svg) rect(x, y, w, h float64, class, title string) {
	attrs := markup.Attr{"x", num(x), "y", num(y), "width", num(w), "height", num(h), "class", class}
	if title == "" {
		s.add(markup.Void("rect", attrs))
		return
	}
	s.add(markup.El("rect", attrs, markup.El("title", nil, markup.Text(title))))
}

func (s *svg) line(x1, y1, x2, y2 float64, class string) {
	s.path("M"+num(x1)+" "+num(y1)+"L"+num(x2)+" "+num(y2), class)
}

func (s *svg) path(d, class string) {
	if d != "" {
		s.add(markup.Void("path", markup.Attr{"d", d, "class", class}))
	}
}

// The anchors of a text.
const (
	start  = "start"
	middle = "middle"
	end    = "end"
)

// text writes at most width wide (0: all of it); what is cut off is in the tooltip.
func (s *svg) text(x, y float64, class, anchor, text string, width float64, extra ...string) {
	attrs := markup.Attr{"x", num(x), "y", num(y)}
	if class != "" {
		attrs = append(attrs, "class", class)
	}
	if anchor != start {
		attrs = append(attrs, "text-anchor", anchor)
	}
	attrs = append(attrs, extra...)
	shown := text
	if width > 0 {
		shown = fit(text, width)
	}
	children := []markup.HTML{markup.Text(shown)}
	if shown != text {
		children = append(children, markup.El("title", nil, markup.Text(text)))
	}
	s.add(markup.El("text", attrs, children...))
}

// num writes a coordinate to a tenth of a pixel.
func num(v float64) string {
	v = math.Round(v*10) / 10
	if math.IsNaN(v) || math.IsInf(v, 0) || v == 0 {
		return "0"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// polyline joins points, leaving gaps at NaN.
func polyline(x, y []float64, sx, sy scale) string {
	var b strings.Builder
	pen := "M"
	for i := range x {
		if math.IsNaN(x[i]) || math.IsNaN(y[i]) {
			pen = "M"
			continue
		}
		b.WriteString(pen + num(sx.at(x[i])) + " " + num(sy.at(y[i])))
		pen = "L"
	}
	return b.String()
}

func class(prefix string, k int) string { return prefix + strconv.Itoa(k%classes) }
