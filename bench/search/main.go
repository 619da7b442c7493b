// Command search compares the search for parameters with scikit-learn's
// GridSearchCV, on the grid of a random forest, and with Optuna's multivariate
// TPE, on test functions and on a forest. Run it in the repository:
//
//	go run ./bench/search
//
// The Python that has scikit-learn and optuna is RUNNEL_PYTHON, .venv/bin/python
// if unset.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"path/filepath"
	"strconv"

	"github.com/runnel-dev/runnel/bench/compare"
)

const (
	script = "bench/peers/search.py"
	folder = "bench/data/search"
)

func main() {
	trials := flag.Int("trials", 200, "trials of each TPE study")
	seeds := flag.Int("seeds", 10, "studies of each test function")
	flag.Parse()
	compare.Main("search", func() error { return run(context.Background(), *trials, *seeds) })
}

func run(ctx context.Context, trials, seeds int) error {
	python, ok := compare.Python("sklearn", "optuna")
	if !ok {
		return nil
	}
	if err := compare.Make(python, script, folder, filepath.Join("made", "y")); err != nil {
		return err
	}
	var lines []compare.Line
	for _, name := range []string{"cancer", "digits", "made"} {
		l, err := compareGrid(ctx, python, name)
		if err != nil {
			return fmt.Errorf("grid on %s: %w", name, err)
		}
		lines = append(lines, l)
	}
	for _, f := range functions() {
		l, err := compareFunction(python, f, trials, seeds)
		if err != nil {
			return fmt.Errorf("TPE on %s: %w", f.name, err)
		}
		lines = append(lines, l)
	}
	l, err := compareSuggestion(python, 10_000)
	if err != nil {
		return fmt.Errorf("suggestions: %w", err)
	}
	lines = append(lines, l)
	l, err = compareForest(ctx, python, "cancer", trials)
	if err != nil {
		return fmt.Errorf("TPE on a forest: %w", err)
	}
	lines = append(lines, l)
	return compare.Publish("search", lines)
}

// peer runs the script and decodes what it prints.
func peer(python string, out any, args ...string) error {
	turn, err := compare.Run(append([]string{python, "-P", script}, args...)...)
	if err != nil {
		return err
	}
	return turn.JSON(out)
}

func compareFunction(python string, f function, trials, seeds int) (compare.Line, error) {
	var theirs struct {
		compare.Cost
		Best []float64
	}
	if err := peer(python, &theirs, "tpe", f.name, strconv.Itoa(trials), strconv.Itoa(seeds)); err != nil {
		return compare.Line{}, err
	}
	var best []float64
	ours, err := compare.Measure(func() (err error) {
		best, err = f.search(trials, seeds)
		return err
	})
	return compare.Line{
		Job: fmt.Sprintf("TPE on %s, %d trials", f.name, trials), Peer: "Optuna",
		Ratio: theirs.Wall / ours.Wall, CPU: theirs.Busy / ours.Busy,
		Result: fmt.Sprintf("best of a study, mean of %d: %s / %s", seeds, meanOf(best), meanOf(theirs.Best)),
	}, err
}

// compareSuggestion takes a study of many trials 20 trials further.
func compareSuggestion(python string, trials int) (compare.Line, error) {
	var theirs compare.Cost
	if err := peer(python, &theirs, "suggest", strconv.Itoa(trials)); err != nil {
		return compare.Line{}, err
	}
	f := functions()[1]
	s, err := f.long(trials)
	if err != nil {
		return compare.Line{}, err
	}
	ours, err := compare.Measure(func() error { return f.on(s, 20) })
	return compare.Line{
		Job: fmt.Sprintf("TPE suggestion after %d trials, 4 parameters", trials), Peer: "Optuna",
		Ratio: theirs.Wall / ours.Wall, CPU: theirs.Busy / ours.Busy,
		Result: fmt.Sprintf("%.2g ms / %.2g ms of processor time each", 1000*ours.Busy/20, 1000*theirs.Busy/20),
	}, err
}

// meanOf writes the mean with its standard error.
func meanOf(values []float64) string {
	mean, squares := 0.0, 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	n := float64(len(values))
	return fmt.Sprintf("%.3g ± %.2g", mean, math.Sqrt(squares/(n-1)/n))
}
