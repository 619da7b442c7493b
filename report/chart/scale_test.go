package chart

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func labels(ts []tick) []string {
	out := make([]string, len(ts))
	for i, t := range ts {
		out[i] = t.label
	}
	return out
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		n      int
		want   []string
	}{
		{0, 1, 6, []string{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}},
		{0, 100, 5, []string{"0", "20", "40", "60", "80", "100"}},
		{-3, 3, 4, []string{"−2", "0", "2"}},
		{0, 12345, 3, []string{"0", "5k", "10k"}},
		{0, 4.2e6, 3, []string{"0", "2M", "4M"}},
		{2006.5, 2009.5, 6, []string{"2006.5", "2007.0", "2007.5", "2008.0", "2008.5", "2009.0", "2009.5"}},
		{5, 5, 4, []string{"5"}},
	} {
		if got := labels(ticks(c.lo, c.hi, c.n)); !slices.Equal(got, c.want) {
			t.Errorf("ticks(%v, %v, %d) = %q, want %q", c.lo, c.hi, c.n, got, c.want)
		}
	}
	if got := labels(ticksFrom(2006.5, 2009.5, 6, 1)); !slices.Equal(got, []string{"2007", "2008", "2009"}) {
		t.Errorf("whole ticks %q", got)
	}
}

func TestTicksLieWithinAndDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-1e9, 1e9).Draw(t, "lo")
		hi := lo + rapid.Float64Range(1e-3, 1e9).Draw(t, "span")
		ts := ticks(lo, hi, rapid.IntRange(2, 8).Draw(t, "n"))
		slack := (hi - lo) * 1e-6
		for i, k := range ts {
			if k.at < lo-slack || k.at > hi+slack {
				t.Fatalf("tick %v outside of %v to %v", k.at, lo, hi)
			}
			if i > 0 && (k.at <= ts[i-1].at || k.label == ts[i-1].label) {
				t.Fatalf("ticks %v", ts)
			}
		}
	})
}

func TestTimeTicks(t *testing.T) {
	at := func(s string) float64 {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return float64(v.UnixMicro())
	}
	for _, c := range []struct {
		lo, hi string
		want   []string
	}{
		{"2013-01-01T00:00:00Z", "2013-12-31T00:00:00Z", []string{"Jan 2013", "Apr 2013", "Jul 2013", "Oct 2013"}},
		{"2020-03-05T00:00:00Z", "2020-03-30T00:00:00Z", []string{"Mar 9", "Mar 16", "Mar 23", "Mar 30"}},
		{"2020-03-05T10:00:00Z", "2020-03-05T12:00:00Z", []string{"10:00", "10:30", "11:00", "11:30", "12:00"}},
		{"1900-01-01T00:00:00Z", "2020-01-01T00:00:00Z", []string{"1900", "1920", "1940", "1960", "1980", "2000", "2020"}},
	} {
		if got := labels(timeTicks(at(c.lo), at(c.hi), 5)); !slices.Equal(got, c.want) {
			t.Errorf("%s to %s: %q, want %q", c.lo, c.hi, got, c.want)
		}
	}
}

func TestFit(t *testing.T) {
	for _, s := range []string{"", "a", "abc", "a_long_name_of_a_column", "日本語の長い列の名前", "WWWWWWWWWWWWWWWWWWWW"} {
		for _, w := range []float64{20, 60, 100, 400} {
			got := fit(s, w)
			if textWidth(got) > max(w, 30) {
				t.Errorf("fit(%q, %v) = %q is %v wide", s, w, got, textWidth(got))
			}
			if textWidth(s) <= w && got != s {
				t.Errorf("fit(%q, %v) = %q", s, w, got)
			}
		}
	}
}

func TestScaleOfTheWholeRange(t *testing.T) {
	s := scale{-math.MaxFloat64, math.MaxFloat64, 0, 100}
	if got := s.at(0); math.Abs(got-50) > 1e-9 {
		t.Errorf("the middle is at %v", got)
	}
}
