package jsonl

import "github.com/runnel-dev/runnel/table"

// Options say how to read. A nil *Options, and every zero field, is the default.
type Options struct {
	// Kinds fixes the kinds of columns by name. A value that does not fit is
	// missing, and counted in a note; a string that holds a number fits a number.
	Kinds map[string]table.Kind

	OnBadRow   BadRowPolicy
	NestedText bool // keep objects and arrays within a row as their JSON text

	MaxLine    int   // bytes of one object; 0: 64 MiB
	MaxBytes   int64 // bytes after decompression; 0: 1 TiB
	MaxRatio   int   // decompressed to compressed, past the first 64 MiB; 0: 200
	MaxColumns int   // 0: 65,535
}

// BadRowPolicy says what a row that cannot be read does.
type BadRowPolicy uint8

// The choices for OnBadRow.
const (
	Fail BadRowPolicy = iota // reading ends with an *Error
	Skip                     // the row is left out, and counted in the Report
)

func (o *Options) filled() Options {
	var f Options
	if o != nil {
		f = *o
	}
	if f.MaxLine <= 0 {
		f.MaxLine = 64 << 20
	}
	if f.MaxBytes <= 0 {
		f.MaxBytes = 1 << 40
	}
	if f.MaxRatio <= 0 {
		f.MaxRatio = 200
	}
	if f.MaxColumns <= 0 {
		f.MaxColumns = 65535
	}
	return f
}

// A Report says what was read, what was left out, and what was decided.
type Report struct {
	Rows    int64    `json:"rows"`            // rows read
	Bytes   int64    `json:"bytes"`           // after decompression
	Skipped int64    `json:"skipped"`         // rows left out under Skip
	Bad     []BadRow `json:"bad,omitempty"`   // the first of them
	Notes   []Note   `json:"notes,omitempty"` // in the order of the columns
}

// A BadRow is a row that was skipped.
type BadRow struct {
	Line    int64   `json:"line"`   // 1-based
	Column  int     `json:"column"` // 1-based byte in the line
	Problem Problem `json:"problem"`
	Text    string  `json:"text"`
}

// A Note is something that the reader decided or could not keep.
type Note struct {
	Column string `json:"column"`
	Text   string `json:"text"`
	Count  int64  `json:"count,omitempty"` // values concerned
}

// badSamples is how many skipped rows a Report describes.
const badSamples = 10
