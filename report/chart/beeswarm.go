package chart

import (
	"math"
	"slices"
	"strconv"

	"github.com/runnel-dev/runnel/report/markup"
)

// A Beeswarm shows many values a line as dots, those that would touch side by
// side: what each feature adds to the prediction of each row.
type Beeswarm struct {
	Title  string
	XLabel string
	Lines  []Swarm
	Width  float64
}

// A Swarm is one line of dots. Shade colours a dot from low (0) to high (1); NaN
// is grey. Without shades all dots are.
type Swarm struct {
	Label  string
	Values []float64
	Shade  []float64
}

// SVG draws the swarms.
func (b *Beeswarm) SVG() markup.HTML {
	lo, hi := 0.0, 0.0
	labels := []string{}
	for _, l := range b.Lines {
		labels = append(labels, l.Label)
		for _, v := range l.Values {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
	}
	if len(b.Lines) == 0 {
		return ""
	}
	if hi == lo {
		lo, hi = -1, 1
	}
	const line, radius = 30.0, 2.4
	w := orSize(b.Width, 640)
	left := widest(labels, w*0.32) + 14
	bottom := 6 + line*float64(len(b.Lines))
	sx := scale{lo, hi, left + 6, w - 70}
	s := &svg{}
	for _, t := range ticks(lo, hi, 6) {
		s.line(sx.at(t.at), 4, sx.at(t.at), bottom, "g")
	}
	s.line(sx.at(0), 4, sx.at(0), bottom, "a")
	for i, l := range b.Lines {
		y := 6 + line*(float64(i)+0.5)
		s.text(left-8, y+4, "n", end, l.Label, w*0.32)
		s.swarm(l, sx, y, line/2-radius-1, radius)
	}
	s.axisX(sx, bottom, ticks(lo, hi, 6))
	s.text((sx.from+sx.to)/2, bottom+34, "n", middle, b.XLabel, sx.to-sx.from)
	s.shadeLegend(w-34, 6, min(bottom-12, 150))
	return s.done(w, bottom+42, "", b.Title)
}

// swarm sets dots that share a place above and below each other, drawn closer
// where they would leave the line.
func (s *svg) swarm(l Swarm, sx scale, y, room, radius float64) {
	order := make([]int, 0, len(l.Values))
	for i, v := range l.Values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			order = append(order, i)
		}
	}
	place := func(i int) int { return int(math.Round(sx.at(l.Values[i]) / (1.6 * radius))) }
	count := map[int]int{}
	for _, i := range order {
		count[place(i)]++
	}
	most := 0
	for _, n := range count {
		most = max(most, n)
	}
	step := min(1.7*radius, 2*room/float64(max(most, 1)))
	shade := func(i int) float64 {
		if l.Shade == nil {
			return math.NaN()
		}
		return l.Shade[i]
	}
	// Within a place, low values lie below high ones.
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := shade(a), shade(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	put := map[int]int{}
	for _, i := range order {
		at := place(i)
		off := (float64(put[at]) - float64(count[at]-1)/2) * step
		put[at]++
		s.dot(sx.at(l.Values[i]), y-off, radius, shade(i))
	}
}

// shades is the number of colours from low to high.
const shades = 7

func (s *svg) dot(x, y, radius, shade float64) {
	cls := "w"
	if !math.IsNaN(shade) {
		cls = "w" + strconv.Itoa(int(math.Round(min(1, max(0, shade))*(shades-1))))
	}
	s.add(markup.Void("circle", markup.Attr{"cx", num(x), "cy", num(y), "r", num(radius), "class", cls}))
}

// shadeLegend is an upright bar of the colours from low to high.
func (s *svg) shadeLegend(x, y, height float64) {
	step := (height - 34) / shades
	if step < 3 {
		return
	}
	s.text(x+4, y+9, "", middle, "high", 0)
	for k := range shades {
		s.rect(x, y+16+step*float64(shades-1-k), 8, step+0.5, "w"+strconv.Itoa(k), "")
	}
	s.text(x+4, y+30+step*shades, "", middle, "low", 0)
}
