package csv

import "fmt"

// A Problem names what is wrong with a row or a file.
type Problem string

// The problems.
const (
	FieldCount    Problem = "field count"    // too many or too few fields
	UnclosedQuote Problem = "unclosed quote" // a quoted field that never ends
	AfterQuote    Problem = "text after quote"
	InvalidUTF8   Problem = "invalid UTF-8"
	NulByte       Problem = "NUL byte"
	LongLine      Problem = "long line"  // beyond Options.MaxLine
	TooLarge      Problem = "too large"  // beyond Options.MaxBytes or MaxRatio
	NotCSV        Problem = "not CSV"    // another format, by its first bytes
	Empty         Problem = "empty"      // no record at all
	Damaged       Problem = "damaged"    // compressed data that cannot be read to its end
	Changed       Problem = "changed"    // the source differed between two passes
	BadOption     Problem = "bad option" // options that contradict each other
)

// An Error says what could not be read, where, and how to put it right.
type Error struct {
	File    string
	Line    int64 // 1-based physical line; 0: the file as a whole
	Column  int   // 1-based byte in that line; 0: the line as a whole
	Problem Problem
	Text    string // what happened
	Hint    string // how to put it right
	Err     error  // the cause, if another error
}

func (e *Error) Error() string {
	where := e.File
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d", where, e.Line)
		if e.Column > 0 {
			where = fmt.Sprintf("%s:%d", where, e.Column)
		}
	}
	text := e.Text
	if e.Err != nil {
		text = fmt.Sprintf("%s: %v", text, e.Err)
	}
	if e.Hint == "" {
		return fmt.Sprintf("%s: %s", where, text)
	}
	return fmt.Sprintf("%s: %s (%s)", where, text, e.Hint)
}

func (e *Error) Unwrap() error { return e.Err }
