package chart

import (
	"math"

	"github.com/runnel-dev/runnel/report/markup"
)

// A Scatter shows y against x as dots: what a feature adds, against its value.
type Scatter struct {
	Title          string
	XLabel, YLabel string
	X, Y           []float64
	Shade          []float64 // colours from 0 to 1, NaN is grey; nil: one colour
	Names          []string  // of categories: x is then an index of them
	Zero           bool      // y = 0 is marked
	Whole          bool      // x are whole numbers
	Width, Height  float64
}

// SVG draws the dots. Those of a category lie beside each other.
func (c *Scatter) SVG() markup.HTML {
	one := []Series{{X: c.X, Y: c.Y}}
	x, y := rangeOf(nil, one, false), rangeOf(nil, one, true)
	if len(c.Names) > 0 {
		x = [2]float64{-0.5, float64(len(c.Names)) - 0.5}
	}
	if !(x[0] <= x[1]) || !(y[0] <= y[1]) {
		return ""
	}
	if c.Zero {
		y[0], y[1] = min(y[0], 0), max(y[1], 0)
	}
	least := 0.0
	if c.Whole {
		least = 1
	}
	w, h := orSize(c.Width, 320), orSize(c.Height, 240)
	foot := 46.0
	if len(c.Names) > 0 {
		foot = widest(c.Names, 90)*0.77 + 34
	}
	side := ticks(y[0], y[1], 6)
	pad := 5.0
	sx, sy := scale{x[0], x[1], 26 + widestTick(side) + pad, w - 14}, scale{y[0], y[1], h - foot - pad, 10 + pad}
	s := &svg{}
	frame := scale{0, 1, sx.from - pad, sx.to + pad}
	s.axisY(sy, frame, side)
	if c.Zero {
		s.line(frame.from, sy.at(0), frame.to, sy.at(0), "a")
	}
	base := sy.from + pad
	if len(c.Names) > 0 {
		s.line(frame.from, base, frame.to, base, "a")
		for k, name := range c.Names {
			at, down := sx.at(float64(k))+4, base+12
			s.text(at, down, "n", end, name, 90, "transform", "rotate(-50 "+num(at)+" "+num(down)+")")
		}
	} else {
		s.axisX(sx, base, ticksFrom(x[0], x[1], 6, least))
	}
	spread := 0.0
	if len(c.Names) > 0 {
		spread = 0.32 * (sx.at(1) - sx.at(0))
	}
	for i := range c.X {
		px, py := sx.at(c.X[i]), sy.at(c.Y[i])
		if math.IsNaN(px+py) || math.IsInf(px+py, 0) {
			continue
		}
		shade := 1.0
		if c.Shade != nil {
			shade = c.Shade[i]
		}
		// The golden ratio spreads the dots of a category evenly.
		_, part := math.Modf(float64(i) * 0.6180339887498949)
		s.dot(px+spread*(2*part-1), py, 2.4, shade)
	}
	s.text((sx.from+sx.to)/2, h-8, "n", middle, c.XLabel, sx.to-sx.from)
	mid := (sy.from + sy.to) / 2
	s.text(12, mid, "n", middle, c.YLabel, sy.from-sy.to, "transform", "rotate(-90 12 "+num(mid)+")")
	return s.done(w, h, "", c.Title)
}
