package jsonl

import (
	"fmt"
	"strings"
)

// A Problem names what is wrong with a row or a file.
type Problem string

// The problems.
const (
	Syntax       Problem = "syntax"
	Nested       Problem = "nested value"
	DuplicateKey Problem = "duplicate key"
	InvalidUTF8  Problem = "invalid UTF-8"
	NulByte      Problem = "NUL byte"
	LongLine     Problem = "long line" // beyond Options.MaxLine
	TooLarge     Problem = "too large" // beyond Options.MaxBytes, MaxRatio or MaxColumns
	NotJSON      Problem = "not JSON"  // another format, by its first bytes
	Empty        Problem = "empty"     // no object at all
	Damaged      Problem = "damaged"   // data that cannot be read to its end
	Changed      Problem = "changed"   // the source differed between two passes
)

// An Error says what could not be read, where, and how to put it right.
type Error struct {
	File    string
	Line    int64 // 1-based; 0: the file as a whole
	Column  int   // 1-based byte in that line; 0: the line as a whole
	Problem Problem
	Text    string // what happened
	Hint    string // how to put it right
	Err     error  // the cause, if another error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Column > 0 {
		fmt.Fprintf(&b, ":%d", e.Column)
	}
	b.WriteString(": " + e.Text)
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, " (%s)", e.Hint)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// A fault is what is wrong at a byte of a record.
type fault struct {
	at      int
	problem Problem
	text    string
	hint    string
}
