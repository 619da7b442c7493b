package model

import (
	"bytes"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/internal/rawjson"
)

// lineWidth is how long an object may be to stand on one line.
const lineWidth = 100

// readable lays valid compact JSON out for people: an object or array stands on
// one line where it is short or holds no others, and is indented elsewhere.
func readable(compact []byte) []byte {
	var out bytes.Buffer
	layOut(&out, compact, "")
	out.WriteByte('\n')
	return out.Bytes()
}

func layOut(out *bytes.Buffer, v []byte, indent string) {
	if v[0] != '{' && v[0] != '[' || len(v) <= lineWidth || v[0] == '[' && flat(v) {
		out.Write(v)
		return
	}
	inner := indent + "  "
	out.WriteByte(v[0])
	first := true
	item := func(item []byte, key string) error {
		if !first {
			out.WriteByte(',')
		}
		first = false
		out.WriteString("\n" + inner + key)
		layOut(out, item, inner)
		return nil
	}
	if v[0] == '{' { // valid JSON gives no errors here
		_ = rawjson.Object(v, func(name string, value []byte) error {
			key, _ := json.Marshal(name)
			return item(value, string(key)+": ")
		})
	} else {
		_ = rawjson.Array(v, func(value []byte) error { return item(value, "") })
	}
	out.WriteString("\n" + indent)
	out.WriteByte(v[0] + 2) // ] follows [ by two, and } follows {
}

// flat reports whether an array holds neither objects nor arrays.
func flat(v []byte) bool {
	inString := false
	for i := 1; i < len(v); i++ {
		switch {
		case inString && v[i] == '\\':
			i++
		case v[i] == '"':
			inString = !inString
		case !inString && (v[i] == '{' || v[i] == '['):
			return false
		}
	}
	return true
}
