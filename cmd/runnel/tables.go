package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
	"github.com/runnel-dev/runnel/table/jsonl"
	"github.com/runnel-dev/runnel/table/parquet"
)

// A stepTable is a table that a step of a run wrote.
type stepTable struct {
	Step    string       `json:"step"`
	Output  string       `json:"output"`
	Rows    int64        `json:"rows"`
	Columns table.Schema `json:"columns"`

	parts []events.Ref // Parquet
}

func (t stepTable) name() string { return t.Step + "/" + t.Output }

// tableFlags say how much of a table is written, and how.
type tableFlags struct {
	rows       int
	csv, lines bool
	out        string
}

func newTable(a *app) *cobra.Command {
	var f tableFlags
	c := a.asking("table RUN [STEP[/OUTPUT]]", "Show a table that a step of a run wrote, or write it to a file", cobra.RangeArgs(1, 2), looking, func(cmd *cobra.Command, c *connection, args []string) error {
		st, err := c.Run(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		tables, err := tablesOf(cmd.Context(), c, &st)
		if err != nil {
			return err
		}
		if len(args) == 1 {
			return a.listTables(tables, args[0])
		}
		t, err := findTable(tables, args[1], &st)
		if err != nil {
			return err
		}
		if (f.csv || f.lines || f.out != "") && !cmd.Flags().Changed("rows") {
			f.rows = 0
		}
		return a.showTable(cmd.Context(), c, t, &f)
	})
	c.Long = `Show a table that a step of a run wrote: the dataset as ingest read it, say, as
clean left it, or the features that train learnt from. Without STEP it lists the
tables of the run. What goes into a file, or is written as CSV or JSON lines, is
the whole table unless --rows says otherwise.`
	c.Example = "  runnel runs table last clean\n  runnel runs table last featurize --out features.parquet\n  runnel runs table last clean --csv | head"
	c.Flags().IntVarP(&f.rows, "rows", "n", 10, "rows from the first one on; 0 for all")
	c.Flags().BoolVar(&f.csv, "csv", false, "write CSV to standard output")
	c.Flags().BoolVar(&f.lines, "jsonl", false, "write JSON lines to standard output")
	c.Flags().StringVarP(&f.out, "out", "o", "", "file to write: .csv, .jsonl or .parquet")
	c.MarkFlagsMutuallyExclusive("csv", "jsonl", "out")
	return c
}

// tablesOf lists the tables that the steps of a run wrote. Of a step that ran
// several times it has those of each.
func tablesOf(ctx context.Context, c *connection, st *api.RunState) ([]stepTable, error) {
	var out []stepTable
	for _, rec := range st.Steps {
		within := map[string]bool{} // parts of datasets
		for _, name := range slices.Sorted(maps.Keys(rec.Outputs)) {
			if ref := rec.Outputs[name]; ref.MediaType == events.MediaDataset {
				var m step.Manifest
				if err := readJSON(ctx, c, ref.Digest, &m); err != nil {
					return nil, fmt.Errorf("dataset %s of step %s: %w", name, rec.Step, err)
				}
				t := stepTable{Step: rec.Step, Output: name, Rows: m.Rows, Columns: m.Schema}
				for _, p := range m.Parts {
					within[p.Table.Digest] = true
					t.parts = append(t.parts, p.Table)
				}
				out = append(out, t)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(rec.Outputs)) {
			ref := rec.Outputs[name]
			if ref.MediaType != events.MediaParquet || within[ref.Digest] {
				continue
			}
			f, err := openParquet(ctx, c, ref)
			if err != nil {
				return nil, fmt.Errorf("table %s of step %s: %w", name, rec.Step, err)
			}
			out = append(out, stepTable{Step: rec.Step, Output: name, Rows: int64(f.Rows()), Columns: f.Schema(), parts: []events.Ref{ref}})
		}
	}
	return out, nil
}

func openParquet(ctx context.Context, c *connection, ref events.Ref) (*parquet.File, error) {
	b, err := readArtifact(ctx, c, ref.Digest)
	if err != nil {
		return nil, err
	}
	return parquet.Open(bytes.NewReader(b), int64(len(b)), nil)
}

// findTable finds the table that is named by its step, or by step and output. Of
// a step that ran several times it is the last one's.
func findTable(tables []stepTable, name string, st *api.RunState) (stepTable, error) {
	var steps, known []string
	for _, rec := range st.Steps {
		steps = append(steps, rec.Step)
	}
	var found []stepTable
	for _, t := range tables {
		known = append(known, t.name())
		if name != t.Step && name != t.name() {
			continue
		}
		found = slices.DeleteFunc(found, func(other stepTable) bool { return other.name() == t.name() })
		found = append(found, t)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		var names []string
		for _, t := range found {
			names = append(names, t.name())
		}
		return stepTable{}, usage(fmt.Errorf("step %s wrote several tables: name one of %s", name, strings.Join(names, ", ")))
	case slices.Contains(steps, name):
		return stepTable{}, usage(fmt.Errorf("step %s wrote no table (the run has %s)", name, strings.Join(known, ", ")))
	}
	return stepTable{}, usage(fmt.Errorf("the run has no table %q%s (it has %s)", name, nearest.Hint(name, append(steps, known...)), strings.Join(known, ", ")))
}

func (a *app) listTables(tables []stepTable, run string) error {
	if tables == nil {
		tables = []stepTable{}
	}
	return a.print(tables, func() {
		if len(tables) == 0 {
			a.say("No step of the run has written a table.")
			return
		}
		rows := [][]string{{"TABLE", "ROWS", "COLUMNS", "NAMES"}}
		for _, t := range tables {
			var names []string
			for _, f := range t.Columns {
				names = append(names, f.Name)
			}
			rows = append(rows, []string{t.name(), count(t.Rows), count(int64(len(names))), some(names, 8)})
		}
		columns(a.out, rows, 1, 2)
		a.say("Next: %s runs table %s %s", a.name(), run, tables[0].Step)
	})
}

// some are the first of many names.
func some(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:n], ", ") + ", ..."
}

