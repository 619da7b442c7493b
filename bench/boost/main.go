// Command boost compares gradient boosting with LightGBM, XGBoost and scikit-learn,
// and its predictions also with ONNX Runtime, on the same data, in turns, 2 threads
// each, one for a row alone. Run it in the repository:
//
//	go run ./bench/boost
//
// The Python that has them is RUNNEL_PYTHON, .venv/bin/python if unset. The flights
// are flights-3m.parquet of npm's vega-datasets, in bench/data/boost, where
// scripts/bench puts it; without it they are left out, and that is said.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/runnel-dev/runnel/bench/compare"
)

const (
	script  = "bench/peers/boost.py"
	folder  = "bench/data/boost"
	parquet = "bench/data/boost/flights-3m.parquet"
)

// A setting is one data set and size of trees. Depth 0 is trees of 31 leaves.
type setting struct {
	data, name string
	depth      int
	peers      []string
	lines      func(job, peer string, ours, theirs []compare.Side) []compare.Line
}

var (
	fits     = []string{"lightgbm", "xgboost", "sklearn"}
	predicts = []string{"lightgbm", "xgboost", "onnxruntime"}
	settings = []setting{
		{"synthetic", "gradient boosting, 100 trees of 31 leaves, 160,000 x 20", 0, fits, fitLines},
		{"flights", "gradient boosting, 100 trees of 31 leaves, flights-3m (2,400,000 x 7)", 0, fits, fitLines},
		{"synthetic", "gradient boosting, 100 trees of depth 6", 6, predicts, predictLines},
	}
)

func main() {
	var cases []compare.Case
	for i, s := range settings {
		cases = append(cases, compare.Case{ID: strconv.Itoa(i), Job: s.name, Peers: s.beside,
			Fit: func(p compare.Part) (compare.Side, error) { return measure(filepath.Join(folder, s.data), s.depth, p) },
			Lines: func(job, peer string, ours, theirs []compare.Side) ([]compare.Line, error) {
				lines := s.lines(job, peer, ours, theirs)
				for i := range lines {
					lines[i].Result = fmt.Sprintf("AUC %.4f / %.4f", compare.Score(ours), compare.Score(theirs))
				}
				return lines, nil
			}})
	}
	compare.Turns("boost", cases)
}

func (s setting) beside() (peers []compare.Peer, err error) {
	python, ok := compare.Python("lightgbm", "xgboost", "sklearn", "pyarrow", "onnxruntime", "onnxmltools")
	if !ok {
		return nil, nil
	}
	last := filepath.Join("flights", "test.y")
	if _, err := os.Stat(parquet); err != nil {
		last = filepath.Join("synthetic", "test.y")
	}
	if err := compare.Make(python, script, folder, last, parquet); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(folder, s.data)); err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED: %s: there is no %s (npm pack vega-datasets has it)\n", s.name, parquet)
		return nil, nil
	}
	for _, who := range s.peers {
		peers = append(peers, compare.Peer{Name: who, Argv: []string{python, "-P", script, "fit", folder, s.data, who, strconv.Itoa(s.depth)}})
	}
	return peers, nil
}

func fitLines(job, peer string, ours, theirs []compare.Side) []compare.Line {
	return []compare.Line{compare.Fits(job+": fit", peer+", 2 threads", ours, theirs)}
}

func predictLines(job, peer string, ours, theirs []compare.Side) []compare.Line {
	return []compare.Line{
		compare.Predicts(job+": 100,000 rows predicted", peer+", 2 threads", ours, theirs),
		compare.Rows(job+": a row predicted", peer+", 1 thread", ours, theirs),
	}
}
