package chart

import (
	"math"
	"strconv"

	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/report/markup"
)

// A HeatMap shows a matrix of values in [-1, 1] by colour: one for positive,
// one for negative, stronger with size. Cells that are large enough carry the number.
type HeatMap struct {
	Title         string
	Rows, Columns []string
	Values        [][]float64 // NaN: no value
	Unsigned      bool        // values are in [0, 1]
}

// SVG draws the matrix.
func (h *HeatMap) SVG() markup.HTML {
	if len(h.Rows) == 0 || len(h.Columns) == 0 {
		return ""
	}
	n := float64(len(h.Columns))
	cell := math.Round(max(19, min(44, 520/n)))
	left := widest(h.Rows, 150) + 10
	foot := widest(h.Columns, 150)*0.77 + 22
	width, bottom := left+cell*n+10, 4+cell*float64(len(h.Rows))
	// Names under the columns lean to the left of them.
	s := &svg{}
	for i, row := range h.Values {
		y := 4 + cell*float64(i)
		s.text(left-8, y+cell/2+4, "n", end, h.Rows[i], 150)
		for j, v := range row {
			h.cell(s, i, j, v, left+cell*float64(j), y, cell)
		}
	}
	for j, name := range h.Columns {
		x, y := left+cell*(float64(j)+0.5)+4, bottom+12
		s.text(x, y, "n", end, name, 150, "transform", "rotate(-50 "+num(x)+" "+num(y)+")")
	}
	h.legend(s, left, bottom+foot+8)
	return s.done(max(width, left+250), bottom+foot+34, wideClass(width), h.Title)
}

func wideClass(width float64) string {
	if width > 480 {
		return "wide"
	}
	return ""
}

func (h *HeatMap) cell(s *svg, i, j int, v, x, y, size float64) {
	title := h.Rows[i] + " and " + h.Columns[j] + ": " + format.Fixed(v, 3)
	if math.IsNaN(v) {
		s.rect(x, y, size-1, size-1, "p", title)
		return
	}
	s.shade(x, y, size-1, size-1, v, title)
	if size >= 30 {
		s.text(x+(size-1)/2, y+size/2+3.5, cellText(v), middle, format.Fixed(v, 2), 0)
	}
}

// shade fills a rectangle by a value in [-1, 1].
func (s *svg) shade(x, y, w, h, v float64, title string) {
	fill := "pos"
	if v < 0 {
		fill = "neg"
	}
	attrs := markup.Attr{"x", num(x), "y", num(y), "width", num(w), "height", num(h), "class", fill,
		"fill-opacity", strconv.FormatFloat(math.Round(100*min(1, math.Abs(v)))/100, 'f', -1, 64)}
	s.add(markup.El("rect", attrs, markup.El("title", nil, markup.Text(title))))
}

func cellText(v float64) string {
	if math.Abs(v) > 0.6 {
		return "c on"
	}
	return "c"
}

func (h *HeatMap) legend(s *svg, x, y float64) {
	lo := -1.0
	if h.Unsigned {
		lo = 0
	}
	const steps, w = 21, 8
	for k := range steps {
		v := lo + (1-lo)*float64(k)/(steps-1)
		s.shade(x+40+w*float64(k), y, w, 10, v, format.Fixed(v, 1))
	}
	s.text(x+34, y+9, "", end, format.Fixed(lo, 0), 0)
	s.text(x+46+w*steps, y+9, "", start, "+1", 0)
}

// A Confusion shows how often each class was taken for each other.
type Confusion struct {
	Title   string
	Classes []string
	Counts  [][]int64 // [actual][predicted]
}

// SVG draws the matrix: shades are shares of the actual class.
func (c *Confusion) SVG() markup.HTML {
	n := len(c.Classes)
	if n == 0 {
		return ""
	}
	cell := math.Round(max(30, min(84, 480/float64(n))))
	left, foot := widest(c.Classes, 150)+30, widest(c.Classes, 150)*0.77+30
	bottom := 8 + cell*float64(n)
	s := &svg{}
	for i, row := range c.Counts {
		total := int64(0)
		for _, v := range row {
			total += v
		}
		y := 8 + cell*float64(i)
		s.text(left-8, y+cell/2+4, "n", end, c.Classes[i], 150)
		for j, v := range row {
			share := float64(v) / float64(max(total, 1))
			x := left + cell*float64(j)
			title := "actual " + c.Classes[i] + ", predicted " + c.Classes[j] + ": " + format.Count(v) + " (" + format.Percent(share) + ")"
			shown := share
			if i != j {
				shown = -share // errors have the other colour
			}
			s.rect(x, y, cell-1, cell-1, "p", "")
			s.shade(x, y, cell-1, cell-1, shown, title)
			up := 4.0
			if cell >= 54 {
				up = -2
				s.text(x+cell/2, y+cell/2+14, cellText(share), middle, format.Percent(share), 0)
			}
			s.text(x+cell/2, y+cell/2+up, cellText(share), middle, format.Count(v), cell)
		}
	}
	for j, name := range c.Classes {
		x, y := left+cell*(float64(j)+0.5)+4, bottom+12
		s.text(x, y, "n", end, name, 150, "transform", "rotate(-50 "+num(x)+" "+num(y)+")")
	}
	mid := 8 + cell*float64(n)/2
	s.text(12, mid, "", middle, "actual", 0, "transform", "rotate(-90 12 "+num(mid)+")")
	s.text(left+cell*float64(n)/2, bottom+foot, "", middle, "predicted", 0)
	width := left + cell*float64(n) + 10
	return s.done(width, bottom+foot+8, wideClass(width), c.Title)
}
