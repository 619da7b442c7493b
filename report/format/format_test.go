package format_test

import (
	"math"
	"testing"

	"github.com/runnel-dev/runnel/report/format"
)

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 3: "3", -2.5: "−2.5", 3.14159: "3.142", 0.031249: "0.03125", 44.0: "44", 200.915: "200.9",
		999.96: "1000", 1234.5: "1234", -12345: "−12,345", 1234567: "1,234,567", 12345678: "12.3\u202fM", 2.5e9: "2.50\u202fG",
		4.5e-9: "4.50e−9", 1e300: "1.00e300", math.Inf(1): "–", math.MaxFloat64: "1.80e308",
	} {
		if got := format.Number(v); got != want {
			t.Errorf("Number(%v) = %q, want %q", v, got, want)
		}
	}
	if got := format.Number(math.NaN()); got != format.None {
		t.Errorf("NaN: %q", got)
	}
}

func TestPercent(t *testing.T) {
	for v, want := range map[float64]string{0: "0%", 1: "100%", 0.5: "50%", 0.1234: "12.3%", 0.00001: "<\u202f0.1%", 0.99999: ">\u202f99.9%"} {
		if got := format.Percent(v); got != want {
			t.Errorf("Percent(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestOthers(t *testing.T) {
	for _, c := range [][2]string{
		{format.Count(-1234567), "−1,234,567"},
		{format.Count(123), "123"},
		{format.Fixed(-1234.567, 2), "−1234.57"},
		{format.Fixed(-12345.67, 1), "−12,345.7"},
		{format.Fixed(math.NaN(), 2), "–"},
		{format.Fixed(-0.001, 2), "0.00"},
		{format.Time(0), "1970-01-01"},
		{format.Time(1.5e6), "1970-01-01 00:00:01"},
		{format.Date(1.5e6), "1970-01-01"},
		{format.Short("naïveté", 5), "naïv…"},
		{format.Short("abc", 5), "abc"},
		{format.Plural(1, "row"), "1 row"},
		{format.Plural(1200, "row"), "1,200 rows"},
	} {
		if c[0] != c[1] {
			t.Errorf("%q, want %q", c[0], c[1])
		}
	}
}
