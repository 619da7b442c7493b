package chart

import (
	"math"
	"strconv"
	"time"

	"github.com/runnel-dev/runnel/report/format"
)

// scale maps a range of values to a range of pixels.
type scale struct{ lo, hi, from, to float64 }

func (s scale) at(v float64) float64 {
	if s.hi == s.lo {
		return (s.from + s.to) / 2
	}
	// Halves keep a range such as -1e308 to 1e308 from overflowing.
	return s.from + (v/2-s.lo/2)/(s.hi/2-s.lo/2)*(s.to-s.from)
}

// A tick is a place on an axis, and what is written there.
type tick struct {
	at    float64
	label string
}

// ticks are about n round numbers within [lo, hi] (Heckbert, "Nice numbers for
// graph labels", 1990), with as many decimals as tell them apart.
func ticks(lo, hi float64, n int) []tick { return ticksFrom(lo, hi, n, 0) }

// ticksFrom are ticks at least so far apart.
func ticksFrom(lo, hi float64, n int, least float64) []tick {
	span := hi - lo
	if !(span > 0) || math.IsInf(span, 0) {
		return []tick{{lo, format.Number(lo)}}
	}
	step := max(nice(span/float64(max(n-1, 1))), least)
	first := math.Ceil(lo/step - 1e-9)
	var out []tick
	for k := first; k*step <= hi+step*1e-9 && len(out) <= 4*n; k++ {
		v := k * step
		out = append(out, tick{v, tickLabel(v, step, max(math.Abs(lo), math.Abs(hi)))})
	}
	if len(out) == 0 {
		return []tick{{lo, format.Number(lo)}}
	}
	return out
}

// nice rounds to 1, 2 or 5 times a power of ten.
func nice(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	switch f := v / power; {
	case f < 1.5:
		return power
	case f < 3:
		return 2 * power
	case f < 7:
		return 5 * power
	}
	return 10 * power
}

func tickLabel(v, step, largest float64) string {
	if v == 0 {
		return "0"
	}
	if largest >= 1e15 || step < 1e-6 {
		return format.Number(v)
	}
	unit, suffix := 1.0, ""
	for _, u := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if largest >= u.size && step >= min(u.size, 1e3)/100 {
			unit, suffix = u.size, u.name
			break
		}
	}
	if suffix == "k" {
		unit = 1e3
	}
	decimals := max(0, -int(math.Floor(math.Log10(step/unit)+1e-9)))
	return format.Fixed(v/unit, min(decimals, 9)) + suffix
}

var timeSteps = []struct {
	step   time.Duration
	layout string
}{
	{time.Second, "15:04:05"}, {5 * time.Second, "15:04:05"}, {15 * time.Second, "15:04:05"}, {30 * time.Second, "15:04:05"},
	{time.Minute, "15:04"}, {5 * time.Minute, "15:04"}, {15 * time.Minute, "15:04"}, {30 * time.Minute, "15:04"},
	{time.Hour, "15:04"}, {3 * time.Hour, "15:04"}, {6 * time.Hour, "02 15:04"}, {12 * time.Hour, "02 15:04"},
	{24 * time.Hour, "Jan 2"}, {2 * 24 * time.Hour, "Jan 2"}, {7 * 24 * time.Hour, "Jan 2"}, {14 * 24 * time.Hour, "Jan 2"},
}

// timeTicks are about n round times within [lo, hi], in microseconds since 1970.
func timeTicks(lo, hi float64, n int) []tick {
	const most = 9e18 // of time.UnixMicro
	if math.Abs(lo) > most || math.Abs(hi) > most || !(hi > lo) {
		return []tick{{lo, format.Time(lo)}}
	}
	want := (hi - lo) / float64(max(n-1, 1)) // microseconds
	from, until := time.UnixMicro(int64(lo)).UTC(), time.UnixMicro(int64(hi)).UTC()
	var out []tick
	for _, s := range timeSteps {
		if float64(s.step.Microseconds()) < want {
			continue
		}
		for t := from.Truncate(s.step); !t.After(until); t = t.Add(s.step) {
			if !t.Before(from) {
				out = append(out, tick{float64(t.UnixMicro()), t.Format(s.layout)})
			}
		}
		return out
	}
	const month = 30.44 * 24 * 3600e6
	if months := want / month; months <= 9 {
		step := 12
		for _, m := range []int{1, 2, 3, 6} {
			if float64(m) >= months {
				step = m
				break
			}
		}
		for t := time.Date(from.Year(), 1, 1, 0, 0, 0, 0, time.UTC); !t.After(until); t = t.AddDate(0, step, 0) {
			if !t.Before(from) {
				out = append(out, tick{float64(t.UnixMicro()), t.Format("Jan 2006")})
			}
		}
		return out
	}
	step := int(max(1, nice(want/(12*month))))
	for y := from.Year() / step * step; y <= until.Year(); y += step {
		if t := time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC); !t.Before(from) && !t.After(until) {
			out = append(out, tick{float64(t.UnixMicro()), strconv.Itoa(y)})
		}
	}
	return out
}

// axisX draws ticks below y, leaving out labels that would touch.
func (s *svg) axisX(sc scale, y float64, ts []tick) {
	s.line(sc.from, y, sc.to, y, "a")
	free := math.Inf(-1)
	slack := (sc.hi/2 - sc.lo/2) * 1e-6
	for _, t := range ts {
		if t.at < sc.lo-slack || t.at > sc.hi+slack {
			continue
		}
		x, half := sc.at(t.at), textWidth(t.label)/2*11/13
		left := max(x-half, sc.from-30)
		if left < free {
			continue
		}
		free = x + half + 8
		s.line(x, y, x, y+4, "a")
		s.text(x, y+15, "", middle, t.label, 0)
	}
}

// axisY draws grid lines over the width of sx, and labels left of it.
func (s *svg) axisY(sy, sx scale, ts []tick) {
	for _, t := range ts {
		y := sy.at(t.at)
		s.line(sx.from, y, sx.to, y, "g")
		s.text(sx.from-6, y+3.5, "", end, t.label, 0)
	}
}

func widestTick(ts []tick) float64 {
	w := 0.0
	for _, t := range ts {
		w = max(w, textWidth(t.label)*11/13)
	}
	return w + 6
}
