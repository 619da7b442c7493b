// Csv measures the CSV reader beside pandas and polars: the same files, in one
// run, each reader in processes of its own that take turns. It prints ratios,
// peak memory, and whether all read the same numbers.
//
//	go run ./bench/csv [-rounds 3] [-reads 5]
//	go run ./bench/csv -parts 5
//
// The second form reads a file of 5 GB in parts, and says how much memory that
// took.
//
// The Python of RUNNEL_PYTHON (default .venv/bin/python) needs numpy, pandas
// and polars. The files are made under bench/data.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	results "github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
)

// A result is what one process says of its reads.
type result struct {
	Version string           `json:"version"`
	Seconds float64          `json:"seconds"` // of the fastest read
	CPU     float64          `json:"cpu"`     // of the read that took least, over all threads
	Rows    int              `json:"rows"`
	Peak    int64            `json:"peak"`   // bytes of memory after the first read
	Before  int64            `json:"before"` // and before it
	Table   int64            `json:"table"`  // bytes of the table; runnel only
	Columns map[string]check `json:"columns"`
}

// A check sums up a column of numbers.
type check struct {
	Sum   float64 `json:"sum"`
	Bits  string  `json:"bits"` // the sum of the values' bits modulo 2^64
	Count int     `json:"count"`
}

func main() {
	rounds := flag.Int("rounds", 3, "times each reader gets its turn")
	reads := flag.Int("reads", 5, "reads in a turn, the fastest counts")
	gigabytes := flag.Float64("parts", 0, "instead, read a file of this many GB part by part, and say how much memory that took")
	self := flag.String("read", "", "read this file and print the result (a turn of our own)")
	flag.Parse()
	var err error
	switch {
	case *self != "":
		err = turn(*self, *reads)
	case *gigabytes > 0:
		err = parts(*gigabytes)
	default:
		err = compare(*rounds, *reads)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/csv:", err)
		os.Exit(1)
	}
}

func compare(rounds, reads int) error {
	python := os.Getenv("RUNNEL_PYTHON")
	if python == "" {
		python = filepath.Join(".venv", "bin", "python")
	}
	script, data := filepath.Join("bench", "peers", "csv.py"), filepath.Join("bench", "data")
	if err := exec.Command(python, "-c", "import numpy, pandas, polars").Run(); err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED: %s cannot import numpy, pandas and polars (%v); set RUNNEL_PYTHON\n", python, err)
		return nil
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	var lines []results.Line
	for _, name := range []string{"floats.csv", "mixed.csv"} {
		path := filepath.Join(data, name)
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			fmt.Fprintln(os.Stderr, "making", data)
			if out, err := exec.Command(python, script, "make", data).CombinedOutput(); err != nil {
				return fmt.Errorf("%s make: %w\n%s", script, err, out)
			}
		}
		n := strconv.Itoa(reads)
		readers := []struct {
			name string
			argv []string
		}{
			{"runnel", []string{exe, "-reads", n, "-read", path}},
			{"pandas", []string{python, script, "pandas", path, n}},
			{"pandas-1", []string{python, script, "pandas-1", path, n}},
			{"polars", []string{python, script, "polars", path, n}},
		}
		best := make([]result, len(readers))
		for round := range rounds {
			for i, r := range readers {
				got, err := run(r.argv)
				if err != nil {
					return fmt.Errorf("%s: %w", r.name, err)
				}
				if round > 0 {
					got.Seconds, got.CPU = min(got.Seconds, best[i].Seconds), min(got.CPU, best[i].CPU)
				}
				best[i] = got
			}
		}
		ours := best[0]
		fmt.Printf("\n%s: %d rows, table of %.1f MB, runnel's peak memory %.1f times that\n", name, ours.Rows, float64(ours.Table)/1e6,
			float64(ours.Peak-ours.Before)/float64(ours.Table))
		fmt.Printf("%-10s %-14s %14s %14s %12s   %s\n", "reader", "version", "time / runnel", "CPU / runnel", "peak memory", "numbers")
		for i, r := range readers {
			fmt.Printf("%-10s %-14s %13.2fx %13.2fx %9.0f MB   %s\n", r.name, best[i].Version, best[i].Seconds/ours.Seconds, best[i].CPU/ours.CPU,
				float64(best[i].Peak-best[i].Before)/1e6, equality(best[i], ours))
			if i > 0 {
				lines = append(lines, results.Line{Job: fmt.Sprintf("read %s, %d x %d", name, ours.Rows, len(ours.Columns)), Peer: r.name + ", " + best[i].Version,
					Ratio: best[i].Seconds / ours.Seconds, CPU: best[i].CPU / ours.CPU,
					Memory: ours.Peak - ours.Before, Theirs: best[i].Peak - best[i].Before, Result: equality(best[i], ours)})
			}
		}
	}
	fmt.Println()
	return results.Publish("csv", lines)
}

func run(argv []string) (r result, err error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(out, &r)
}

// equality compares the numbers that two readers read.
func equality(a, b result) string {
	if a.Rows != b.Rows || len(a.Columns) != len(b.Columns) {
		return fmt.Sprintf("DIFFERENT: %d rows of %d numeric columns", a.Rows, len(a.Columns))
	}
	same, worst := true, 0.0
	for name, c := range a.Columns {
		o, ok := b.Columns[name]
		if !ok || o.Count != c.Count {
			return fmt.Sprintf("DIFFERENT: column %s has %d values", name, c.Count)
		}
		same = same && c.Bits == o.Bits
		worst = max(worst, math.Abs(c.Sum-o.Sum)/max(1, math.Abs(o.Sum)))
	}
	if same {
		return "the same, bit for bit"
	}
	return fmt.Sprintf("sums within %.0e", worst)
}

// turn reads a file some times and prints the result.
func turn(path string, reads int) error {
	src, err := csv.Open(path)
	if err != nil {
		return err
	}
	defer src.Close()
	r := result{Version: "runnel", Seconds: math.Inf(1), CPU: math.Inf(1), Before: peak(), Columns: map[string]check{}}
	var t *table.Table
	for i := range reads {
		t = nil //nolint:ineffassign // the table of before is let go before the next is read
		start, used := time.Now(), cpu()
		if t, _, err = csv.Read(context.Background(), src, nil); err != nil {
			return err
		}
		r.Seconds, r.CPU = min(r.Seconds, time.Since(start).Seconds()), min(r.CPU, (cpu()-used).Seconds())
		if i == 0 {
			r.Peak = peak()
		}
	}
	r.Rows = t.Rows()
	for _, c := range t.Columns {
		r.Table += size(c)
		if !c.Kind.Numeric() {
			continue
		}
		var sum check
		var bits uint64
		for _, v := range c.Numbers() {
			if !math.IsNaN(v) {
				sum.Sum += v
				sum.Count++
				bits += math.Float64bits(v)
			}
		}
		sum.Bits = strconv.FormatUint(bits, 10)
		r.Columns[c.Name] = sum
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// size is the memory of a column's values in bytes.
func size(c *table.Column) int64 {
	n := int64(len(c.Floats)*8 + len(c.Ints)*8 + len(c.Bools) + len(c.Codes)*4 + len(c.Valid)*8)
	for _, s := range c.Dict {
		n += int64(len(s)) + 16
	}
	return n
}
