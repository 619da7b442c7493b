package csv

import (
	"fmt"
	"runtime"
	"slices"

	"github.com/runnel-dev/runnel/table"
)

// Options says how to read or write. Nil, and every zero field, means the
// default: find out from the data.
type Options struct {
	Delimiter byte // 0: comma, semicolon, tab or pipe, found out
	Quote     byte // 0: the double quote, or the single where only it is used
	Decimal   byte // '.' or ','; 0: a point, or a comma where the delimiter is a semicolon and the numbers have commas
	Header    Header
	DateOrder DateOrder // of every column that DateOrders does not name

	// Missing lists the texts that mean "no value"; nil means DefaultMissing and
	// WeakMissing. The empty field is always missing.
	Missing []string

	// Kinds fixes the kinds of columns by name. A value that does not fit is
	// missing, and counted in a note.
	Kinds map[string]table.Kind

	// DateOrders says of columns by name how their dates are read; a date that is
	// none in that order makes the column text. It may be a Report's.
	DateOrders map[string]DateOrder

	SkipAbsent bool // Kinds and DateOrders may name columns that the file does not have

	// Dates has Write write times as dates, in columns whose times are all midnights in UTC.
	Dates bool

	OnBadRow BadRowPolicy

	MaxLine  int   // bytes in a record, beyond which reading fails under Skip too; 0: 64 MiB
	MaxBytes int64 // bytes after decompression; 0: 1 TiB
	MaxRatio int   // decompressed to compressed, past the first 64 MiB; 0: 200

	Threads int // workers; 0: GOMAXPROCS
	Chunk   int // bytes a worker takes at a time; 0: 512 KiB or more for wide rows
}

// Header says whether the first record holds the columns' names.
type Header uint8

// The choices for Header.
const (
	HeaderAuto Header = iota // yes, unless the first record looks like the rest
	HeaderYes
	HeaderNo // columns are named column_1, column_2, ...
)

// DateOrder says how to read a date such as 01/02/2006.
type DateOrder uint8

// The choices for DateOrder.
const (
	DateAuto   DateOrder = iota // what every value of the column allows; both: month first with / or -, day first with .
	MonthFirst                  // 01/02/2006 is January 2nd
	DayFirst                    // 01/02/2006 is February 1st
)

var dateOrders = [...]string{DateAuto: "auto", MonthFirst: "month_first", DayFirst: "day_first"}

// String is the order's name: auto, month_first or day_first.
func (o DateOrder) String() string {
	if int(o) < len(dateOrders) {
		return dateOrders[o]
	}
	return fmt.Sprintf("DateOrder(%d)", uint8(o))
}

// MarshalText implements encoding.TextMarshaler.
func (o DateOrder) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *DateOrder) UnmarshalText(text []byte) error {
	i := slices.Index(dateOrders[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is no order of dates: want auto, month_first or day_first", text)
	}
	*o = DateOrder(i)
	return nil
}

// BadRowPolicy says what a row that cannot be read does.
type BadRowPolicy uint8

// The choices for OnBadRow.
const (
	Fail BadRowPolicy = iota // reading ends with an *Error
	Skip                     // the row is left out, and counted in the Report
)

// DefaultMissing lists the texts that mean "no value" besides the empty field.
// NaN, null and N/A count in any case of letters; NA only as it stands, as "na" is a word.
func DefaultMissing() []string { return []string{"NA", "N/A", "NaN", "null", "?", "-"} }

// WeakMissing lists the texts that mean "no value" beside numbers, bools and
// times, as Python, spreadsheets and statistics packages write it, and in a
// column of text what they say: there None may be a category.
func WeakMissing() []string {
	return []string{"None", "none", "NONE", "na", "Na", "nil", "NIL", "n.a.", "N.A.", ".", "<NA>", "<NULL>", "#N/A", "#NA", "#N/A N/A", "#NULL!", "#DIV/0!", "#VALUE!",
		"#REF!", "#NUM!", "#NAME?", "-nan", "-NaN", "1.#QNAN", "-1.#IND", "1.#IND", "-1.#QNAN"}
}

const (
	defaultMaxLine  = 64 << 20
	defaultMaxBytes = 1 << 40
	defaultMaxRatio = 200
	defaultChunk    = 512 << 10
)

// withDefaults is a copy of o with the limits filled in.
func (o *Options) withDefaults() *Options {
	var d Options
	if o != nil {
		d = *o
	}
	if d.MaxLine <= 0 || d.MaxLine > 1<<30 {
		d.MaxLine = defaultMaxLine
	}
	if d.MaxBytes <= 0 {
		d.MaxBytes = defaultMaxBytes
	}
	if d.MaxRatio <= 0 {
		d.MaxRatio = defaultMaxRatio
	}
	if d.Threads <= 0 {
		d.Threads = runtime.GOMAXPROCS(0)
	}
	return &d
}
