package jsonl

// parseTime reads an ISO 8601 date, or date and time, as microseconds since
// 1970: 2006-01-02, with T or a space 15:04, :05, a fraction, and Z or an offset.
// Without an offset it is UTC. cut: the fraction had digits beyond microseconds.
func parseTime(b []byte) (micros int64, cut, ok bool) {
	c := cursor{b: b, ok: true}
	year := c.number(4)
	c.byte('-')
	month := c.number(2)
	c.byte('-')
	day := c.number(2)
	if !c.ok || year < 1 || month < 1 || month > 12 || day < 1 || day > monthDays(year, month) {
		return 0, false, false
	}
	micros = days(year, month, day) * 86400e6
	if c.end() {
		return micros, false, true
	}
	if !c.skip('T') && !c.skip('t') {
		c.byte(' ')
	}
	hour := c.number(2)
	c.byte(':')
	minute := c.number(2)
	second := 0
	if c.skip(':') {
		second = c.number(2)
		if c.skip('.') || c.skip(',') {
			var fraction int64
			fraction, cut = c.fraction()
			micros += fraction
		}
	}
	if hour > 23 || minute > 59 || second > 59 {
		return 0, false, false
	}
	micros += int64(hour*3600+minute*60+second) * 1e6
	if !c.skip('Z') && !c.skip('z') && c.ok && !c.end() {
		micros -= c.offset()
	}
	return micros, cut, c.ok && c.end()
}

// A cursor reads fixed parts of a text until one does not fit.
type cursor struct {
	b  []byte
	ok bool
}

func (c *cursor) end() bool { return len(c.b) == 0 }

func (c *cursor) skip(b byte) bool {
	if len(c.b) > 0 && c.b[0] == b {
		c.b = c.b[1:]
		return true
	}
	return false
}

func (c *cursor) byte(b byte) { c.ok = c.skip(b) && c.ok }

// number reads n digits.
func (c *cursor) number(n int) int {
	if len(c.b) < n {
		c.ok = false
		return 0
	}
	v := 0
	for _, d := range c.b[:n] {
		if d < '0' || d > '9' {
			c.ok = false
			return 0
		}
		v = 10*v + int(d-'0')
	}
	c.b = c.b[n:]
	return v
}

// fraction reads the digits of a fraction of a second, as microseconds.
func (c *cursor) fraction() (micros int64, cut bool) {
	n := 0
	for ; n < len(c.b) && c.b[n] >= '0' && c.b[n] <= '9'; n++ {
		if n < 6 {
			micros = 10*micros + int64(c.b[n]-'0')
		} else if c.b[n] != '0' {
			cut = true
		}
	}
	c.ok = c.ok && n > 0
	c.b = c.b[n:]
	for ; n < 6; n++ {
		micros *= 10
	}
	return micros, cut
}

// offset reads +01:00, +0100 or +01, in microseconds.
func (c *cursor) offset() int64 {
	sign := int64(1)
	if c.skip('-') {
		sign = -1
	} else {
		c.byte('+')
	}
	hours, minutes := c.number(2), 0
	if !c.end() {
		c.skip(':')
		minutes = c.number(2)
	}
	if hours > 23 || minutes > 59 {
		c.ok = false
	}
	return sign * int64(hours*3600+minutes*60) * 1e6
}

func monthDays(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// days counts from 1970-01-01 in the proleptic Gregorian calendar (Hinnant,
// "chrono-compatible low-level date algorithms", days_from_civil).
func days(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	yoe := year - era*400
	doy := (153*(month-3)+2)/5 + day - 1
	return int64(era*146097+yoe*365+yoe/4-yoe/100+doy) - 719468
}
