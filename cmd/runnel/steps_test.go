package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/testneed"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/parquet"
)

// buildProgram builds the program, as it is given to users, into a file. Under
// the race detector a guest would take minutes to be compiled.
func buildProgram(file string) error {
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, "github.com/runnel-dev/runnel/cmd/runnel")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return nil
}

// programCommand makes the program in a folder, for scripts whose functions run
// in processes of their own, and lets the script build Go: program DIR
func programCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: program DIR")
	}
	ts.Check(buildProgram(filepath.Join(ts.MkAbs(args[0]), "runnel")))
	out, err := exec.Command("go", "env", "-json", "GOCACHE", "GOPATH").Output()
	ts.Check(err)
	var env map[string]string
	ts.Check(json.Unmarshal(out, &env))
	for name, value := range env {
		ts.Setenv(name, value)
	}
}

// buildStep builds a step of examples/steps, and skips where its compiler is missing.
func buildStep(t *testing.T, name string) {
	t.Helper()
	out, err := exec.Command("../../scripts/steps", name).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 3 {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		_, lacks, _ := strings.Cut(lines[len(lines)-1], ": no ")
		testneed.Skip(t, "%s", lacks)
	}
	if err != nil {
		t.Fatalf("building %s: %v\n%s", name, err, out)
	}
}

