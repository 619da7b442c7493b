package profile

import (
	"fmt"
	"strconv"
	"strings"
)

// count writes a number with separators: 1,234,567.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// percent writes a share so that some never reads as none or all.
func percent(n, of int64) string {
	if of == 0 {
		return "0%"
	}
	p := 100 * float64(n) / float64(of)
	switch {
	case n > 0 && p < 0.1:
		return "under 0.1%"
	case n < of && p > 99.9:
		return "over 99.9%"
	case p == float64(int(p)):
		return fmt.Sprintf("%d%%", int(p))
	}
	return fmt.Sprintf("%.1f%%", p)
}

// signed writes a number with so many decimals and a true minus sign.
func signed(v float64, decimals int) string {
	return strings.Replace(strconv.FormatFloat(v, 'f', decimals, 64), "-", "−", 1)
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

func verb(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
