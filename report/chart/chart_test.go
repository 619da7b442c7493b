package chart_test

import (
	"encoding/xml"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/report/chart"
	"github.com/runnel-dev/runnel/report/markup"
	"pgregory.net/rapid"
)

const hostile = `</svg><script>"&'`

func charts() map[string]markup.HTML {
	nan := math.NaN()
	box := chart.Box{Min: 0, Lower: 1, Q1: 2, Median: 3, Q3: 4, Upper: 5, Max: 9}
	return map[string]markup.HTML{
		"histogram":  (&chart.Histogram{Title: hostile, Edges: []float64{0, 1, 2}, Counts: []int64{3, 1}, X: []float64{0, 1, 2}, Y: []float64{1, 9, nan}, Box: &box}).SVG(),
		"time":       (&chart.Histogram{Title: "t", Edges: []float64{0, 1e12, 2e15}, Counts: []int64{3, 0}, Time: true}).SVG(),
		"far times":  (&chart.Histogram{Title: "t", Edges: []float64{-1e300, 1e300}, Counts: []int64{3}, Time: true}).SVG(),
		"enormous":   (&chart.Histogram{Title: "t", Edges: []float64{-math.MaxFloat64, math.MaxFloat64}, Counts: []int64{3}}).SVG(),
		"tiny":       (&chart.Histogram{Title: "t", Edges: []float64{0, 5e-324}, Counts: []int64{math.MaxInt64}}).SVG(),
		"boxes":      (&chart.Boxes{Title: "b", Labels: []string{hostile, "b"}, Boxes: []chart.Box{box, box}}).SVG(),
		"bars":       (&chart.Bars{Title: "b", Items: []chart.Bar{{Label: hostile, Value: 1, Text: hostile}, {Label: "b", Value: nan}}}).SVG(),
		"signed":     (&chart.Bars{Title: "b", Items: []chart.Bar{{Label: "a", Value: -1}, {Label: "b", Value: 2}}}).SVG(),
		"all zero":   (&chart.Bars{Title: "b", Items: []chart.Bar{{Label: "a"}, {Label: "b"}}}).SVG(),
		"heat map":   (&chart.HeatMap{Title: "h", Rows: []string{hostile, "b"}, Columns: []string{hostile, "b"}, Values: [][]float64{{1, nan}, {-0.7, 0}}}).SVG(),
		"confusion":  (&chart.Confusion{Title: "c", Classes: []string{hostile, "b"}, Counts: [][]int64{{5, 1}, {0, 0}}}).SVG(),
		"density":    (&chart.Density{Title: "d", XLabel: hostile, YLabel: "y", X1: 1, Y1: 1, Columns: 2, Rows: 1, Counts: []int64{9, 1}, Classes: []int32{0, 1}, Names: []string{hostile, "b"}}).SVG(),
		"no spread":  (&chart.Density{Title: "d", Columns: 2, Rows: 1, Counts: []int64{0, 0}}).SVG(),
		"lines":      (&chart.Lines{Title: "l", XLabel: "x", YLabel: hostile, Diagonal: true, Series: []chart.Series{{Name: hostile, X: []float64{0, 1}, Y: []float64{0, 1}, Dots: true}, {Name: "b", X: []float64{0, nan, 1}, Y: []float64{1, 0, 0.5}, Dashed: true}}}).SVG(),
		"beeswarm":   (&chart.Beeswarm{Title: "s", XLabel: hostile, Lines: []chart.Swarm{{Label: hostile, Values: []float64{-1, 0, 0, 0, nan, 3}, Shade: []float64{0, 1, nan, 2, 0, 0.5}}, {Label: "grey", Values: make([]float64, 500)}}}).SVG(),
		"no swarm":   (&chart.Beeswarm{Title: "s", Lines: []chart.Swarm{{Label: "a", Values: []float64{0, nan}}}}).SVG(),
		"waterfall":  (&chart.Waterfall{Title: "w", Base: 1, Total: 2, From: hostile, To: "to", Steps: []chart.Bar{{Label: hostile, Value: 3, Text: "+3"}, {Label: "b", Value: -2, Text: hostile}}}).SVG(),
		"flat fall":  (&chart.Waterfall{Title: "w", Base: 1, Total: 1, Steps: []chart.Bar{{Label: "a"}}}).SVG(),
		"scatter":    (&chart.Scatter{Title: "s", XLabel: "x", YLabel: hostile, X: []float64{1, nan, 3}, Y: []float64{0, 1, -1}, Shade: []float64{0, 1, nan}, Zero: true}).SVG(),
		"categories": (&chart.Scatter{Title: "s", X: []float64{0, 1, 1}, Y: []float64{0, 1, 2}, Names: []string{hostile, "b"}}).SVG(),
		"flat lines": (&chart.Lines{Title: "l", Series: []chart.Series{{X: []float64{1, 1}, Y: []float64{2, 2}}}}).SVG(),
	}
}

