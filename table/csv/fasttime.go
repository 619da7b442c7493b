package csv

import "encoding/binary"

// fastTime is what b writes as 2006-01-02 or 2006-01-02 15:04:05, with T or a
// space, in microseconds since 1970; parseTime reads all else.
func fastTime(b []byte, y *yearStart) (micros int64, ok bool) {
	if len(b) != 10 && len(b) != 19 {
		return 0, false
	}
	century := twoDigits(b, 0)
	year, month, day, ok := triple(binary.LittleEndian.Uint64(b[2:]), '-')
	if !ok || century < 0 {
		return 0, false
	}
	days, ok := y.days(100*century+year, month, day)
	if !ok || len(b) == 10 {
		return days * 86400e6, ok
	}
	hour, minute, second, ok := triple(binary.LittleEndian.Uint64(b[11:]), ':')
	if !ok || b[10] != ' ' && b[10] != 'T' || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return (days*86400 + int64(hour*3600+minute*60+second)) * 1e6, true
}

// triple are the numbers of two digits that eight bytes write, the first in the
// lowest, with the separator between.
func triple(w uint64, separator byte) (a, b, c int, ok bool) {
	w ^= 0x3030003030003030 | uint64(separator)<<16 | uint64(separator)<<40
	if (w|(w+ones*0x76))&(ones*0x80) != 0 || w&0x0000ff0000ff0000 != 0 {
		return 0, 0, 0, false
	}
	w = w*10 + w>>8
	return int(w & 0xff), int(w >> 24 & 0xff), int(w >> 48 & 0xff), true
}

// A yearStart remembers the year that was met last.
type yearStart struct {
	year   int
	first  int64     // its first day, counted from 1970
	months [14]int16 // days before each month from 1 to 13
}

// days counts from 1970-01-01; false: there is no such day.
func (y *yearStart) days(year, month, day int) (int64, bool) {
	if year != y.year {
		if year < 1 {
			return 0, false
		}
		y.year, y.first = year, days(year, 1, 1)
		for m := range 12 {
			y.months[m+1] = int16(days(year, m+1, 1) - y.first)
		}
		y.months[13] = int16(days(year+1, 1, 1) - y.first)
	}
	if uint(month-1) > 11 || day < 1 || day > int(y.months[month+1]-y.months[month]) {
		return 0, false
	}
	return y.first + int64(y.months[month]) + int64(day-1), true
}
