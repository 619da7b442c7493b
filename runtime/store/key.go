package store

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// Key joins segments of any text to a key of records or sequences, so that
// different segments make different keys. Slashes, percent signs, control
// characters, invalid UTF-8, and segments that are empty or only dots are
// escaped as in URLs.
func Key(parts ...string) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('/')
		}
		if p == "" {
			b.WriteString("%")
		}
		dots := strings.Trim(p, ".") == ""
		for i, r := range p {
			_, size := utf8.DecodeRuneInString(p[i:])
			if r == '/' || r == '%' || r < ' ' || r == 0x7f || r == utf8.RuneError && size == 1 || dots {
				b.WriteByte('%')
				b.WriteByte(hexDigits[p[i]>>4])
				b.WriteByte(hexDigits[p[i]&15])
			} else {
				b.WriteString(p[i : i+size])
			}
		}
	}
	return b.String()
}

// Parts reverses Key.
func Parts(key string) []string {
	parts := strings.Split(key, "/")
	for i, p := range parts {
		if parts[i] = unescape(p, '%'); p == "%" {
			parts[i] = ""
		}
	}
	return parts
}

// unescape replaces the escape character and the two hexadecimal digits after it.
func unescape(s string, mark byte) string {
	if strings.IndexByte(s, mark) < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == mark && i+2 < len(s) {
			hi, lo := strings.IndexByte(hexDigits, s[i+1]), strings.IndexByte(hexDigits, s[i+2])
			if hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

// checkKey refuses keys that Key does not make.
func checkKey(key string) error {
	if key == "" {
		return fmt.Errorf("a key is empty")
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || strings.Trim(segment, ".") == "" || !utf8.ValidString(segment) {
			return fmt.Errorf("the key %q has the segment %q: make keys with store.Key", key, segment)
		}
	}
	return nil
}

// flat makes any text a single segment, in such a way that the segments, each
// with a slash behind it, sort as the texts do: the bytes up to '0' become '0'
// and two hexadecimal digits, and no other is below '/'.
func flat(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= '0' {
			b.WriteByte('0')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unflat reverses flat.
func unflat(s string) string { return unescape(s, '0') }
