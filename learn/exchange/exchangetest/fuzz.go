package exchangetest

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/table"
)

// widest is how many columns a model that is fuzzed predicts with: above, a row
// costs more than the file that it is of.
const widest = 1 << 10

// Fuzz reads whatever a file holds, from the files of testdata that a pattern
// names and these others on. That gives an error, or a model that predicts, can
// be stored, and can be written or says why not; what is written is read again
// as a model that predicts the same.
func Fuzz(f *testing.F, pattern string, others [][]byte, read func(file []byte) (*model.Model, error), write Writer) {
	files, err := filepath.Glob(filepath.Join(Dir, pattern))
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, b := range others {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := read(file)
		if err != nil {
			return
		}
		if _, _, err := model.Encode(m); err != nil {
			t.Fatalf("it was read, and cannot be stored: %v", err)
		}
		if len(m.Inputs) > widest {
			return
		}
		rows := extremes(t, m, math.NaN())
		before, err := m.Predict(rows)
		if err != nil { // it takes no missing values
			rows = extremes(t, m, 2)
			if before, err = m.Predict(rows); err != nil {
				return // its numbers are too large
			}
		}
		written, _, err := write(m)
		if err != nil {
			return
		}
		again, err := read(written)
		if err != nil {
			t.Fatalf("it was written, and is not read again: %v", err)
		}
		after, err := again.Predict(rows)
		if err != nil {
			t.Fatal(err)
		}
		want, got := slices.Concat(before.Values, before.Probabilities, before.Distances), slices.Concat(after.Values, after.Probabilities, after.Distances)
		for i, v := range want {
			if v-v != 0 || math.Abs(v) > 1e30 {
				return // beyond what float32 holds, sums depend on their order
			}
			if !(math.Abs(got[i]-v) <= 1e-3*max(1, math.Abs(v))) {
				t.Fatalf("prediction %d is %v after it was written and read, %v before", i, got[i], v)
			}
		}
	})
}

// extremes are rows of what a model takes: zero, small, great, one more number,
// categories that are known and, where that number is missing, missing.
func extremes(t testing.TB, m *model.Model, more float64) *table.Table {
	numbers := []float64{more, 0, 1, -1, .5, 1e30, -1e30}
	out := &table.Table{}
	for _, in := range m.Inputs {
		if in.Kind.Numeric() {
			out.Columns = append(out.Columns, table.FloatColumn(in.Name, numbers))
			continue
		}
		texts := make([]string, len(numbers))
		for i := range texts {
			if len(in.Values) > 0 {
				texts[i] = in.Values[i%len(in.Values)]
			}
		}
		c := table.StringColumn(in.Name, texts)
		for i := range texts {
			if more != more && (i == 1 || len(in.Values) == 0) {
				c.SetMissing(i)
			}
		}
		out.Columns = append(out.Columns, c)
	}
	if len(out.Columns) == 0 {
		t.Skip("it takes no columns")
	}
	return out
}
