// Package profile describes a table: its columns, how they are distributed and
// go together, and what in them needs a person's attention.
//
// A profile holds aggregates only. Values are named where at least
// Options.Rare rows have them.
package profile

import (
	"math"
	"strconv"

	"github.com/runnel-dev/runnel/learn/density"
	"github.com/runnel-dev/runnel/table"
)

// A Float is a number that may not exist (of no values, say): NaN and the
// infinities are null in JSON.
type Float float64

// MarshalJSON implements json.Marshaler.
func (f Float) MarshalJSON() ([]byte, error) {
	if !f.Exists() {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(f), 'g', -1, 64), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *Float) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*f = Float(math.NaN())
		return nil
	}
	v, err := strconv.ParseFloat(string(b), 64)
	*f = Float(v)
	return err
}

// Exists reports whether there is a number.
func (f Float) Exists() bool { return !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) }

// A Profile describes a table.
type Profile struct {
	Dataset    string  `json:"dataset"`
	Rows       int64   `json:"rows"`
	Width      int     `json:"width"` // number of columns
	Duplicates int64   `json:"duplicateRows"`
	Sample     *Sample `json:"sample,omitempty"` // nil: everything is computed from every row

	Alerts  []Alert  `json:"alerts"`
	Columns []Column `json:"columns"` // in the table's order
	Target  *Target  `json:"target,omitempty"`
	Missing Missing  `json:"missing"`

	Correlation *Correlation `json:"correlation,omitempty"`
	Categories  *Matrix      `json:"categories,omitempty"` // Cramér's V, corrected for bias
	Pairs       []Pair       `json:"pairs,omitempty"`      // strongest first
	Components  *Components  `json:"components,omitempty"`

	Notes []string `json:"notes,omitempty"` // what was bounded, and how
}

// A Sample says what was computed from a part of the rows only.
type Sample struct {
	Rows int      `json:"rows"`
	Seed uint64   `json:"seed"`
	For  []string `json:"for"`
}

// A Role is what a column is good for.
type Role string

// The roles.
const (
	Empty       Role = "empty"
	Constant    Role = "constant"
	Identifier  Role = "identifier" // a value of its own in every row
	Numeric     Role = "numeric"
	Boolean     Role = "boolean"
	Categorical Role = "categorical"
	Text        Role = "text"
	Time        Role = "time"
)

// A Column describes one column.
type Column struct {
	Name     string     `json:"name"`
	Type     table.Kind `json:"type"`
	Role     Role       `json:"role"`
	Count    int64      `json:"count"` // rows with a value
	Missing  int64      `json:"missing"`
	Distinct int64      `json:"distinct"`
	Infinite int64      `json:"infinite,omitempty"` // counted in Count, in nothing else

	Numbers   *Numbers   `json:"numbers,omitempty"`   // of a numeric column; of times, in microseconds since 1970
	Box       *Box       `json:"box,omitempty"`       // likewise
	Histogram *Histogram `json:"histogram,omitempty"` // likewise, of the columns that are charted
	Top       []Value    `json:"top,omitempty"`       // most frequent first
	Others    *Others    `json:"others,omitempty"`    // values that Top leaves out
	Length    *Length    `json:"length,omitempty"`    // of a string column
}

// Numbers are pandas' describe, skew and kurt: the standard deviation is of a
// sample (n - 1), quartiles are interpolated, skew and (excess) kurtosis are
// corrected for bias.
type Numbers struct {
	Mean     Float `json:"mean"`
	Std      Float `json:"std"`
	Min      Float `json:"min"`
	Q1       Float `json:"q1"`
	Median   Float `json:"median"`
	Q3       Float `json:"q3"`
	Max      Float `json:"max"`
	Skew     Float `json:"skew"`
	Kurtosis Float `json:"kurtosis"`
	Zeros    int64 `json:"zeros"`
}

