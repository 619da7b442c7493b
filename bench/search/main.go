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
	"fmt"
	"math"
	"path/filepath"
	"strconv"

	"github.com/runnel-dev/runnel/bench/compare"
)

const (
	script = "bench/peers/search.py"
	folder = "bench/data/search"

	trials = 200 // of each TPE study
	seeds  = 10  // studies of each test function
	known  = 10_000
	asked  = 20 // suggestions of a study of known trials
)

func main() {
	var cases []compare.Case
	for _, d := range []struct{ name, shape string }{{"cancer", "569 x 30"}, {"digits", "1797 x 64"}, {"made", "10000 x 20"}} {
		cases = append(cases, compare.Case{
			ID: d.name, Job: "grid of 9 forests, 5 folds, " + d.shape,
			Peers: peer("scikit-learn's GridSearchCV, n_jobs=2", false, "grid", folder, d.name),
			Fit:   grid(d.name), Lines: gridLines,
		})
	}
	for _, f := range functions() {
		cases = append(cases, compare.Case{
			ID: f.name, Job: fmt.Sprintf("TPE on %s, %d trials", f.name, trials),
			Peers: peer("Optuna", true, "tpe", f.name, strconv.Itoa(trials), strconv.Itoa(seeds)),
			Fit:   f.studies,
			Lines: lines(func(ours, theirs compare.Side) string {
				return fmt.Sprintf("best of a study, mean of %d: %s / %s", seeds, meanOf(ours.Scores), meanOf(theirs.Scores))
			}),
		})
	}
	cases = append(cases, compare.Case{
		ID: "suggest", Job: fmt.Sprintf("TPE suggestion after %d trials, 4 parameters", known),
		Peers: peer("Optuna", false, "suggest", strconv.Itoa(known), strconv.Itoa(asked)),
		Fit:   functions()[1].suggest,
		Lines: lines(func(ours, theirs compare.Side) string {
			return fmt.Sprintf("%.2g ms / %.2g ms of processor time each", 1000*ours.Busy/asked, 1000*theirs.Busy/asked)
		}),
	}, compare.Case{
		ID: "forest", Job: fmt.Sprintf("TPE on a forest, %d trials, 5 folds, 569 x 30", trials),
		Peers: peer("Optuna on scikit-learn's, 2 jobs", true, "forest", folder, "cancer", strconv.Itoa(trials), "0"),
		Fit:   forest("cancer"), Lines: forestLines,
	})
	compare.Turns("search", cases)
}

// peer makes the data ready, and starts the script; once where it takes minutes.
func peer(name string, once bool, args ...string) func() ([]compare.Peer, error) {
	return func() ([]compare.Peer, error) {
		python, ok := compare.Python("sklearn", "optuna")
		if !ok {
			return nil, nil
		}
		if err := compare.Make(python, script, folder, filepath.Join("made", "y")); err != nil {
			return nil, err
		}
		return []compare.Peer{{Name: name, Argv: append([]string{python, "-P", script}, args...), Once: once}}, nil
	}
}

// lines is one line of the times, and of what both found in the first round.
func lines(result func(ours, theirs compare.Side) string) func(job, peer string, ours, theirs []compare.Side) ([]compare.Line, error) {
	return func(job, peer string, ours, theirs []compare.Side) ([]compare.Line, error) {
		l := compare.Fits(job, peer, ours, theirs)
		l.Result = result(ours[0], theirs[0])
		return []compare.Line{l}, nil
	}
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
