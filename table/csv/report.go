package csv

import "fmt"

// A Report says what was read, what was left out, and what was decided.
type Report struct {
	Dialect Dialect  `json:"dialect"`
	Rows    int64    `json:"rows"`            // rows read
	Bytes   int64    `json:"bytes"`           // after decompression
	Skipped int64    `json:"skipped"`         // rows left out under Skip
	Bad     []BadRow `json:"bad,omitempty"`   // the first of them
	Notes   []Note   `json:"notes,omitempty"` // in the order of the columns

	// DateOrders is how the columns were read whose dates have an order of day and
	// month, for Options.DateOrders of the next file. OpenDates are those among
	// them whose values and options left it open, so that it was a guess.
	DateOrders map[string]DateOrder `json:"dateOrders,omitempty"`
	OpenDates  []string             `json:"openDates,omitempty"`
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
	Column string `json:"column,omitempty"` // "": about the whole file
	Text   string `json:"text"`
	Count  int64  `json:"count,omitempty"` // values concerned
}

// String is the note in a line: column "price": every value is missing (5 values).
func (n Note) String() string {
	text := n.Text
	if n.Count > 0 {
		text = fmt.Sprintf("%s (%d values)", text, n.Count)
	}
	if n.Column != "" {
		text = fmt.Sprintf("column %q: %s", n.Column, text)
	}
	return text
}

// badSamples is how many skipped rows a Report describes.
const badSamples = 10

func (r *Report) note(column string, count int64, text string) {
	r.Notes = append(r.Notes, Note{Column: column, Count: count, Text: text})
}
