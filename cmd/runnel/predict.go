package main

import (
	"bytes"
	"cmp"
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

	"github.com/runnel-dev/runnel/functions/predict"
	"github.com/runnel-dev/runnel/learn/model"
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
the table as it was read, and the predictions as further columns.

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
				v, err := readRow(row)
				if err != nil {
					return err
				}
				p, err := conn.Predict(cmd.Context(), name, version, v)
				if err != nil {
					return err
				}
				return a.print(p, func() {
					a.printPrediction(p)
					for _, n := range notes(p) {
						a.say("Note: %s", n)
					}
				})
			}
			v, inputs, err := inputsOf(cmd, conn, name, cmp.Or(version, "champion"))
			if err != nil {
				return err
			}
			if same(args[1], out) {
				return fmt.Errorf("%s is the file that is read: name another one with --out", out)
			}
			t, err := a.readTable(cmd, args[1], predict.CSV(inputs))
			if err != nil {
				return err
			}
			p, err := predictTable(cmd, conn, name, strconv.Itoa(v.Version), t)
			if err != nil {
				return err
			}
			if a.json && out == "" {
				return a.print(p, nil)
			}
			for _, n := range p.Notes {
				a.say("Note: %s", n)
			}
			return a.writeTable(t, p, out)
		},
	}
	c.Flags().StringVar(&row, "row", "", "a row as a JSON object of columns and values, a list of such rows, or @FILE that holds one")
	c.Flags().StringVarP(&out, "out", "o", "", "file to write; standard output by default")
	return c
}

// notes are what the node says of a prediction.
func notes(p map[string]any) []string {
	var out []string
	list, _ := p["notes"].([]any)
	for _, n := range list {
		out = append(out, fmt.Sprint(n))
	}
	return out
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
	for _, name := range []string{"distance", "score"} {
		if v, ok := p[name].(float64); ok && terminal(a.out) {
			columns(a.err, [][]string{{"  " + name, fmt.Sprintf("%.3f", v)}}, 1)
		}
	}
	probs, _ := p["probabilities"].(map[string]any)
	if len(probs) == 0 || !terminal(a.out) {
		return
	}
	classes := slices.Collect(maps.Keys(probs))
	slices.SortFunc(classes, func(x, y string) int {
		if probs[x].(float64) > probs[y].(float64) {
			return -1
		}
		return 1
	})
	rows := [][]string{}
	for _, k := range classes[:min(10, len(classes))] {
		rows = append(rows, []string{"  " + k, fmt.Sprintf("%.3f", probs[k])})
	}
	columns(a.err, rows, 1)
}

// inputsOf finds a version of a model, and the columns that it takes.
func inputsOf(cmd *cobra.Command, conn *connection, name, version string) (modelVersion, []model.Input, error) {
	m, err := conn.Model(cmd.Context(), name)
	if err != nil {
		return modelVersion{}, nil, err
	}
	v, err := versionOf(m, version)
	if err != nil {
		return v, nil, err
	}
	var doc struct {
		Inputs []model.Input `json:"inputs"`
	}
	if err := readJSON(cmd.Context(), conn, v.Files.Model.Digest, &doc); err != nil {
		return v, nil, fmt.Errorf("reading the model %s: %w", name, err)
	}
	return v, doc.Inputs, nil
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
func (a *app) readTable(cmd *cobra.Command, path string, o *csv.Options) (*table.Table, error) {
	var src *csv.Source
	var err error
	switch {
	case strings.HasSuffix(path, ".parquet"):
		return readParquet(path)
	case strings.HasSuffix(path, ".jsonl"), strings.HasSuffix(path, ".ndjson"), strings.HasSuffix(path, ".json"):
		t, _, err := jsonl.Read(cmd.Context(), jsonl.File(path), nil)
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
	t, report, err := csv.Read(cmd.Context(), src, o)
	if err != nil {
		return nil, err
	}
	for _, n := range report.Notes {
		a.say("Note: %s", n)
	}
	return t, nil
}

// predicted is what a model says of the rows of a table.
type predicted struct {
	Model         string           `json:"model"`
	Version       int              `json:"version"`
	Predictions   []any            `json:"predictions"`
	Probabilities []map[string]any `json:"probabilities,omitempty"` // of classes
	Distances     []float64        `json:"distances,omitempty"`     // of clusters: from the centre of the row's own
	Scores        []float64        `json:"scores,omitempty"`        // of anomalies
	By            []string         `json:"by,omitempty"`            // of recommendations: what each list goes by
	Notes         []string         `json:"notes,omitempty"`
}

// predictTable asks for some thousand rows at a time.
func predictTable(cmd *cobra.Command, conn *connection, name, version string, t *table.Table) (*predicted, error) {
	const batch = 5000
	all := &predicted{Model: name, Predictions: []any{}}
	for from := 0; from < t.Rows(); from += batch {
		rows := make([]map[string]any, 0, batch)
		for i := from; i < min(from+batch, t.Rows()); i++ {
			row := make(map[string]any, len(t.Columns))
			for _, c := range t.Columns {
				row[c.Name] = cell(c, i)
			}
			rows = append(rows, row)
		}
		answer, err := conn.Predict(cmd.Context(), name, version, rows)
		if err != nil {
			return nil, err
		}
		b, err := json.Marshal(answer)
		if err != nil {
			return nil, err
		}
		var p predicted
		if err := json.Unmarshal(b, &p); err != nil {
			return nil, fmt.Errorf("the node's answer: %w", err)
		}
		all.Version, all.Notes = p.Version, p.Notes
		version = strconv.Itoa(p.Version)        // also should the alias be moved meanwhile
		list, _ := answer["predictions"].([]any) // as exact as the answer, which p's are not
		all.Predictions = append(all.Predictions, list...)
		all.Probabilities = append(all.Probabilities, p.Probabilities...)
		all.Distances = append(all.Distances, p.Distances...)
		all.Scores = append(all.Scores, p.Scores...)
		all.By = append(all.By, p.By...)
	}
	return all, nil
}

// columns are the predictions as columns of a table.
func (p *predicted) columns() []*table.Column {
	labels := make([]string, len(p.Predictions))
	for i, v := range p.Predictions {
		labels[i] = fmt.Sprint(v)
	}
	out := []*table.Column{table.StringColumn("prediction", labels)}
	if len(p.Distances) > 0 {
		out = append(out, table.FloatColumn("distance", p.Distances))
	}
	if len(p.Scores) > 0 {
		out = append(out, table.FloatColumn("score", p.Scores))
	}
	if len(p.Probabilities) == 0 {
		return out
	}
	for _, class := range slices.Sorted(maps.Keys(p.Probabilities[0])) {
		values := make([]float64, len(p.Probabilities))
		for i, of := range p.Probabilities {
			values[i], _ = of[class].(float64)
		}
		out = append(out, table.FloatColumn("probability_"+class, values))
	}
	return out
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

// writeTable writes a table with its predictions as CSV.
func (a *app) writeTable(t *table.Table, p *predicted, path string) error {
	with, err := p.lists(t)
	if err == nil && with == nil {
		with, err = t.With(p.columns()...)
	}
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := csv.Write(&b, with, nil); err != nil {
		return err
	}
	if path == "" {
		_, err := io.Copy(a.out, &b)
		return err
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return err
	}
	a.say("%s rows with predictions are in %s", count(int64(t.Rows())), path)
	return nil
}

// same tells whether two names are of one file.
func same(a, b string) bool {
	x, errA := os.Stat(a)
	y, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(x, y)
}
