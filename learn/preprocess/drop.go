package preprocess

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// Drop takes columns out: those named, and those in which the training rows
// show nothing to learn from.
type Drop struct {
	Columns  []string `json:"columns,omitempty" doc:"columns to drop"`
	Constant bool     `json:"constant,omitempty" default:"false" doc:"drop columns with one value or none"`
	IDs      bool     `json:"ids,omitempty" default:"false" doc:"drop identifiers: strings that are no text, and whole numbers called an id, of which nearly every row has its own"`
	Missing  float64  `json:"missing,omitempty" default:"0" min:"0" max:"1" doc:"drop columns with more than this share of missing values; 0: none"`
}

// Kind is "drop".
func (s *Drop) Kind() string { return "drop" }

type dropper struct {
	Params Drop     `json:"spec"`
	Names  []string `json:"columns"`
	notes
}

// Fit decides which columns go, and notes why.
func (s *Drop) Fit(ctx context.Context, t *table.Table, _ *learn.Target, opts *learn.Options) (Transformer, error) {
	p := *s
	if !(p.Missing >= 0 && p.Missing <= 1) {
		return nil, fmt.Errorf("missing is %v: want a share from 0 to 1", p.Missing)
	}
	if _, err := pick(t, p.Columns, "a column", func(*table.Column) bool { return true }); err != nil {
		return nil, err
	}
	told := make(map[string]bool, len(p.Columns))
	for _, name := range p.Columns {
		told[name] = true
	}
	why := make([]string, len(t.Columns))
	err := eachUntil(ctx, len(t.Columns), opts.ThreadCount(), func(j int) error {
		if why[j] = p.reason(t.Columns[j]); told[t.Columns[j].Name] {
			why[j] = "as told"
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	f := &dropper{Params: p, Names: []string{}}
	for j, c := range t.Columns {
		if why[j] != "" {
			f.Names = append(f.Names, c.Name)
			f.note(c.Name, 0, "dropped: %s", why[j])
		}
	}
	return f, nil
}

func (s *Drop) reason(c *table.Column) string {
	n := c.Len()
	switch nulls := c.Nulls(); {
	case s.Constant && nulls == n:
		return "no values"
	case s.Missing > 0 && float64(nulls) > s.Missing*float64(n):
		return fmt.Sprintf("%d of %d values missing", nulls, n)
	case s.Constant && constant(c):
		return "one value only"
	case s.IDs && Identifier(c):
		return "an identifier: nearly every row has its own"
	}
	return ""
}

// Sparse lists the columns in which more than a share of the values is missing.
func Sparse(t *table.Table, share float64) []string {
	var names []string
	for _, c := range t.Columns {
		if float64(c.Nulls()) > share*float64(c.Len()) {
			names = append(names, c.Name)
		}
	}
	return names
}

// constant reports whether a column has one value throughout, where missing is
// a value too: a column of ones and blanks says something.
func constant(c *table.Column) bool {
	if nulls := c.Nulls(); nulls > 0 {
		return nulls == c.Len()
	}
	for i := 1; i < c.Len(); i++ {
		var same bool
		switch c.Kind {
		case table.Float64:
			same = c.Floats[i] == c.Floats[0]
		case table.Bool:
			same = c.Bools[i] == c.Bools[0]
		case table.String:
			same = c.Codes[i] == c.Codes[0] || c.Dict[c.Codes[i]] == c.Dict[c.Codes[0]]
		default:
			same = c.Ints[i] == c.Ints[0]
		}
		if !same {
			return false
		}
	}
	return true
}

// Identifier reports whether a column names its rows and says nothing else: at
// least 20 values of which 95 in 100 are distinct, and either strings that are
// no text of several words, or numbers, 95 in 100 whole, in a column that is
// called an id.
func Identifier(c *table.Column) bool {
	if c.Kind != table.String && !(numeric(c) && (namedID(c.Name) || indexName(c.Name) || counts(c))) {
		return false
	}
	present := c.Len() - c.Nulls()
	if present < 20 {
		return false
	}
	if numeric(c) { // in float64 too: filled and capped, a few of them are no longer whole
		values, _ := countCategories(c)
		whole := present
		for i, v := range c.Floats {
			if !c.Missing(i) && v != math.Trunc(v) {
				whole--
			}
		}
		return mostly(len(values), present) && mostly(whole, present)
	}
	values := occurring(c)
	return mostly(len(values), present) && wordsEach(values) < textWords
}

func mostly(n, present int) bool { return float64(n) >= .95*float64(present) }

// indexName reports whether a name is one that pandas gives to the numbers of
// rows in files: Unnamed: 0, __index_level_0__.
func indexName(name string) bool {
	number, ok := strings.CutPrefix(name, "Unnamed: ")
	if !ok {
		level, prefixed := strings.CutPrefix(name, "__index_level_")
		if number, ok = strings.CutSuffix(level, "__"); !ok || !prefixed {
			return false
		}
	}
	return number != "" && strings.Trim(number, "0123456789") == ""
}

// counts reports whether a column is the index that pandas writes in front of a
// CSV file: it has no name (so it is called column_1), and its values ascend by
// about one a row, as the training part of the rows and capping leave them.
func counts(c *table.Column) bool {
	v := c.Numbers()
	if c.Name != "column_1" || c.Nulls() > 0 || len(v) < 2 || v[0] > 20 {
		return false
	}
	return slices.IsSorted(v) && v[len(v)-1]-v[0] < 2*float64(len(v))
}

// namedID reports whether a name is or ends in "id" as a word: id, user_id, PassengerId.
func namedID(name string) bool {
	n := len(name)
	return strings.EqualFold(name, "id") || n > 2 && (name[n-2:] == "Id" || name[n-2:] == "ID" || strings.EqualFold(name[n-2:], "id") && strings.ContainsRune("_- .", rune(name[n-3])))
}

func (f *dropper) check(learn.State) error { return distinct(f.Names) }

func (f *dropper) Spec() Spec { p := f.Params; return &p }

func (f *dropper) State() learn.State { return pack("drop", f, nil) }

// Transform leaves the columns out; one that is not there already is no error.
func (f *dropper) Transform(t *table.Table) (*table.Table, error) {
	if len(f.Names) == 0 {
		return t, nil
	}
	gone := make(map[string]bool, len(f.Names))
	for _, name := range f.Names {
		gone[name] = true
	}
	out := make([]*table.Column, 0, len(t.Columns))
	for _, c := range t.Columns {
		if !gone[c.Name] {
			out = append(out, c)
		}
	}
	return &table.Table{Columns: out}, nil
}

// textWords is how many words a value has on average in a column of free text.
const textWords = 3.5

// wordsEach is the average number of space-separated words, over a few
// thousand of the values.
func wordsEach(values []string) float64 {
	step := len(values)/2048 + 1
	count, n := 0, 0
	for i := 0; i < len(values); i += step {
		inside := false
		for _, r := range values[i] {
			space := r == ' ' || r == '\n' || r == '\t'
			if !space && !inside {
				count++
			}
			inside = !space
		}
		n++
	}
	if n == 0 {
		return math.NaN()
	}
	return float64(count) / float64(n)
}
