package stats

import "math"

// A Range is cut into Bins of equal width.
type Range struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	Bins int     `json:"bins"`
}

// A Histogram counts numbers by bin, exactly. A bin holds its lower edge; the
// last also its upper (as in numpy).
type Histogram struct {
	Range
	Counts []int64 `json:"counts"`
	Below  int64   `json:"below"` // numbers less than Low
	Above  int64   `json:"above"` // numbers greater than High
}

func newHistogram(r Range) *Histogram {
	r.Bins = max(r.Bins, 1)
	return &Histogram{Range: r, Counts: make([]int64, r.Bins)}
}

// Edge is the lower edge of bin i, and for i = Bins the upper edge of the last.
func (h *Histogram) Edge(i int) float64 {
	if i == h.Bins {
		return h.High
	}
	return h.Low + float64(float64(i)*((h.High-h.Low)/float64(h.Bins)))
}

func (h *Histogram) add(values []float64) {
	scale := float64(h.Bins) / (h.High - h.Low)
	for _, v := range values {
		switch {
		case v < h.Low:
			h.Below++
			continue
		case v > h.High:
			h.Above++
			continue
		}
		// The product may round to the bin beside; the edges decide.
		i := 0
		if x := (v - h.Low) * scale; !math.IsNaN(x) {
			i = min(int(x), h.Bins-1)
		}
		for i > 0 && v < h.Edge(i) {
			i--
		}
		for i < h.Bins-1 && v >= h.Edge(i+1) {
			i++
		}
		h.Counts[i]++
	}
}

func (h *Histogram) merge(o *Histogram) {
	for i, n := range o.Counts {
		h.Counts[i] += n
	}
	h.Below += o.Below
	h.Above += o.Above
}
