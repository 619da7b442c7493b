package chart

import (
	"math"

	"github.com/runnel-dev/runnel/report/markup"
)

// Bars compares values by horizontal bars: importances, shares, class counts.
type Bars struct {
	Title string
	Items []Bar
	Max   float64 // value of a bar of full length; 0: the largest
	Width float64
}

// A Bar is one line of Bars. Where any value is negative, bars grow to both
// sides of a middle line and are coloured by sign.
type Bar struct {
	Label string
	Value float64
	Text  string // what is written beside the bar
	Class int    // colour
}

// SVG draws the bars.
func (b *Bars) SVG() markup.HTML {
	if len(b.Items) == 0 {
		return ""
	}
	const line = 22
	w, most, signed := orSize(b.Width, 560), b.Max, false
	labels, texts := make([]string, len(b.Items)), make([]string, len(b.Items))
	for i, it := range b.Items {
		labels[i], texts[i] = it.Label, it.Text
		if !math.IsNaN(it.Value) {
			most = max(most, math.Abs(it.Value))
			signed = signed || it.Value < 0
		}
	}
	left, right := widest(labels, w*0.36)+10, w-widest(texts, w*0.3)-10
	sx := scale{0, max(most, math.SmallestNonzeroFloat64), left, right}
	if signed {
		sx.lo = -sx.hi
	}
	s := &svg{}
	for i, it := range b.Items {
		y := 4 + line*float64(i)
		s.text(left-8, y+14, "n", end, it.Label, w*0.36)
		x0, x1 := sx.at(0), sx.at(it.Value)
		fill := class("k", it.Class)
		if signed {
			fill = "pos"
			if it.Value < 0 {
				fill, x0, x1 = "neg", x1, x0
			}
		}
		s.rect(left, y+3, right-left, line-7, "p", "")
		if !math.IsNaN(it.Value) {
			s.rect(x0, y+3, max(x1-x0, 0.8), line-7, fill, it.Label+": "+it.Text)
		}
		s.text(right+8, y+14, "v", start, it.Text, w*0.3)
	}
	if signed {
		s.line(sx.at(0), 4, sx.at(0), 4+line*float64(len(b.Items)), "a")
	}
	return s.done(w, 8+line*float64(len(b.Items)), "", b.Title)
}
