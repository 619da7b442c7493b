package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/functions/predict"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
	"github.com/runnel-dev/runnel/table/jsonl"
	"github.com/runnel-dev/runnel/table/parquet"
)

func newPredict(a *app) *cobra.Command {
	var row, out string
	c := &cobra.Command{
		Use:   "predict MODEL[@VERSION] [FILE]",
		Short: "Predict a row, or every row of a file",
		Long: `Predict with a registered model: one row given as JSON, or every row of a CSV,
JSON lines or Parquet file (- for CSV on standard input). What is written is CSV:
the table as it was read, and the predictions as further columns. A column that
has the name of one of these is called input_ and its name.

Of a model that recommends, a row has a user; or a list of items, for whoever has
just done that; or both, for a user who did that since the model was trained; or
one item, for those like it. "top" is how many, "seen": true leaves in what the user
did. Of a file each row becomes as many as its list has items.
VERSION is a number or an alias; champion, the served one, by default.`,
		Example: `  runnel predict penguins --row '{"bill_length_mm": 40, "island": "Dream"}'
  runnel predict penguins@2 new.csv --out predicted.csv
  runnel predict routes --row '{"plane": "N3KDAA", "airport": ["SFO", "LAX"], "top": 3}'`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, version, _ := strings.Cut(args[0], "@")
			if (row == "") == (len(args) < 2) {
				return usage(errors.New("give a row with --row, or a FILE"))
			}
			conn, err := a.connect(cmd.Context(), looking)
			if err != nil {
				return err
			}
			defer conn.close()
			if row != "" {
				return a.predictRow(cmd.Context(), conn, name, version, row)
			}
			return a.predictFile(cmd.Context(), conn, name, version, args[1], out)
		},
	}
	c.Flags().StringVar(&row, "row", "", "a row as a JSON object of columns and values, a list of such rows, or @FILE that holds one")
	c.Flags().StringVarP(&out, "out", "o", "", "file to write; standard output by default")
	return c
}

// predictRow asks the node for the row, or the list of rows, of --row.
func (a *app) predictRow(ctx context.Context, conn *connection, name, version, row string) error {
	rows, err := readRow(row)
	if err != nil {
		return err
	}
	m, err := conn.Model(ctx, name)
	if err != nil {
		return err
	}
	v, err := versionOf(m, version)
	if err != nil {
		return err
	}
	p, err := conn.Predict(ctx, name, strconv.Itoa(v.Version), rows)
	if err != nil {
		return err
	}
	return a.print(p, func() {
		a.printPrediction(p)
		notes, _ := p["notes"].([]any)
		for _, n := range notes {
			a.say("Note: %v", n)
		}
	})
}

func (a *app) printPrediction(p map[string]any) {
	if list, ok := p["predictions"].([]any); ok {
		for _, v := range list {
			if items, ok := listOf(v); ok {
				v = joined(items)
			}
			fmt.Fprintln(a.out, v)
		}
		return
	}
	if list, ok := listOf(p["prediction"]); ok {
		a.printList(list)
		return
	}
	fmt.Fprintln(a.out, p["prediction"])
	if !terminal(a.out) {
		return
	}
	var rows [][]string
	for _, name := range []string{"distance", "score"} {
		if v, ok := p[name]; ok {
			rows = append(rows, []string{"  " + name, rounded(v)})
		}
	}
	probs, _ := p["probabilities"].(map[string]any)
	classes := slices.Sorted(maps.Keys(probs))
	slices.SortStableFunc(classes, func(x, y string) int { return cmp.Compare(asFloat(probs[y]), asFloat(probs[x])) })
	for _, k := range classes[:min(10, len(classes))] {
		rows = append(rows, []string{"  " + k, rounded(probs[k])})
	}
	columns(a.err, rows, 1)
}

// asFloat is a number of the node's answer.
func asFloat(v any) float64 {
	n, _ := v.(json.Number)
	f, _ := n.Float64() // 0 of what is none
	return f
}

func rounded(v any) string { return fmt.Sprintf("%.3f", asFloat(v)) }