var number = regexp.MustCompile(`-?\d*\.?\d+`)

// Every chart is well-formed, named, and has finite coordinates within its frame.
func TestCharts(t *testing.T) {
	for name, svg := range charts() {
		t.Run(name, func(t *testing.T) { check(t, string(svg)) })
	}
}

func check(t interface {
	Errorf(string, ...any)
	Fatalf(string, ...any)
}, svg string) {
	d := xml.NewDecoder(strings.NewReader(svg))
	var width, height float64
	for depth := 0; ; {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v in %s", err, svg)
		}
		if _, ok := tok.(xml.EndElement); ok {
			depth--
		}
		e, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		depth++
		attrs := map[string]string{}
		for _, a := range e.Attr {
			attrs[a.Name.Local] = a.Value
		}
		if depth == 1 {
			width, _ = strconv.ParseFloat(attrs["width"], 64)
			height, _ = strconv.ParseFloat(attrs["height"], 64)
			if e.Name.Local != "svg" || attrs["role"] != "img" || width <= 0 || height <= 0 {
				t.Errorf("the outermost element is %s with %v", e.Name.Local, attrs)
			}
			continue
		}
		if depth == 2 && e.Name.Local == "script" {
			t.Errorf("a script got in")
		}
		for k, most := range map[string]float64{"x": width, "y": height, "width": width, "height": height, "cx": width, "cy": height} {
			v, ok := attrs[k]
			if !ok {
				continue
			}
			f, err := strconv.ParseFloat(v, 64)
			if err != nil || f < -1 || f > most+1 {
				t.Errorf("%s has %s=%q, outside of 0 to %v", e.Name.Local, k, v, most)
			}
		}
		if p := attrs["d"]; strings.Contains(p, "NaN") || strings.Contains(p, "Inf") || p != "" && !number.MatchString(p) {
			t.Errorf("path %q", p)
		}
	}
}

func TestNothingToDraw(t *testing.T) {
	for name, svg := range map[string]markup.HTML{
		"histogram": (&chart.Histogram{}).SVG(), "boxes": (&chart.Boxes{}).SVG(), "bars": (&chart.Bars{}).SVG(), "heat map": (&chart.HeatMap{}).SVG(),
		"confusion": (&chart.Confusion{}).SVG(), "density": (&chart.Density{}).SVG(), "lines": (&chart.Lines{}).SVG(),
		"beeswarm": (&chart.Beeswarm{}).SVG(), "waterfall": (&chart.Waterfall{}).SVG(), "scatter": (&chart.Scatter{}).SVG(),
	} {
		if svg != "" {
			t.Errorf("%s of nothing: %s", name, svg)
		}
	}
}

func TestAnyHistogram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-1e12, 1e12).Draw(t, "lo")
		width := rapid.Float64Range(1e-9, 1e12).Draw(t, "width")
		counts := rapid.SliceOfN(rapid.Int64Range(0, 1<<40), 1, 30).Draw(t, "counts")
		edges := make([]float64, len(counts)+1)
		for i := range edges {
			edges[i] = lo + width*float64(i)
		}
		h := chart.Histogram{Title: "any", Edges: edges, Counts: counts, Time: rapid.Bool().Draw(t, "time"), Whole: rapid.Bool().Draw(t, "whole")}
		check(t, string(h.SVG()))
	})
}

var label = regexp.MustCompile(`<text x="([\d.-]+)" y="([\d.-]+)" text-anchor="middle">([^<]*)</text>`)

// Labels of an axis do not touch.
func TestLabelsDoNotOverlap(t *testing.T) {
	for _, r := range [][2]float64{{0, 1}, {-1e-7, 1e-7}, {123456, 123457}, {-1e9, 3e9}, {0.1234, 0.1235}, {2007, 2009}, {1e15, 3e15}} {
		svg := string((&chart.Histogram{Title: "h", Edges: r[:], Counts: []int64{1}}).SVG())
		found := label.FindAllStringSubmatch(svg, -1)
		if len(found) < 2 {
			t.Errorf("%v: %d labels in %s", r, len(found), svg)
		}
		right := math.Inf(-1)
		for _, m := range found {
			x, _ := strconv.ParseFloat(m[1], 64)
			half := float64(len([]rune(m[3]))) * 6 / 2
			if x-half < right {
				t.Errorf("%v: the label %q begins before %v", r, m[3], right)
			}
			right = x + half
		}
	}
}

func TestLongNamesAreCutAndKept(t *testing.T) {
	name := strings.Repeat("abcdefghij", 20)
	svg := string((&chart.Bars{Title: "b", Items: []chart.Bar{{Label: name, Value: 1}}}).SVG())
	if !strings.Contains(svg, "…") || !strings.Contains(svg, "<title>"+name+"</title>") {
		t.Error(svg)
	}
}
