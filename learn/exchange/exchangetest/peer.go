package exchangetest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/internal/testneed"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/table"
)

// A Case is a model, and the file or folder that was written of it.
type Case struct {
	Name  string
	Path  string
	Model *model.Model
}

// Peer compares what models predict of raw rows with what the library that their
// files are for predicts with these. It skips where Python lacks the modules.
func Peer(t *testing.T, library string, cases []Case, rows *table.Table, tolerance float64, modules ...string) {
	t.Helper()
	dir := t.TempDir()
	python := testneed.Python(t, strings.Join(append(modules, "pandas", "numpy"), ", "))
	script, err := filepath.Abs(filepath.Join(Dir, "predict.py"))
	if err != nil {
		t.Fatal(err)
	}
	args := []string{script, library, Write(t, filepath.Join(dir, "rows.json"), asJSON(t, rows))}
	for _, c := range cases {
		args = append(args, c.Path)
	}
	cmd := exec.Command(python, args...)
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
			p, err := c.Model.Predict(rows)
			if err != nil {
				t.Fatal(err)
			}
			want, got := append(p.Values, p.Probabilities...), numbers(all[i], nil)
			if len(p.Classes) == 2 && len(got) == len(want)/2 { // it gives that of the second class
				for i := range got {
					want[i] = want[2*i+1]
				}
				want = want[:len(got)]
			}
			Near(t, "prediction of "+library, got, want, tolerance)
		})
	}
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
	var columns, cells []any
	for _, c := range rows.Columns {
		columns = append(columns, []any{c.Name, c.Kind})
	}
	for i := range rows.Rows() {
		var row []any
		for _, c := range rows.Columns {
			switch {
			case c.Missing(i):
				row = append(row, nil)
			case c.Kind == table.String:
				row = append(row, c.Text(i))
			default:
				row = append(row, c.Numbers()[i])
			}
		}
		cells = append(cells, row)
	}
	b, err := json.Marshal(map[string]any{"columns": columns, "rows": cells})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
