package preprocess

import (
	"context"
	"strings"

	"github.com/runnel-dev/runnel/internal/nfc"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// Tidy normalises text: Unicode NFC, white space trimmed and each run of it one
// space, lower case where asked for. What is left empty is missing.
type Tidy struct {
	Columns []string `json:"columns,omitempty" doc:"columns to normalise; empty: every string column"`
	Lower   bool     `json:"lower,omitempty" default:"false" doc:"lower case"`
}

// Kind is "tidy".
func (s *Tidy) Kind() string { return "tidy" }

type tidier struct {
	Params Tidy     `json:"spec"`
	Names  []string `json:"columns"`
	notes
}

// Fit chooses the columns, and notes in how many rows text changes.
func (s *Tidy) Fit(ctx context.Context, t *table.Table, _ *learn.Target, opts *learn.Options) (Transformer, error) {
	columns, err := pick(t, s.Columns, "strings", isString)
	if err != nil {
		return nil, err
	}
	f := &tidier{Params: *s, Names: columnNames(columns)}
	changed := make([]int, len(columns))
	err = eachUntil(ctx, len(columns), opts.ThreadCount(), func(j int) error {
		c := columns[j]
		differs := make([]bool, len(c.Dict))
		for k, text := range c.Dict {
			differs[k] = tidy(text, s.Lower) != text
		}
		for i, code := range c.Codes {
			if !c.Missing(i) && differs[code] {
				changed[j]++
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for j, n := range changed {
		if n > 0 {
			f.note(f.Names[j], n, "%s trimmed or normalised", many(n, "text"))
		}
	}
	return f, nil
}

// tidy normalises one text.
func tidy(text string, lower bool) string {
	text = nfc.String(strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.Join(strings.Fields(text), " ")
	if lower {
		text = nfc.String(strings.ToLower(text))
	}
	return text
}

func (f *tidier) check(learn.State) error { return distinct(f.Names) }

func (f *tidier) Spec() Spec { p := f.Params; return &p }

func (f *tidier) State() learn.State { return pack("tidy", f, nil) }

// Transform normalises strings; a column of another type is left as it is.
func (f *tidier) Transform(t *table.Table) (*table.Table, error) {
	return rewrite(t, f.Names, func(_ int, c *table.Column) ([]*table.Column, error) {
		if c.Kind == table.String {
			c = tidyColumn(c, f.Params.Lower)
		}
		return []*table.Column{c}, nil
	})
}

func tidyColumn(c *table.Column, lower bool) *table.Column {
	n := c.Len()
	out := &table.Column{Name: c.Name, Kind: table.String, Codes: make([]uint32, n), Valid: append(table.Bitmap(nil), c.Valid...)}
	if len(out.Valid) == 0 {
		out.Valid = nil
	}
	codes := make(map[string]uint32)
	of := make([]int64, len(c.Dict)) // 0: not met; -1: empty; else the new code and 1
	for i, old := range c.Codes {
		if c.Missing(i) {
			continue
		}
		if of[old] == 0 {
			of[old] = -1
			if text := tidy(c.Dict[old], lower); text != "" {
				code, ok := codes[text]
				if !ok {
					code = uint32(len(out.Dict))
					codes[text] = code
					out.Dict = append(out.Dict, text)
				}
				of[old] = int64(code) + 1
			}
		}
		if of[old] < 0 {
			out.SetMissing(i)
		} else {
			out.Codes[i] = uint32(of[old] - 1)
		}
	}
	return out
}
