package csv

// clock reads what may follow a date: T or space, 15:04, seconds and their
// fraction, AM or PM, a zone. It reports whether that was all.
func (p *parser) clock(m *moment) bool {
	m.micros, m.cut = 0, false
	if p.i >= len(p.b) {
		return p.i == len(p.b)
	}
	if c := p.peek(); c != ' ' && c|0x20 != 't' && c != ',' {
		return false
	}
	p.i++
	p.take(' ')
	hour, n := p.number(2)
	if n == 0 || !p.take(':') {
		return false
	}
	minute, n := p.number(2)
	if n != 2 || minute > 59 {
		return false
	}
	second, fraction := 0, 0
	if p.take(':') {
		if second, n = p.number(2); n != 2 || second > 59 {
			return false
		}
		if c := p.peek(); c == '.' || c == ',' {
			p.i++
			if fraction, n = p.number(6); n == 0 {
				return false
			}
			for ; n < 6; n++ {
				fraction *= 10
			}
			for p.peek()-'0' <= 9 {
				m.cut = m.cut || p.peek() != '0'
				p.i++
			}
		}
	}
	hour, ok := p.meridiem(hour)
	if !ok {
		return false
	}
	offset, ok := p.zone()
	m.micros = int64((hour*60+minute-offset)*60+second)*1e6 + int64(fraction)
	return ok && p.i == len(p.b)
}

func (p *parser) meridiem(hour int) (int, bool) {
	rest := p.b[p.i:]
	if len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	if len(rest) < 2 || rest[1]|0x20 != 'm' || rest[0]|0x20 != 'a' && rest[0]|0x20 != 'p' {
		return hour, hour <= 23
	}
	p.i = len(p.b) - len(rest) + 2
	if hour < 1 || hour > 12 {
		return 0, false
	}
	hour %= 12
	if rest[0]|0x20 == 'p' {
		hour += 12
	}
	return hour, true
}

// zone reads Z, UTC, GMT or an offset such as +02:00, in minutes.
func (p *parser) zone() (int, bool) {
	p.take(' ')
	switch c := p.peek(); {
	case p.i >= len(p.b):
		return 0, p.i == len(p.b) && p.b[p.i-1] != ' '
	case c == '+' || c == '-':
		p.i++
		h, n := p.number(2)
		if n != 2 || h > 23 {
			return 0, false
		}
		minute := 0
		colon := p.take(':')
		if p.i < len(p.b) || colon {
			if minute, n = p.number(2); n != 2 || minute > 59 {
				return 0, false
			}
		}
		if c == '-' {
			return -(h*60 + minute), true
		}
		return h*60 + minute, true
	default:
		w := p.word()
		return 0, foldEqual(w, "z") || foldEqual(w, "utc") || foldEqual(w, "gmt")
	}
}
