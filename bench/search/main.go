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
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

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
	if err := run(context.Background(), *trials, *seeds); err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, trials, seeds int) error {
	python := os.Getenv("RUNNEL_PYTHON")
	if python == "" {
		python = filepath.Join(".venv", "bin", "python")
	}
	if err := exec.Command(python, "-c", "import sklearn, optuna").Run(); err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED: %s lacks scikit-learn or optuna (%v): set RUNNEL_PYTHON to a Python that has them\n", python, err)
		return nil
	}
	if _, err := os.Stat(filepath.Join(folder, "made", "y")); err != nil {
		if out, err := exec.Command(python, script, "make", folder).CombinedOutput(); err != nil {
			return fmt.Errorf("making the data: %w\n%s", err, out)
		}
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
	for _, l := range lines {
		fmt.Printf("%s: %.1f times faster than %s, %.1f times less processor time; %s\n", l.Job, l.Ratio, l.Peer, l.CPU, l.Result)
	}
	return compare.Publish("search", lines)
}

// peer runs the script and decodes what it prints.
func peer(python string, out any, args ...string) error {
	cmd := exec.Command(python, append([]string{script}, args...)...)
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		return err
	}
	return json.Unmarshal(b, out)
}

// A measure is what one side took, in seconds.
type measure struct{ Wall, Busy float64 }

func measured(do func() error) (measure, error) {
	start, cpu := time.Now(), processorTime()
	err := do()
	return measure{time.Since(start).Seconds(), processorTime() - cpu}, err
}

// processorTime is what this process has used, in seconds.
func processorTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return math.NaN()
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

func compareFunction(python string, f function, trials, seeds int) (compare.Line, error) {
	var theirs struct {
		measure
		Best []float64
	}
	if err := peer(python, &theirs, "tpe", f.name, strconv.Itoa(trials), strconv.Itoa(seeds)); err != nil {
		return compare.Line{}, err
	}
	var best []float64
	ours, err := measured(func() (err error) {
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
	var theirs measure
	if err := peer(python, &theirs, "suggest", strconv.Itoa(trials)); err != nil {
		return compare.Line{}, err
	}
	f := functions()[1]
	s, err := f.long(trials)
	if err != nil {
		return compare.Line{}, err
	}
	ours, err := measured(func() error { return f.on(s, 20) })
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