// TestExampleSteps runs a pipeline with each step of examples/steps to its end,
// and checks what the step made of its table against a plain computation.
func TestExampleSteps(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	program := filepath.Join(t.TempDir(), "runnel")
	if err := buildProgram(program); err != nil {
		t.Fatal(err)
	}
	cache, built := t.TempDir(), map[string]bool{}
	for _, c := range []struct {
		name, before string
		params       []string
		want         func(in *table.Table, split []step.Subset) *table.Table
	}{
		{"ratio kinds", "ingest", []string{"numerator=x", "denominator=flag"}, wantFlagged},
		{"rare kinds", "ingest", []string{"least=1"}, wantSame},
		{"redact kinds", "ingest", []string{`columns=["word"]`}, wantHidden},
		{"winsorize kinds", "clean", []string{"quantile=0", `columns=["x"]`}, wantWinsorized(0, "x")},
		{"zscore kinds", "clean", []string{"threshold=1000"}, wantSame},
		{"ratio", "ingest", []string{"numerator=bill_length_mm", "denominator=bill_depth_mm", `name=a "b" ü`}, wantRatio},
		{"rare", "ingest", []string{"least=60", "other=elsewhere"}, wantRare},
		{"redact", "ingest", []string{`columns=["sex"]`, `salt="pepper \" ü"`}, wantRedact},
		{"winsorize", "clean", []string{"quantile=0.05", `columns=["bill_length_mm", "body_mass_g"]`}, wantWinsorized(0.05, "bill_length_mm", "body_mass_g")},
		{"zscore", "clean", []string{"threshold=1.5"}, wantZscore},
	} {
		t.Run(c.name, func(t *testing.T) {
			name, kinds := strings.CutSuffix(c.name, " kinds")
			if !built[name] {
				buildStep(t, name)
				built[name] = true
			}
			dir, file, target := t.TempDir(), "../../examples/penguins/penguins.csv", "species"
			if kinds {
				file, target = everyKind(t), "y"
			}
			args := []string{"--data", dir, "run", file, "--pipeline", "../../examples/steps/" + name + "/pipeline.yaml", "--target", target, "--json"}
			for _, p := range c.params {
				args = append(args, "--set", name+"."+p)
			}
			run := exec.Command(program, args...)
			run.Env = append(os.Environ(), "XDG_CACHE_HOME="+cache)
			var out, said bytes.Buffer
			run.Stdout, run.Stderr = &out, &said
			if err := run.Run(); err != nil {
				t.Fatalf("%v\n%s", err, &said)
			}
			var r result
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(r.Steps, func(s stepResult) bool { return s.Name == name })
			if i < 0 || r.Steps[i].Host != "wasm" || r.Model == nil || !kinds && r.Metrics["accuracy"] < 0.9 {
				t.Fatalf("the run: %s", &out)
			}
			s, err := store.Open(t.Context(), filepath.Join(dir, "store"), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			in, split := readDataset(t, s, r.Artifacts[c.before+"/dataset"])
			got, rest := readDataset(t, s, r.Artifacts[name+"/dataset"])
			if d := table.Difference(got, c.want(in, split)); d != "" {
				t.Error(d)
			}
			if judged := func(split []step.Subset) int { return len(step.RowsOf(split, step.Test, len(split))) }; judged(rest) != judged(split) || len(rest) != got.Rows()*min(1, len(split)) {
				t.Errorf("%d of %d rows are for the test, before %d of %d", judged(rest), len(rest), judged(split), len(split))
			}
		})
	}
}

func readDataset(t *testing.T, s *store.Store, ref events.Ref) (*table.Table, []step.Subset) {
	t.Helper()
	open := func(ref events.Ref) step.Blob {
		b, err := s.Open(context.WithoutCancel(t.Context()), ref)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		return b
	}
	read := func(ref events.Ref) []byte {
		b, err := io.ReadAll(step.ReaderOf(open(ref)))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var m step.Manifest
	if err := json.Unmarshal(read(ref), &m); err != nil {
		t.Fatal(err)
	}
	var parts []*table.Table
	for _, p := range m.Parts {
		b := open(p.Table)
		part, err := parquet.Read(b, b.Size(), nil)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part)
	}
	whole, err := table.Concat(parts...)
	if err != nil {
		t.Fatal(err)
	}
	var split []step.Subset
	if !m.Split.IsZero() {
		for _, b := range read(m.Split) {
			split = append(split, step.Subset(b))
		}
	}
	return whole, split
}

// everyKind is a file with columns of every kind, each with rows that have no value.
func everyKind(t *testing.T) string {
	t.Helper()
	text := "y,x,n,flag,when,word\n"
	for i := range 130 {
		row := []string{[]string{"a", "b"}[i%2], fmt.Sprintf("%d.25", i*i), fmt.Sprint(-i * 1_000_000_000_000_000), fmt.Sprint(i%3 == 0),
			fmt.Sprintf("19%02d-0%d-1%dT0%d:00:00.%06dZ", 60+i%40, 1+i%9, i%10, i%7, i), []string{"ü", "\"a\"\"b\"", "日本", "plain", "\"x,y\""}[i%5]}
		if i%11 > 0 && i%11 < len(row) {
			row[i%11] = ""
		}
		text += strings.Join(row, ",") + "\n"
	}
	file := filepath.Join(t.TempDir(), "kinds.csv")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func wantSame(in *table.Table, _ []step.Subset) *table.Table { return in }

func wantHidden(in *table.Table, _ []step.Subset) *table.Table {
	return replaced(in, texts(in.Column("word"), func(v string) string {
		sum := sha256.Sum256([]byte(v))
		return hex.EncodeToString(sum[:8])
	}))
}

func wantFlagged(in *table.Table, _ []step.Subset) *table.Table {
	x, flag := in.Column("x"), in.Column("flag")
	values := slices.Clone(x.Numbers())
	for i := range values {
		if x.Missing(i) || flag.Missing(i) || !flag.Bools[i] {
			values[i] = math.NaN()
		}
	}
	return &table.Table{Columns: append(slices.Clone(in.Columns), table.FloatColumn("quotient", values))}
}

// replaced is the table with other columns in the place of those of their names.
func replaced(in *table.Table, columns ...*table.Column) *table.Table {
	out := &table.Table{Columns: slices.Clone(in.Columns)}
	for _, c := range columns {
		i := slices.Index(in.Names(), c.Name)
		out.Columns[i] = c
	}
	return out
}

func wantRatio(in *table.Table, _ []step.Subset) *table.Table {
	above, below := in.Column("bill_length_mm").Numbers(), in.Column("bill_depth_mm").Numbers()
	values := make([]float64, in.Rows())
	for i := range values {
		values[i] = above[i] / below[i]
	}
	return &table.Table{Columns: append(slices.Clone(in.Columns), table.FloatColumn(`a "b" ü`, values))}
}

// texts is a column of strings made anew, each from the one before.
func texts(c *table.Column, f func(string) string) *table.Column {
	values := c.Strings()
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = f(v)
	}
	made := table.StringColumn(c.Name, out)
	for i := range values {
		if c.Missing(i) {
			made.SetMissing(i)
		}
	}
	return made
}

func wantRare(in *table.Table, _ []step.Subset) *table.Table {
	c := in.Column("island")
	counts := map[string]int{}
	for _, v := range c.Strings() {
		counts[v]++
	}
	return replaced(in, texts(c, func(v string) string {
		if counts[v] < 60 {
			return "elsewhere"
		}
		return v
	}))
}

func wantRedact(in *table.Table, _ []step.Subset) *table.Table {
	return replaced(in, texts(in.Column("sex"), func(v string) string {
		sum := sha256.Sum256([]byte(`pepper " ü` + v))
		return hex.EncodeToString(sum[:8])
	}))
}

func wantWinsorized(share float64, names ...string) func(in *table.Table, split []step.Subset) *table.Table {
	return func(in *table.Table, split []step.Subset) *table.Table {
		var out []*table.Column
		for _, name := range names {
			values := in.Column(name).Numbers()
			var train []float64
			for _, i := range step.RowsOf(split, step.Train, len(values)) {
				train = append(train, values[i])
			}
			slices.Sort(train)
			at := func(q float64) float64 {
				below, part := math.Modf(q * float64(len(train)-1))
				v := train[int(below)]
				return v + float64((train[min(int(below)+1, len(train)-1)]-v)*part)
			}
			clipped := make([]float64, len(values))
			for i, v := range values {
				clipped[i] = min(max(v, at(share)), at(1-share))
			}
			out = append(out, table.FloatColumn(name, clipped))
		}
		return replaced(in, out...)
	}
}

func wantZscore(in *table.Table, split []step.Subset) *table.Table {
	far := map[int]bool{}
	train := step.RowsOf(split, step.Train, in.Rows())
	for _, c := range in.Columns {
		if c.Kind != table.Float64 && c.Kind != table.Int64 {
			continue
		}
		values, sum, squares := c.Numbers(), 0.0, 0.0
		for _, i := range train {
			sum += values[i]
		}
		mean := sum / float64(len(train))
		for _, i := range train {
			squares += (values[i] - mean) * (values[i] - mean)
		}
		for _, i := range train {
			if math.Abs(values[i]-mean) > 1.5*math.Sqrt(squares/float64(len(train))) {
				far[i] = true
			}
		}
	}
	var rows []int
	for i := range in.Rows() {
		if !far[i] {
			rows = append(rows, i)
		}
	}
	return in.Take(rows)
}
