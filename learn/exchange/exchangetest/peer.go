//go:build peers

package exchangetest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/table"
)

// A Case is a model, and the file or folder that was written of it.
type Case struct {
	Name  string
	Path  string
	Model *model.Model
	Drawn bool // it is another each time, and never kept
}

var update = flag.Bool("update", false, "keep what is written, and what the library says of it, in testdata/written")

// Peer compares what models predict of raw rows with what the library that their
// files are for predicts with these, by the Python that RUNNEL_PYTHON names. What
// agrees is kept where -update is given; Written reads it.
func Peer(t *testing.T, library string, cases []Case, rows *table.Table, tolerance float64) {
	t.Helper()
	dir := t.TempDir()
	script, err := filepath.Abs(filepath.Join(Dir, "predict.py"))
	if err != nil {
		t.Fatal(err)
	}
	cells := asJSON(t, rows)
	args := []string{script, library, Write(t, filepath.Join(dir, "rows.json"), cells)}
	for _, c := range cases {
		args = append(args, c.Path)
	}
	cmd := exec.Command(cmp.Or(os.Getenv("RUNNEL_PYTHON"), "python3"), args...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", library, err, out, said.Bytes())
	}
	var all []any
	if err := json.Unmarshal(out, &all); err != nil || len(all) != len(cases) {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if why, is := all[i].(string); is {
				t.Fatalf("%s does not take it: %s", library, why)
			}
			x, err := c.Model.Matrix(rows)
			if err != nil {
				t.Fatal(err)
			}
			want, got := c.Model.Estimator.Predict(x), numbers(all[i], nil)
			said := got
			if len(c.Model.Classes) == 2 && len(got) == len(want)/2 { // it gives that of the second class
				for i := range got {
					want[i] = want[2*i+1]
				}
				want = want[:len(got)]
			}
			Near(t, "prediction of "+library, want, got, tolerance)
			if *update && !c.Drawn && !t.Failed() {
				keep(t, library, c, rows, said)
			}
		})
	}
}

// kept is how many rows are kept beside a file.
const kept = 40

// keep writes the file of a case, in a folder the one of the graph, and what the
// library says of the first rows.
func keep(t *testing.T, library string, c Case, rows *table.Table, said []float64) {
	path := c.Path
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "model.onnx")
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(Dir, "written", strings.ReplaceAll(library+" "+strings.TrimSuffix(c.Name, filepath.Ext(path))+filepath.Ext(path), " ", "-"))
	Write(t, at, file)
	r := Rows{Predictions: said[:kept*len(said)/rows.Rows()]}
	for _, column := range rows.Columns {
		r.Columns = append(r.Columns, column.Name)
	}
	r.Rows = cellsOf(rows)[:kept]
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	Write(t, at+".rows.json", append(b, '\n'))
}

// Write writes a file, and gives its name.
func Write(t testing.TB, path string, b []byte) string {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// asJSON are the columns of rows and their cells.
func asJSON(t testing.TB, rows *table.Table) []byte {
	var columns []any
	for _, c := range rows.Columns {
		columns = append(columns, []any{c.Name, c.Kind})
	}
	b, err := json.Marshal(map[string]any{"columns": columns, "rows": cellsOf(rows)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func cellsOf(rows *table.Table) [][]any {
	cells := make([][]any, rows.Rows())
	for i := range cells {
		for _, c := range rows.Columns {
			switch {
			case c.Missing(i):
				cells[i] = append(cells[i], nil)
			case c.Kind == table.String:
				cells[i] = append(cells[i], c.Text(i))
			default:
				cells[i] = append(cells[i], c.Numbers()[i])
			}
		}
	}
	return cells
}
