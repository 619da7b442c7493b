package jsonl

import (
	"math"
	"strconv"

	"github.com/runnel-dev/runnel/table"
)

// A class is what the values of a column, as far as seen, can be. join is
// associative and commutative.
//
//	none < whole < wide < number < mixed;  none < truth, moment, words < mixed;  moment < words
type class uint8

const (
	none   class = iota // no value yet
	whole               // integers within int64
	wide                // integers, some beyond int64
	number              // numbers
	truth               // true, false
	moment              // strings that are times
	words               // strings
	mixed               // of more than one type
)

func join(a, b class) class {
	switch {
	case a == b || b == none:
		return a
	case a == none:
		return b
	case a <= number && b <= number:
		return max(a, b)
	case (a == moment || a == words) && (b == moment || b == words):
		return words
	}
	return mixed
}

func (c class) kind() table.Kind {
	switch c {
	case whole:
		return table.Int64
	case none, number:
		return table.Float64
	case truth:
		return table.Bool
	case moment:
		return table.Time
	}
	return table.String
}

// classOf is the class of one value; given the class of those before, it looks
// no closer than it must.
func classOf(v value, before class) class {
	switch v.form {
	case integer:
		if before == wide || before == number || fitsInt(v.raw) {
			return whole
		}
		return wide
	case fraction:
		return number
	case boolean:
		return truth
	case text:
		if before == none || before == moment {
			if _, _, ok := parseTime(v.raw); ok {
				return moment
			}
		}
		return words
	case nested:
		return mixed
	}
	return none
}

// fitsInt reports whether an integer is within int64.
func fitsInt(raw []byte) bool {
	if len(raw) <= 18 {
		return true
	}
	_, err := strconv.ParseInt(string(raw), 10, 64)
	return err == nil
}

// overflows reports whether a number is beyond float64.
func overflows(raw []byte) bool {
	if len(raw) < 300 {
		small := true
		for _, b := range raw {
			if b == 'e' || b == 'E' {
				small = false
			}
		}
		if small {
			return false
		}
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	return err != nil && math.IsInf(v, 0)
}
