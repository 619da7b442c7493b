package model

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/table"
)

// The functions of this file read JSON-like values: nil, bool, string, float64,
// int, int64, json.Number and time.Time. They report whether the value is one of their kind.

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil
	}
	return 0, false
}

func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, true
		}
	case string:
		if n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64); err == nil {
			return n, true
		}
	}
	f, ok := number(v)
	return int64(f), ok && f == math.Trunc(f) && math.Abs(f) < 1<<53
}

func truth(v any) (bool, bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true", "t", "yes", "y", "1":
			return true, true
		case "false", "f", "no", "n", "0":
			return false, true
		}
		return false, false
	}
	f, ok := number(v)
	return f == 1, ok && (f == 0 || f == 1)
}

func moment(v any) (int64, bool) {
	if when, ok := v.(time.Time); ok {
		return when.UnixMicro(), true
	}
	text, ok := v.(string)
	if !ok {
		return 0, false
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"} {
		if when, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return when.UnixMicro(), true
		}
	}
	return 0, false
}

func words(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return strconv.FormatInt(int64(v), 10), true
		}
		return table.FormatFloat(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case int:
		return strconv.Itoa(v), true
	case time.Time:
		return v.Format(table.TimeLayout), true
	}
	return "", false
}

// says reports whether a text says the value v, which is a bool, time or number.
func says(text string, v any) bool {
	switch v := v.(type) {
	case bool:
		return strings.EqualFold(text, strconv.FormatBool(v))
	case time.Time:
		at, ok := moment(text)
		return ok && at == v.UnixMicro()
	}
	want, ok := number(v)
	got, isNumber := number(text)
	return ok && isNumber && got == want
}

func wanted(k table.Kind) string {
	switch k {
	case table.Float64:
		return "number"
	case table.Int64:
		return "whole number"
	case table.Bool:
		return "true or false"
	case table.Time:
		return "time such as 2006-01-02 or 2006-01-02T15:04:05Z"
	}
	return "text"
}

func shown(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		b = fmt.Append(nil, v)
	}
	if len(b) > 60 {
		b = append(b[:57:57], "..."...)
	}
	return string(b)
}

func jsonType(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case map[string]any:
		return "object"
	case []any:
		return "array"
	}
	return "number"
}
