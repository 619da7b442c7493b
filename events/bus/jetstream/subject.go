package jetstream

import (
	"fmt"
	"strings"

	"github.com/runnel-dev/runnel/events/bus"
)

// maxSubject keeps subjects well below what the protocol allows in a line (4 KiB).
const maxSubject = 1024

// subject is where events that the filter matches are published:
//
//	<prefix>.<pipeline, or _ for none>.<type, its dots kept>
//
// so that an operator can watch runnel.ev.churn.> with NATS's own tools. Bytes
// other than letters, digits, - and _ are written %XX, an empty token as %, and
// a pipeline called _ as %5F: different filters have different subjects.
func subject(prefix string, f bus.Filter) (string, error) {
	var s strings.Builder
	s.WriteString(prefix)
	s.WriteByte('.')
	switch f.Pipeline {
	case "":
		s.WriteByte('_')
	case "_":
		s.WriteString("%5F")
	default:
		escape(&s, f.Pipeline)
	}
	for token := range strings.SplitSeq(f.Type, ".") {
		s.WriteByte('.')
		escape(&s, token)
	}
	if s.Len() > maxSubject {
		return "", fmt.Errorf("pipeline %.40q and type %.40q are too long: together they make a subject of %d bytes, %d are allowed",
			f.Pipeline, f.Type, s.Len(), maxSubject)
	}
	return s.String(), nil
}

func escape(s *strings.Builder, token string) {
	if token == "" {
		s.WriteByte('%')
	}
	for _, c := range []byte(token) {
		if c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			s.WriteByte(c)
		} else {
			fmt.Fprintf(s, "%%%02X", c)
		}
	}
}
