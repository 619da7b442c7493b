package chart

import (
	"math"

	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/report/markup"
)

// A Waterfall shows how parts lead from a base to a total: what each feature adds
// to the prediction of one row.
type Waterfall struct {
	Title       string
	Base, Total float64
	From, To    string // what the base and the total are: "on average", "this row"
	Steps       []Bar  // in the order in which they are added, from the base
	Width       float64
}

// SVG draws the waterfall, the largest step at the top where it is the last.
func (f *Waterfall) SVG() markup.HTML {
	if len(f.Steps) == 0 || math.IsNaN(f.Base+f.Total) || math.IsInf(f.Base, 0) || math.IsInf(f.Total, 0) {
		return ""
	}
	const line = 25.0
	w := orSize(f.Width, 620)
	labels, texts := make([]string, len(f.Steps)), make([]string, len(f.Steps))
	lo, hi, at := min(f.Base, f.Total), max(f.Base, f.Total), f.Base
	for i, b := range f.Steps {
		labels[i], texts[i] = b.Label, b.Text
		at += b.Value
		lo, hi = min(lo, at), max(hi, at)
	}
	if !(hi > lo) {
		lo, hi = lo-1, hi+1
	}
	left := widest(labels, w*0.42) + 14
	room := widest(texts, w*0.15) + 8 // for what is written beside a bar
	sx := scale{lo, hi, left + room, w - room}
	top := 26.0
	bottom := top + line*float64(len(f.Steps))
	s := &svg{}
	all := ticks(lo, hi, 6)
	for _, t := range all {
		s.line(sx.at(t.at), top, sx.at(t.at), bottom, "g")
	}
	s.line(sx.at(f.Base), top, sx.at(f.Base), bottom, "a d")
	s.line(sx.at(f.Total), top-4, sx.at(f.Total), bottom, "a d")
	at = f.Base
	for i, b := range f.Steps {
		y := bottom - line*float64(i+1)
		s.text(left-8, y+16.5, "n", end, b.Label, w*0.42)
		next := at + b.Value
		x0, x1, fill := sx.at(at), sx.at(next), "pos"
		if next < at {
			fill = "neg"
		}
		s.rect(min(x0, x1), y+4, max(math.Abs(x1-x0), 0.8), line-8, fill, b.Label+": "+b.Text)
		if next < at {
			s.text(min(x0, x1)-5, y+16.5, "v", end, b.Text, room)
		} else {
			s.text(max(x0, x1)+5, y+16.5, "v", start, b.Text, room)
		}
		if i+1 < len(f.Steps) {
			s.line(x1, y-4, x1, y+4, "g")
		}
		at = next
	}
	s.axisX(sx, bottom, all)
	ends := func(x, y float64, text string) {
		half := textWidth(text) / 2
		s.text(min(max(x, half+2), w-half-2), y, "v", middle, text, 0)
	}
	ends(sx.at(f.Total), 15, f.To+" "+format.Number(f.Total))
	ends(sx.at(f.Base), bottom+34, f.From+" "+format.Number(f.Base))
	return s.done(w, bottom+42, "", f.Title)
}
