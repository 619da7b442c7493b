package jsonl

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/table"
)

// Write writes a row as one object a line, missing values as null. A float64
// keeps a point or an exponent, so that it is read as one; infinities are
// written as Python does, Infinity. Times are ISO 8601 in UTC.
func Write(w io.Writer, t *table.Table) error {
	out := bufio.NewWriterSize(w, 1<<16)
	keys := make([][]byte, len(t.Columns))
	dicts := make([][][]byte, len(t.Columns))
	for j, c := range t.Columns {
		keys[j] = append(quote(c.Name), ':')
		if c.Kind == table.String {
			dicts[j] = make([][]byte, len(c.Dict))
			for i, s := range c.Dict {
				dicts[j][i] = quote(s)
			}
		}
	}
	for i := range t.Rows() {
		b := append(out.AvailableBuffer(), '{')
		for j, c := range t.Columns {
			if j > 0 {
				b = append(b, ',')
			}
			b = append(b, keys[j]...)
			if c.Kind == table.String && !c.Missing(i) {
				b = append(b, dicts[j][c.Codes[i]]...)
			} else {
				b = appendValue(b, c, i)
			}
		}
		if _, err := out.Write(append(b, '}', '\n')); err != nil {
			return fmt.Errorf("write JSON lines: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write JSON lines: %w", err)
	}
	return nil
}

func appendValue(b []byte, c *table.Column, i int) []byte {
	if c.Missing(i) {
		return append(b, "null"...)
	}
	switch c.Kind {
	case table.Float64:
		switch v := c.Floats[i]; {
		case math.IsInf(v, 1):
			return append(b, "Infinity"...)
		case math.IsInf(v, -1):
			return append(b, "-Infinity"...)
		default:
			n := len(b)
			b = strconv.AppendFloat(b, v, 'g', -1, 64)
			if !strings.ContainsAny(string(b[n:]), ".e") {
				b = append(b, '.', '0')
			}
			return b
		}
	case table.Bool:
		return strconv.AppendBool(b, c.Bools[i])
	case table.Time:
		b = append(b, '"')
		b = time.UnixMicro(c.Ints[i]).UTC().AppendFormat(b, table.TimeLayout)
		return append(b, '"')
	default:
		return strconv.AppendInt(b, c.Ints[i], 10)
	}
}

// quote writes a JSON string. What is not UTF-8 becomes U+FFFD.
func quote(s string) []byte {
	plain := utf8.ValidString(s)
	for i := range len(s) {
		plain = plain && s[i] >= ' ' && s[i] != '"' && s[i] != '\\'
	}
	if plain {
		b := make([]byte, 0, len(s)+2)
		return append(append(append(b, '"'), s...), '"')
	}
	b, _ := json.Marshal(s) // a string always can be
	return b
}
