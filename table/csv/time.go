package csv

import "time"

// The forms that a date can have. A text such as 01/02/2006 has two; a column
// has the forms that all its values have.
const (
	isoForm   uint8 = 1 << iota // 2006-01-02, 2006/1/2, 2006.01.02
	monthForm                   // 01/02/2006, January 2nd, with / - or .
	dayForm                     // 01/02/2006, February 1st, with / - or .
	namedForm                   // Jan 2, 2006; 2 January 2006; Mon, 02 Jan 2006
	dotted                      // with monthForm or dayForm: the separator is a point
	anyForm   = isoForm | monthForm | dayForm | namedForm | dotted
)

// chosen is the form that a column's values are read in when its candidates
// leave more than one.
func chosen(forms uint8, order DateOrder) uint8 {
	switch both := forms & (monthForm | dayForm); {
	case both == monthForm|dayForm:
		if order == DayFirst || order == DateAuto && forms&dotted != 0 {
			return dayForm
		}
		return monthForm
	case both != 0:
		return both
	}
	return forms & (isoForm | namedForm)
}

// common is the forms that two values share, 0 when they share no order.
func common(a, b uint8) uint8 {
	if a&b == dotted {
		return 0
	}
	return a & b
}

// A moment is a date and time as text spells it, before the order of day and
// month is known.
type moment struct {
	year, first, second int // first and second: month and day for isoForm and namedForm
	micros              int64
	cut                 bool // digits beyond microseconds were dropped
}

