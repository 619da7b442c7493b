// Package format writes numbers, shares, times and names as a reader wants
// them: as many digits as matter, thousands apart, a true minus sign.
package format

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// None stands for a number that does not exist.
const None = "–"

// Number writes a number with about four significant digits: 0.0312, 3.142,
// 2026, 12,345, 12.3 M, 4.50e−9.
func Number(v float64) string {
	a := math.Abs(v)
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return None
	case v == 0:
		return "0"
	case a >= 1e15 || a < 1e-4:
		return minus(strings.ReplaceAll(strings.ReplaceAll(strconv.FormatFloat(v, 'e', 2, 64), "e-0", "e-"), "e+", "e"))
	case a >= 9_999_995:
		return suffixed(v)
	case a >= 999.95:
		return Fixed(v, 0)
	}
	decimals := max(0, 3-int(math.Floor(math.Log10(a))))
	return minus(trim(strconv.FormatFloat(v, 'f', min(decimals, 7), 64)))
}

func suffixed(v float64) string {
	for _, s := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}} {
		if math.Abs(v) >= s.size {
			digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)/s.size))))
			return minus(strconv.FormatFloat(v/s.size, 'f', digits, 64)) + "\u202f" + s.name
		}
	}
	return group(strconv.FormatFloat(v, 'f', 0, 64))
}

// Count writes a whole number in full: 1,234,567.
func Count(n int64) string { return group(strconv.FormatInt(n, 10)) }

// Percent writes a share in [0, 1]; some never reads as none, and most never as all.
func Percent(share float64) string {
	p := 100 * share
	switch {
	case math.IsNaN(share) || math.IsInf(share, 0):
		return None
	case p == math.Trunc(p):
		return minus(strconv.FormatFloat(p, 'f', 0, 64)) + "%"
	case p > 0 && p < 0.1:
		return "<\u202f0.1%"
	case p > 99.9 && p < 100:
		return ">\u202f99.9%"
	}
	return minus(strconv.FormatFloat(p, 'f', 1, 64)) + "%"
}

// Fixed writes a number with that many decimals. Four digits stay together:
// years are numbers too.
func Fixed(v float64, decimals int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return None
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-") // no negative zero
	}
	if math.Abs(v) < 9999.5 {
		return minus(s)
	}
	return group(s)
}

// Time writes microseconds since 1970 in UTC, by the day where that is all there is to it.
func Time(micros float64) string {
	if math.IsNaN(micros) || math.Abs(micros) > 9e18 {
		return None
	}
	t := time.UnixMicro(int64(micros)).UTC()
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04:05")
}

// Date writes microseconds since 1970 as a day in UTC.
func Date(micros float64) string {
	day, _, _ := strings.Cut(Time(micros), " ")
	return day
}

// Short cuts a text after so many characters.
func Short(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:max(0, most-1)])) + "…"
}

// Plural is "1 row", "2 rows".
func Plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}

func trim(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

func group(s string) string {
	whole, frac, point := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if point {
		whole += "." + frac
	}
	return minus(whole)
}

func minus(s string) string { return strings.ReplaceAll(s, "-", "−") }
