package chart

import (
	"math"
	"slices"

	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/report/markup"
)

// A Histogram shows counts between edges, with a curve over them and a box
// plot on the same axis below, where they are given.
type Histogram struct {
	Title  string
	Edges  []float64 // one more than Counts
	Counts []int64
	X, Y   []float64 // curve, in counts
	Box    *Box
	Time   bool     // values are microseconds since 1970
	Whole  bool     // values are whole numbers
	Mark   *float64 // bars from there on have the second colour; nil: none has
	Width  float64
	Height float64
}

// A Box is Tukey's box plot.
type Box struct {
	Min, Lower, Q1, Median, Q3, Upper, Max float64
}

// SVG draws the histogram.
func (h *Histogram) SVG() markup.HTML {
	if len(h.Counts) == 0 || len(h.Edges) != len(h.Counts)+1 {
		return ""
	}
	w, height := orSize(h.Width, 320), orSize(h.Height, 150)
	bottom := height - 20
	if h.Box != nil {
		bottom -= 24
	}
	most := max(float64(slices.Max(h.Counts)), 1)
	sx := scale{h.Edges[0], h.Edges[len(h.Edges)-1], 40, w - 10}
	sy := scale{0, most, bottom, 12}
	s := &svg{}
	s.axisY(sy, sx, ticks(0, most, 3))
	h.bars(s, sx, sy)
	if len(h.X) > 0 {
		y := make([]float64, len(h.Y))
		for i, v := range h.Y {
			y[i] = min(v, most*1.05)
		}
		s.path(polyline(h.X, y, sx, sy), "curve")
	}
	if h.Box != nil {
		h.Box.draw(s, sx, bottom+13, 12)
		bottom += 24
	}
	ts := ticks(sx.lo, sx.hi, 6)
	switch {
	case h.Time:
		ts = timeTicks(sx.lo, sx.hi, 5)
	case h.Whole:
		ts = ticksFrom(sx.lo, sx.hi, 6, 1)
	}
	s.axisX(sx, bottom, ts)
	return s.done(w, height, "", h.Title)
}

func (h *Histogram) bars(s *svg, sx, sy scale) {
	write := format.Number
	if h.Time {
		write = format.Time
	}
	for i, c := range h.Counts {
		if c == 0 {
			continue
		}
		x0, x1, y := sx.at(h.Edges[i]), sx.at(h.Edges[i+1]), sy.at(float64(c))
		gap := min(1, (x1-x0)/5)
		title := write(h.Edges[i]) + " to " + write(h.Edges[i+1]) + ": " + format.Plural(c, "row")
		y = min(y, sy.from-0.7) // a single row is seen
		colour := 0
		if h.Mark != nil && h.Edges[i] >= *h.Mark {
			colour = 1
		}
		s.rect(x0+gap/2, y, max(x1-x0-gap, 0.5), sy.from-y, class("k", colour), title)
	}
}

// draw puts a box plot around the height y.
func (b *Box) draw(s *svg, sx scale, y, thick float64) {
	if b.Min < b.Lower {
		s.line(sx.at(b.Min), y, sx.at(b.Lower), y, "a d")
	}
	if b.Max > b.Upper {
		s.line(sx.at(b.Upper), y, sx.at(b.Max), y, "a d")
	}
	s.line(sx.at(b.Lower), y, sx.at(b.Q1), y, "a")
	s.line(sx.at(b.Q3), y, sx.at(b.Upper), y, "a")
	s.line(sx.at(b.Lower), y-thick/4, sx.at(b.Lower), y+thick/4, "a")
	s.line(sx.at(b.Upper), y-thick/4, sx.at(b.Upper), y+thick/4, "a")
	title := "median " + format.Number(b.Median) + ", quartiles " + format.Number(b.Q1) + " and " + format.Number(b.Q3)
	s.rect(sx.at(b.Q1), y-thick/2, max(sx.at(b.Q3)-sx.at(b.Q1), 1), thick, "box", title)
	s.line(sx.at(b.Median), y-thick/2, sx.at(b.Median), y+thick/2, "mid")
}

// Boxes compares distributions on one axis.
type Boxes struct {
	Title  string
	Labels []string
	Boxes  []Box
	Width  float64
}

// SVG draws the boxes, one below the other.
func (b *Boxes) SVG() markup.HTML {
	if len(b.Boxes) == 0 {
		return ""
	}
	w := orSize(b.Width, 560)
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, x := range b.Boxes {
		lo, hi = min(lo, x.Min), max(hi, x.Max)
	}
	left := widest(b.Labels, 160) + 14
	sx := scale{lo, hi, left, w - 12}
	s := &svg{}
	for i := range b.Boxes {
		y := 16 + 26*float64(i)
		s.text(left-8, y+4, "n", end, b.Labels[i], 160)
		b.Boxes[i].draw(s, sx, y, 14)
	}
	y := 10 + 26*float64(len(b.Boxes))
	s.axisX(sx, y, ticks(lo, hi, 7))
	return s.done(w, y+22, "", b.Title)
}

func orSize(v, fallback float64) float64 {
	if v > 0 {
		return v
	}
	return fallback
}
