package chart

import (
	"math"

	"github.com/runnel-dev/runnel/report/markup"
)

// Lines shows y against x: a ROC curve, a calibration, a history.
type Lines struct {
	Title          string
	XLabel, YLabel string
	Series         []Series
	X, Y           *[2]float64 // ranges; nil: that of the values
	Diagonal       bool        // draw y = x, dashed
	Width, Height  float64
}

// A Series is one line. NaN leaves a gap.
type Series struct {
	Name   string
	X, Y   []float64
	Dashed bool
	Dots   bool // mark each point
}

// SVG draws the lines.
func (l *Lines) SVG() markup.HTML {
	w, h := orSize(l.Width, 420), orSize(l.Height, 320)
	x, y := rangeOf(l.X, l.Series, false), rangeOf(l.Y, l.Series, true)
	if !(x[0] <= x[1]) || !(y[0] <= y[1]) {
		return ""
	}
	side := ticks(y[0], y[1], 6)
	sx, sy := scale{x[0], x[1], 26 + widestTick(side), w - 14}, scale{y[0], y[1], h - 46, 10}
	s := &svg{}
	s.axisY(sy, sx, side)
	s.axisX(sx, sy.from, ticks(x[0], x[1], 6))
	if l.Diagonal {
		lo, hi := max(x[0], y[0]), min(x[1], y[1])
		s.line(sx.at(lo), sy.at(lo), sx.at(hi), sy.at(hi), "a d")
	}
	var names []string
	var dashed []bool
	for k, series := range l.Series {
		cls := "line " + class("s", k)
		if series.Dashed {
			cls += " d"
		}
		s.path(polyline(series.X, series.Y, sx, sy), cls)
		if series.Dots {
			s.dots(series, sx, sy, class("k", k))
		}
		names, dashed = append(names, series.Name), append(dashed, series.Dashed)
	}
	s.text((sx.from+sx.to)/2, h-12, "n", middle, l.XLabel, sx.to-sx.from)
	mid := (sy.from + sy.to) / 2
	s.text(12, mid, "n", middle, l.YLabel, sy.from-sy.to, "transform", "rotate(-90 12 "+num(mid)+")")
	bottom := h
	if len(names) > 1 {
		bottom = s.legend(names, dashed, sx.from, h+8, w) + 4
	}
	return s.done(w, bottom, "", l.Title)
}

func (s *svg) dots(series Series, sx, sy scale, cls string) {
	for i := range series.X {
		if x, y := sx.at(series.X[i]), sy.at(series.Y[i]); !math.IsNaN(x + y) {
			s.add(markup.Void("circle", markup.Attr{"cx", num(x), "cy", num(y), "r", "3", "class", cls}))
		}
	}
}

func rangeOf(given *[2]float64, series []Series, y bool) [2]float64 {
	if given != nil {
		return *given
	}
	r := [2]float64{math.Inf(1), math.Inf(-1)}
	for _, s := range series {
		values := s.X
		if y {
			values = s.Y
		}
		for _, v := range values {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				r[0], r[1] = min(r[0], v), max(r[1], v)
			}
		}
	}
	return r
}
