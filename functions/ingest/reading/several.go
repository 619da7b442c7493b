package reading

import (
	"context"
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
	"github.com/runnel-dev/runnel/table/jsonl"
)

// Read reads files into parts. Where several have different kinds in a
// column, the column is read as one that holds the values of all.
func (r *Reader) Read(ctx context.Context, files []File) error {
	if len(files) == 1 {
		return r.read(ctx, files[0], nil)
	}
	kinds := &united{}
	var filled []File
	for _, f := range files {
		schema, rows, dates, err := r.survey(ctx, f)
		if err != nil {
			return err
		}
		if rows == 0 && (len(filled) > 0 || f != files[len(files)-1]) {
			r.call.Note("%s has no rows", f.Name)
			continue
		}
		if len(filled) == 0 {
			kinds.schema, kinds.dates = slices.Clone(schema), Orders{}
		} else if err := kinds.add(schema, r.call.Note); err != nil {
			return step.Permanent(fmt.Errorf("%s does not fit %s: %w", f.Name, filled[0].Name, err))
		}
		for _, name := range sorting.Keys(dates) {
			if !kinds.dates.add(name, dates[name]) {
				r.call.Note("column %q: its dates are month/day in one file and day/month in another", name)
			}
		}
		filled = append(filled, f)
	}
	for _, f := range filled {
		if err := r.read(ctx, f, kinds); err != nil {
			return err
		}
	}
	return nil
}

// survey finds out what a file holds, and in which order its dates are where
// they leave no doubt.
func (r *Reader) survey(ctx context.Context, f File) (table.Schema, int64, Orders, error) {
	blob, format, err := r.open(ctx, f)
	if err != nil {
		return nil, 0, nil, err
	}
	defer blob.Close()
	switch format {
	case "parquet":
		t, err := r.parquet(ctx, f)
		if err != nil {
			return nil, 0, nil, err
		}
		return t.Schema(), int64(t.Rows()), nil, nil
	case "jsonl":
		plan, err := jsonl.Scan(ctx, jsonl.ReaderAt(f.Name, blob, blob.Size()), r.jsonOptions(nil))
		if err != nil {
			return nil, 0, nil, inputError(ctx, err)
		}
		return plan.Schema, plan.Report.Rows, nil, nil
	}
	plan, err := csv.Scan(ctx, csv.ReaderAt(f.Name, blob, blob.Size()), r.csvOptions(nil))
	if err != nil {
		return nil, 0, nil, inputError(ctx, err)
	}
	settled := Orders(plan.Report.DateOrders)
	for _, name := range plan.Report.OpenDates {
		delete(settled, name)
	}
	return plan.Schema, plan.Report.Rows, settled, nil
}

// Orders are those of the dates of columns; auto where files differ.
type Orders map[string]csv.DateOrder

// add reports whether a column's order is that of the files before it.
func (o Orders) add(name string, order csv.DateOrder) bool {
	if before, ok := o[name]; ok && before != order {
		o[name] = csv.DateAuto
		return before == csv.DateAuto // said before
	}
	o[name] = order
	return true
}

// Texts are the orders by name, without those that differ.
func (o Orders) Texts() map[string]string {
	out := make(map[string]string, len(o))
	for name, order := range o {
		if order != csv.DateAuto {
			out[name] = order.String()
		}
	}
	return out
}

// united is the schema that holds the values of several files. nil is that of
// one file, whatever it is.
type united struct {
	schema table.Schema
	text   map[string]table.Kind // the columns that are text for their kinds differ
	dates  Orders                // where a file leaves no doubt
}

// add unites the schema with that of the next file, whose columns may be in
// different order.
func (u *united) add(next table.Schema, note func(string, ...any)) error {
	for i, f := range u.schema {
		j := slices.IndexFunc(next, func(g table.Field) bool { return g.Name == f.Name })
		if j < 0 {
			return fmt.Errorf("it lacks the column %q%s", f.Name, nearest.Hint(f.Name, next.Names()))
		}
		switch kind := next[j].Kind; {
		case kind == f.Kind:
		case kind.Numeric() && f.Kind.Numeric():
			u.schema[i].Kind = table.Float64
		case u.text[f.Name] != table.String:
			note("column %q: %v in one file and %v in another, so it is read as text", f.Name, f.Kind, kind)
			if u.text == nil {
				u.text = map[string]table.Kind{}
			}
			u.text[f.Name], u.schema[i].Kind = table.String, table.String
		}
	}
	for _, g := range next {
		if !slices.ContainsFunc(u.schema, func(f table.Field) bool { return f.Name == g.Name }) {
			return fmt.Errorf("it has one column more, %q%s", g.Name, nearest.Hint(g.Name, u.schema.Names()))
		}
	}
	return nil
}

// texts are the columns that a reader has to read as text.
func (u *united) texts() map[string]table.Kind {
	if u == nil {
		return nil
	}
	return u.text
}

// dateOrders are those in which a reader has to read dates.
func (u *united) dateOrders() map[string]csv.DateOrder {
	if u == nil {
		return nil
	}
	return u.dates
}

// cast puts the columns of a file into the order and the kinds of the schema.
func (u *united) cast(t *table.Table) *table.Table {
	if u == nil {
		return t
	}
	out := &table.Table{}
	for _, f := range u.schema {
		c := t.Column(f.Name)
		switch {
		case c.Kind == f.Kind:
		case f.Kind == table.Float64:
			c = table.FloatColumn(f.Name, c.Numbers())
		default:
			text := table.StringColumn(f.Name, c.Strings())
			for i := range c.Len() {
				if c.Missing(i) {
					text.SetMissing(i)
				}
			}
			c = text
		}
		out.Columns = append(out.Columns, c)
	}
	return out
}