// unix is the moment in microseconds since 1970 under one form.
func (m *moment) unix(form uint8) int64 {
	month, day := m.first, m.second
	if form == dayForm {
		month, day = day, month
	}
	return days(m.year, month, day)*86400e6 + m.micros
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

func validDate(year, month, day int) bool {
	if year < 1 || month < 1 || month > 12 || day < 1 || day > 31 {
		return false
	}
	switch month {
	case 4, 6, 9, 11:
		return day <= 30
	case 2:
		return day <= 28 || day == 29 && year%4 == 0 && (year%100 != 0 || year%400 == 0)
	}
	return true
}

// parseTime reads a date, with or without a time of day, and the forms in which
// it is one; 0 when it is none. Times without a zone are UTC.
func parseTime(b []byte, m *moment) uint8 {
	if len(b) < 6 || len(b) > 48 {
		return 0
	}
	if parseISO(b, m) {
		return isoForm
	}
	p := parser{b: b}
	forms := p.date(m)
	if forms == 0 || !p.clock(m) {
		return 0
	}
	return forms
}

// parseISO reads 2006-01-02 and 2006-01-02 15:04:05, with T or a space, in
// fewer steps than the parser would.
func parseISO(b []byte, m *moment) bool {
	if len(b) != 10 && len(b) != 19 || b[4] != '-' || b[7] != '-' {
		return false
	}
	century, year, month, day := twoDigits(b, 0), twoDigits(b, 2), twoDigits(b, 5), twoDigits(b, 8)
	if century|year|month|day < 0 || !validDate(100*century+year, month, day) {
		return false
	}
	hour, minute, second := 0, 0, 0
	if len(b) == 19 {
		if b[10] != 'T' && b[10] != ' ' || b[13] != ':' || b[16] != ':' {
			return false
		}
		hour, minute, second = twoDigits(b, 11), twoDigits(b, 14), twoDigits(b, 17)
		if hour|minute|second < 0 || hour > 23 || minute > 59 || second > 59 {
			return false
		}
	}
	*m = moment{year: 100*century + year, first: month, second: day, micros: int64(hour*3600+minute*60+second) * 1e6}
	return true
}

// twoDigits is the number that two digits at i write; -1 when they are none.
func twoDigits(b []byte, i int) int {
	hi, lo := b[i]-'0', b[i+1]-'0'
	if hi > 9 || lo > 9 {
		return -1
	}
	return int(hi)*10 + int(lo)
}

type parser struct {
	b []byte
	i int
}

func (p *parser) peek() byte {
	if p.i < len(p.b) {
		return p.b[p.i]
	}
	return 0
}

func (p *parser) take(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.i++
	return true
}

// number reads up to most digits, and how many there were.
func (p *parser) number(most int) (v, n int) {
	for n < most && p.i < len(p.b) && p.b[p.i]-'0' <= 9 {
		v = v*10 + int(p.b[p.i]-'0')
		p.i++
		n++
	}
	return v, n
}

func (p *parser) date(m *moment) uint8 {
	if c := p.peek(); c-'0' > 9 {
		return p.named(m)
	}
	a, an := p.number(4)
	sep := p.peek()
	p.i++
	switch {
	case an == 4 && (sep == '-' || sep == '/' || sep == '.'):
		month, mn := p.number(2)
		if mn == 0 || !p.take(sep) {
			return 0
		}
		day, dn := p.number(2)
		if dn == 0 || !validDate(a, month, day) {
			return 0
		}
		m.year, m.first, m.second = a, month, day
		return isoForm
	case an < 1 || an > 2:
		return 0
	case sep == ' ' || sep == '-':
		if c := p.peek() | 0x20; c >= 'a' && c <= 'z' { // 2 Jan 2006, 02-Jan-2006
			month := p.month()
			p.take('.')
			if month == 0 || !p.take(sep) {
				return 0
			}
			return p.namedYear(m, month, a)
		}
		if sep == ' ' {
			return 0
		}
	case sep != '/' && sep != '.':
		return 0
	}
	c, cn := p.number(2)
	if cn == 0 || !p.take(sep) {
		return 0
	}
	y, yn := p.number(4)
	switch {
	case yn == 2 && sep == '/': // as POSIX: 69 to 99 are the 1900s
		if y < 69 {
			y += 100
		}
		y += 1900
	case yn != 4:
		return 0
	}
	m.year, m.first, m.second = y, a, c
	var forms uint8
	if validDate(y, a, c) {
		forms |= monthForm
	}
	if validDate(y, c, a) {
		forms |= dayForm
	}
	if forms != 0 && sep == '.' {
		forms |= dotted
	}
	return forms
}

// named reads Jan 2, 2006 and Mon, 02 Jan 2006.
func (p *parser) named(m *moment) uint8 {
	start := p.i
	month := p.month()
	if month == 0 {
		p.i = start
		if !p.weekday() {
			return 0
		}
		p.take(',')
		if !p.take(' ') {
			return 0
		}
		if p.peek()-'0' <= 9 {
			day, n := p.number(2)
			sep := p.peek()
			p.i++
			if n == 0 || sep != ' ' && sep != '-' {
				return 0
			}
			if month = p.month(); month == 0 || !p.take(sep) {
				return 0
			}
			return p.namedYear(m, month, day)
		}
		month = p.month()
	}
	p.take('.')
	if month == 0 || !p.take(' ') {
		return 0
	}
	p.take(' ')
	day, n := p.number(2)
	if n == 0 {
		return 0
	}
	p.take(',')
	if !p.take(' ') {
		return 0
	}
	return p.namedYear(m, month, day)
}

func (p *parser) namedYear(m *moment, month, day int) uint8 {
	year, n := p.number(4)
	if n != 4 || !validDate(year, month, day) {
		return 0
	}
	m.year, m.first, m.second = year, month, day
	return namedForm
}

func (p *parser) word() []byte {
	start := p.i
	for c := p.peek() | 0x20; c >= 'a' && c <= 'z'; c = p.peek() | 0x20 {
		p.i++
	}
	return p.b[start:p.i]
}

// month reads an English month, in full or its first three letters; 0 when none.
func (p *parser) month() int {
	w := p.word()
	for m := time.January; m <= time.December; m++ {
		if abbreviates(w, m.String()) || m == time.September && foldEqual(w, "sept") {
			return int(m)
		}
	}
	return 0
}

func (p *parser) weekday() bool {
	w := p.word()
	for d := time.Sunday; d <= time.Saturday; d++ {
		if abbreviates(w, d.String()) {
			return true
		}
	}
	return false
}

// abbreviates reports whether w is the name or its first three letters, in any case.
func abbreviates(w []byte, name string) bool {
	if len(w) != 3 && len(w) != len(name) {
		return false
	}
	for i, c := range w {
		if c|0x20 != name[i]|0x20 {
			return false
		}
	}
	return true
}