// predictFile predicts every row of a file, with the files of the model: a table
// goes to no node as JSON.
func (a *app) predictFile(ctx context.Context, conn *connection, name, version, path, out string) error {
	if same(path, out) {
		return fmt.Errorf("%s is the file that is read: name another one with --out", out)
	}
	v, m, err := modelOf(ctx, conn, name, version)
	if err != nil {
		return err
	}
	t, err := a.readTable(ctx, path, predict.CSV(m.Inputs))
	if err != nil {
		return err
	}
	var notes []string
	if st, err := conn.Run(ctx, v.Run); v.Run != "" && err == nil { // else it is a model of elsewhere
		notes = bypassed(&st.Status)
	}
	p, err := ask(ctx, m, t)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil && notes != nil {
		return fmt.Errorf("%w\nNote: %s", err, strings.Join(notes, "\nNote: "))
	}
	if err != nil {
		return err
	}
	notes = append(notes, p.Notes()...)
	if a.json && out == "" {
		said := api.Predictions(p)
		said["model"], said["version"] = v.Name, v.Version
		if len(notes) > 0 {
			said["notes"] = notes
		}
		return a.print(said, nil)
	}
	for _, n := range notes {
		a.say("Note: %s", n)
	}
	with, err := predict.Beside(m, p, t, predict.Params{Inputs: true, Probabilities: true})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := csv.Write(&b, with, &csv.Options{Dates: true}); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil { // nothing is written of what was interrupted
		return err
	}
	if out == "" {
		_, err := io.Copy(a.out, &b)
		return err
	}
	if err := os.WriteFile(out, b.Bytes(), 0o600); err != nil {
		return err
	}
	a.say("%s rows with predictions are in %s", count(int64(t.Rows())), out)
	return nil
}

// readParquet reads a Parquet file whose rows are to be predicted.
func readParquet(path string) (*table.Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	t, err := parquet.Read(f, info.Size(), nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// readTable reads a file whose rows are to be predicted, and says what the reader
// decided or could not keep.
func (a *app) readTable(ctx context.Context, path string, o *csv.Options) (*table.Table, error) {
	var src *csv.Source
	var err error
	switch {
	case strings.HasSuffix(path, ".parquet"):
		return readParquet(path)
	case strings.HasSuffix(path, ".jsonl"), strings.HasSuffix(path, ".ndjson"), strings.HasSuffix(path, ".json"):
		t, _, err := jsonl.Read(ctx, jsonl.File(path), nil)
		return t, err
	case path == "-":
		src, err = csv.Spool("standard input", os.Stdin, "", 0)
	default:
		src, err = csv.Open(path)
	}
	if err != nil {
		return nil, err
	}
	defer src.Close()
	t, report, err := csv.Read(ctx, src, o)
	if err != nil {
		return nil, err
	}
	for _, n := range report.Notes {
		a.say("Note: %s", n)
	}
	return t, nil
}

// bypassed says which steps of the run of a model predictions leave out.
func bypassed(st *engine.Status) []string {
	return api.Bypassed(st, func(function string) bool { return all.Functions()[function] != nil })
}

// ask predicts the rows of a table. Of a model that recommends, a row may say how
// many it asks for, as one of --row does.
func ask(ctx context.Context, m *model.Model, t *table.Table) (*model.Prediction, error) {
	if m.Task != learn.Recommendation || t.Rows() == 0 {
		return predict.Rows(ctx, m, t, predict.Params{})
	}
	rows := make([]any, t.Rows())
	for i := range rows {
		row := make(map[string]any, len(t.Columns))
		for _, c := range t.Columns {
			row[c.Name] = cell(c, i)
		}
		rows[i] = row
	}
	return m.Ask(rows)
}

// cell is a value as JSON has it; nil where it is missing.
func cell(c *table.Column, i int) any {
	if c.Missing(i) {
		return nil
	}
	switch c.Kind {
	case table.Float64:
		return c.Floats[i]
	case table.Int64:
		return c.Ints[i]
	case table.Bool:
		return c.Bools[i]
	}
	return c.Text(i)
}

// same tells whether two names are of one file.
func same(a, b string) bool {
	x, errA := os.Stat(a)
	y, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(x, y)
}
