package csv

import "time"

// ParseTime reads a date, with or without a time of day, in any of the layouts
// that Read knows; without a zone it is UTC. The order is that of day and month
// in a date such as 01/02/2006: with DateAuto one that allows both is refused,
// since there is no column to decide it. What is beyond microseconds is dropped.
func ParseTime(text string, order DateOrder) (time.Time, bool) {
	var m moment
	forms := timeForms([]byte(text), &m, order)
	if forms == 0 || forms&monthForm != 0 && forms&dayForm != 0 && m.first != m.second {
		return time.Time{}, false
	}
	return time.UnixMicro(m.unix(chosen(forms, order))).UTC(), true
}