func (a *app) showTable(ctx context.Context, c *connection, t stepTable, f *tableFlags) error {
	rows := t.Rows
	if f.rows > 0 {
		rows = min(rows, int64(f.rows))
	}
	switch {
	case f.csv:
		return t.write(ctx, c, rows, csvWriter(a.out, len(t.parts)))
	case f.lines:
		return t.write(ctx, c, rows, func(part *table.Table) error { return jsonl.Write(a.out, part) })
	case f.out != "":
		if err := t.writeFile(ctx, c, rows, f.out); err != nil {
			return err
		}
		a.say("%s rows of %s are in %s", count(rows), t.name(), f.out)
		return nil
	}
	var all []*table.Table
	if err := t.write(ctx, c, rows, func(part *table.Table) error { all = append(all, part); return nil }); err != nil {
		return err
	}
	shown, err := table.Concat(all...)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := jsonl.Write(&b, shown); err != nil {
		return err
	}
	data := []json.RawMessage{}
	for line := range bytes.Lines(b.Bytes()) {
		data = append(data, json.RawMessage(bytes.TrimSpace(line)))
	}
	return a.print(struct {
		stepTable
		Data []json.RawMessage `json:"data"`
	}{t, data}, func() { a.printTable(t, shown) })
}

// write hands the first rows of the table over, part by part.
func (t stepTable) write(ctx context.Context, c *connection, rows int64, each func(*table.Table) error) error {
	for i, ref := range t.parts {
		if rows <= 0 && i > 0 {
			return nil
		}
		f, err := openParquet(ctx, c, ref)
		if err != nil {
			return fmt.Errorf("table %s: %w", t.name(), err)
		}
		part, err := f.Read(ctx)
		if err != nil {
			return fmt.Errorf("table %s: %w", t.name(), err)
		}
		if int64(part.Rows()) > rows {
			first := make([]int, rows)
			for r := range first {
				first[r] = r
			}
			part = part.Take(first)
		}
		rows -= int64(part.Rows())
		if err := each(part); err != nil {
			return err
		}
	}
	return nil
}

// csvWriter writes the parts of a table below one header. Dates are known as such
// where one part is all of it.
func csvWriter(w io.Writer, parts int) func(*table.Table) error {
	o := &csv.Options{Dates: parts == 1}
	return func(part *table.Table) error {
		defer func() { o.Header = csv.HeaderNo }()
		return csv.Write(w, part, o)
	}
}

// writeFile writes a file in the format that its name says.
func (t stepTable) writeFile(ctx context.Context, c *connection, rows int64, path string) (err error) {
	ext := strings.ToLower(filepath.Ext(path))
	if !slices.Contains([]string{".csv", ".jsonl", ".ndjson", ".parquet"}, ext) {
		return usage(fmt.Errorf("--out %s: the name says the format: want .csv, .jsonl or .parquet", path))
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	switch ext {
	case ".csv":
		return t.write(ctx, c, rows, csvWriter(file, len(t.parts)))
	case ".parquet":
		w, err := parquet.NewWriter(file, t.Columns, nil)
		if err != nil {
			return err
		}
		return errors.Join(t.write(ctx, c, rows, w.Write), w.Close())
	}
	return t.write(ctx, c, rows, func(part *table.Table) error { return jsonl.Write(file, part) })
}

// widest is how wide a cell is shown at most.
const widest = 32

// printTable lays a table out, as many of its columns as the screen has room for.
func (a *app) printTable(t stepTable, shown *table.Table) {
	lines := make([][]string, shown.Rows()+1)
	var right []int
	at, left := 0, 0
	screen := screenOf(a.out)
	for j, c := range shown.Columns {
		cells, wide := []string{c.Name}, width(c.Name)
		for i := range shown.Rows() {
			cells = append(cells, shownCell(c, i))
			wide = max(wide, width(cells[i+1]))
		}
		if at += wide + 2; screen > 0 && j > 0 && at > screen {
			left = len(shown.Columns) - j
			break
		}
		if c.Kind == table.Float64 || c.Kind == table.Int64 {
			right = append(right, j)
		}
		for i := range lines {
			lines[i] = append(lines[i], cells[i])
		}
	}
	for j := range lines[0] {
		lines[0][j] = a.style(a.out, bold, lines[0][j])
	}
	columns(a.out, lines, right...)
	all := len(shown.Columns)
	a.say("%s of %s rows, %s of %s columns. --rows N shows more; --csv, --jsonl and --out FILE write all.",
		count(int64(shown.Rows())), count(t.Rows), count(int64(all-left)), count(int64(all)))
}

// shownCell is a value as it is shown in a cell.
func shownCell(c *table.Column, i int) string {
	switch {
	case c.Missing(i):
		return "·"
	case c.Kind == table.Float64:
		return strconv.FormatFloat(c.Floats[i], 'g', 6, 64)
	}
	return cut(strings.Join(strings.Fields(c.Text(i)), " "), widest)
}
