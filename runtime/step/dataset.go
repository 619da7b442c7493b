package step

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/table"
)

// A Manifest describes a dataset: a table at rest, in parts where it is large.
type Manifest struct {
	Schema     table.Schema `json:"schema"`
	Rows       int64        `json:"rows"`
	Parts      []Part       `json:"parts"`
	Split      events.Ref   `json:"split,omitzero"`      // one byte a row: a Subset
	Statistics events.Ref   `json:"statistics,omitzero"` // JSON, mergeable states of the columns

	// DateOrder is, of columns by name, how 01/02/2006 was read in the files that
	// the dataset came from: month_first or day_first.
	DateOrder map[string]string `json:"dateOrder,omitempty"`
}

// A Part is a run of rows of a dataset.
type Part struct {
	Table events.Ref `json:"table"`
	Rows  int64      `json:"rows"`
}

// A Subset is what a row is for.
type Subset uint8

// The subsets.
const (
	Train Subset = iota
	Validation
	Test
	Excluded // neither learnt from nor judged by, such as a row that stands twice
)

// Manifest reads the manifest of a dataset.
func (c *Call) Manifest(ctx context.Context, ds events.Dataset) (*Manifest, error) {
	var m Manifest
	if err := c.JSON(ctx, ds.Manifest, &m); err != nil {
		return nil, fmt.Errorf("dataset %s: %w", ds.Name, err)
	}
	return &m, nil
}

// Parts reads a dataset part by part, one part in memory at a time.
func (c *Call) Parts(ctx context.Context, m *Manifest, each func(t *table.Table) error) error {
	for i, p := range m.Parts {
		t, err := c.Table(ctx, p.Table)
		if err != nil {
			return fmt.Errorf("part %d: %w", i, err)
		}
		if err := each(t); err != nil {
			return fmt.Errorf("part %d: %w", i, err)
		}
	}
	return nil
}

// Dataset reads a whole dataset into memory, with the subset of each row (nil
// where it has no split).
func (c *Call) Dataset(ctx context.Context, ds events.Dataset) (*table.Table, []Subset, error) {
	m, err := c.Manifest(ctx, ds)
	if err != nil {
		return nil, nil, err
	}
	var parts []*table.Table
	if err := c.Parts(ctx, m, func(t *table.Table) error { parts = append(parts, t); return nil }); err != nil {
		return nil, nil, fmt.Errorf("dataset %s: %w", ds.Name, err)
	}
	t, err := table.Concat(parts...)
	if err != nil {
		return nil, nil, fmt.Errorf("dataset %s: %w", ds.Name, err)
	}
	split, err := c.Split(ctx, m)
	if err != nil {
		return nil, nil, fmt.Errorf("dataset %s: %w", ds.Name, err)
	}
	return t, split, nil
}

// Split reads the subset of each row of a dataset; nil where it has none.
func (c *Call) Split(ctx context.Context, m *Manifest) ([]Subset, error) {
	if m.Split.IsZero() {
		return nil, nil
	}
	b, err := c.Bytes(ctx, m.Split)
	if err != nil {
		return nil, err
	}
	if int64(len(b)) != m.Rows {
		return nil, fmt.Errorf("the split has %d rows, the table %d", len(b), m.Rows)
	}
	split := make([]Subset, len(b))
	for i, v := range b {
		if split[i] = Subset(v); split[i] > Excluded {
			return nil, fmt.Errorf("the split has an unknown subset %d in row %d", v, i)
		}
	}
	return split, nil
}

// RowsOf lists the rows of a subset; without a split every row is Train.
func RowsOf(split []Subset, subset Subset, rows int) []int {
	var out []int
	for i := range rows {
		if (split == nil && subset == Train) || (split != nil && split[i] == subset) {
			out = append(out, i)
		}
	}
	return out
}

// PutDataset stores a table of one part, with its split, as the output of that
// name. like gives the name, target, task and classes.
func (c *Call) PutDataset(ctx context.Context, name string, t *table.Table, split []Subset, like events.Dataset) (events.Dataset, error) {
	ref, err := c.PutTable(ctx, name+".table", t)
	if err != nil {
		return events.Dataset{}, err
	}
	m := &Manifest{Schema: t.Schema(), Rows: int64(t.Rows()), Parts: []Part{{Table: ref, Rows: int64(t.Rows())}}}
	return c.PutManifest(ctx, name, m, split, like)
}

// PutManifest stores a dataset whose parts are stored already.
func (c *Call) PutManifest(ctx context.Context, name string, m *Manifest, split []Subset, like events.Dataset) (events.Dataset, error) {
	if split != nil {
		b := make([]byte, len(split))
		for i, s := range split {
			b[i] = byte(s)
		}
		ref, err := c.PutBytes(ctx, name+".split", events.MediaBytes, b)
		if err != nil {
			return events.Dataset{}, err
		}
		m.Split = ref
	}
	ref, err := c.PutJSON(ctx, name, events.MediaDataset, m)
	if err != nil {
		return events.Dataset{}, err
	}
	like.Manifest, like.Rows, like.Columns = ref, m.Rows, len(m.Schema)
	return like, nil
}