// A Box is Tukey's: whiskers reach to the furthest value within 1.5
// interquartile ranges of the box, and what lies beyond is an outlier.
type Box struct {
	Lower Float `json:"lowerWhisker"`
	Upper Float `json:"upperWhisker"`
	Below int64 `json:"outliersBelow"`
	Above int64 `json:"outliersAbove"`
}

// A Histogram counts values between edges. X and Density are a Gaussian kernel
// density (bandwidth by Scott's rule), empty where there is none.
type Histogram struct {
	Edges   []float64 `json:"edges"`
	Counts  []int64   `json:"counts"`
	X       []float64 `json:"x,omitempty"`
	Density []float64 `json:"density,omitempty"`
}

// A Value is a value and the number of rows that have it.
type Value struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// Others are values taken together.
type Others struct {
	Distinct int64 `json:"distinct"`
	Count    int64 `json:"count"`
}

// A Length is the number of characters of a column's texts.
type Length struct {
	Min  int64 `json:"min"`
	Mean Float `json:"mean"`
	Max  int64 `json:"max"`
}

// Missing says where values are missing, and which are missing together.
type Missing struct {
	Cells    int64     `json:"cells"`
	Complete int64     `json:"completeRows"`
	Patterns []Pattern `json:"patterns,omitempty"` // most frequent first
}

// A Pattern is a set of columns that are missing in the same rows.
type Pattern struct {
	Columns []string `json:"columns"`
	Rows    int64    `json:"rows"`
}

// A Target describes what is to be predicted.
type Target struct {
	Name    string  `json:"name"`
	Task    string  `json:"task"`              // classification or regression
	Classes []Value `json:"classes,omitempty"` // of a classification, most frequent first

	Associations []Association `json:"associations"` // strongest first
}

// An Association is how much one column by itself says about the target.
type Association struct {
	Column   string `json:"column"`
	Measure  string `json:"measure"` // cramers_v, spearman or correlation_ratio
	Value    Float  `json:"value"`   // in [0, 1], of spearman in [-1, 1]
	AUC      Float  `json:"auc"`     // of numbers and two classes: 0.5 says nothing, 0 and 1 everything
	Lambda   Float  `json:"lambda"`  // of classes: share of errors that knowing the column takes away
	strength float64
}

// A Matrix holds a value for each pair of columns.
type Matrix struct {
	Columns []string  `json:"columns"`
	Values  [][]Float `json:"values"`
}

// A Correlation holds coefficients of pairwise-complete rows.
type Correlation struct {
	Columns  []string  `json:"columns"`
	Pearson  [][]Float `json:"pearson"`
	Spearman [][]Float `json:"spearman"` // average ranks
}

// A Pair is two correlated columns, drawn as a grid of counts.
type Pair struct {
	X        string        `json:"x"`
	Y        string        `json:"y"`
	Pearson  Float         `json:"pearson"`
	Spearman Float         `json:"spearman"`
	Grid     *density.Grid `json:"grid"`
}

// Components are the principal components of the standardised, mean-imputed
// numeric columns other than the target.
type Components struct {
	Columns     []string     `json:"columns"`
	Share       []Float      `json:"share"`             // of the variance, up to ten components
	Loadings    [][]Float    `json:"loadings"`          // of the first three components, on each column
	Classes     []string     `json:"classes,omitempty"` // that the projections' cells refer to
	Projections []Projection `json:"projections"`       // of the first two components, or each two of the first three
}

// A Projection counts rows on the plane of two components.
type Projection struct {
	X    int           `json:"x"` // component, from 1
	Y    int           `json:"y"`
	Grid *density.Grid `json:"grid"`
}

// Severity says how soon an alert deserves attention.
type Severity string

// The severities.
const (
	High   Severity = "high"   // a model trained on this is likely to mislead
	Medium Severity = "medium" // worth a decision
	Low    Severity = "low"    // good to know
)

// An Alert names something that deserves attention.
type Alert struct {
	Name     string   `json:"name"`
	Columns  []string `json:"columns,omitempty"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"` // a sentence with the number
	Advice   string   `json:"advice"`  // what to do
}
