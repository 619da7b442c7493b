package chart

import (
	"math"
	"strings"

	"github.com/runnel-dev/runnel/report/markup"
)

// A Density shows where points lie, by counts in a grid of rectangles: cell
// (column i, row j) is Counts[j*Columns+i], row 0 the lowest. Colour is that of
// the cell's most frequent class where there are classes; strength that of the
// logarithm of the count.
type Density struct {
	Title          string
	XLabel, YLabel string
	X0, X1, Y0, Y1 float64
	Columns, Rows  int
	Counts         []int64
	Classes        []int32 // class of each cell; nil: none
	Names          []string
	Width          float64
}

// SVG draws the grid.
func (d *Density) SVG() markup.HTML {
	if d.Columns == 0 || d.Rows == 0 || len(d.Counts) != d.Columns*d.Rows || d.Classes != nil && len(d.Classes) != len(d.Counts) {
		return ""
	}
	w := orSize(d.Width, 300)
	const top = 8
	side := ticks(d.Y0, d.Y1, 5)
	left := 24 + widestTick(side)
	s := &svg{}
	sx := scale{d.X0, d.X1, left, w - 10}
	height := math.Round((sx.to - sx.from) * 0.75)
	sy := scale{d.Y0, d.Y1, top + height, top}
	s.axisY(sy, sx, side)
	for _, g := range d.groups(sx, sy) {
		s.path(g.path, g.class)
	}
	s.axisX(sx, sy.from, ticks(d.X0, d.X1, 6))
	s.text((sx.from+sx.to)/2, sy.from+34, "n", middle, d.XLabel, sx.to-sx.from)
	mid := top + height/2
	s.text(12, mid, "n", middle, d.YLabel, height, "transform", "rotate(-90 12 "+num(mid)+")")
	bottom := sy.from + 40
	if d.Classes != nil {
		bottom = s.legend(d.Names, nil, left, bottom+14, w)
	}
	return s.done(w, bottom+4, "", d.Title)
}

type group struct{ path, class string }

// groups gathers the cells of one class and strength into one path.
func (d *Density) groups(sx, sy scale) []group {
	const levels = 6
	most := 0.0
	for _, c := range d.Counts {
		most = max(most, math.Log1p(float64(c)))
	}
	names := max(1, len(d.Names))
	paths := make([]strings.Builder, names*levels)
	cw, ch := (sx.to-sx.from)/float64(d.Columns), (sy.from-sy.to)/float64(d.Rows)
	for cell, c := range d.Counts {
		if c == 0 {
			continue
		}
		k := 0
		if d.Classes != nil {
			if k = int(d.Classes[cell]); k < 0 || k >= names {
				continue
			}
		}
		level := min(levels-1, int(math.Log1p(float64(c))/most*levels))
		x, y := sx.from+cw*float64(cell%d.Columns), sy.from-ch*float64(cell/d.Columns+1)
		b := &paths[k*levels+level]
		b.WriteString("M" + num(x) + " " + num(y) + "h" + num(cw) + "v" + num(ch) + "h" + num(-cw) + "z")
	}
	var out []group
	for i := range paths {
		if paths[i].Len() == 0 {
			continue
		}
		cls := class("k", i/levels) + " e"
		if level := i%levels + 1; level < levels {
			cls += " " + class("o", level)
		}
		out = append(out, group{paths[i].String(), cls})
	}
	return out
}

// legend writes names beside their colours, in as many lines as it takes, and
// returns where it ends. dashed marks names that are drawn dashed.
func (s *svg) legend(names []string, dashed []bool, x, y, width float64) float64 {
	at := x
	for i, name := range names {
		w := min(textWidth(name), 150) + 28
		if at > x && at+w > width {
			at, y = x, y+18
		}
		if dashed != nil && dashed[i] {
			s.line(at, y-4, at+12, y-4, "line d "+class("s", i))
		} else {
			s.rect(at, y-9, 10, 10, class("k", i), "")
		}
		s.text(at+15, y, "n", start, name, 150)
		at += w
	}
	return y + 6
}
