// Command combined compares calibrated probabilities, votes and stackings with
// scikit-learn's, and the search among estimators (tune.auto) with FLAML's. Run
// it in the repository, where bin/runnel is built. All of them have one thread:
//
//	go run ./bench/combined
//
// The Python that has scikit-learn and flaml is RUNNEL_PYTHON, .venv/bin/python if
// unset.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/boost"
	"github.com/runnel-dev/runnel/learn/calibrate"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/tree"
)

const (
	script  = "bench/peers/combined.py"
	folder  = "bench/data/combined"
	flights = "bench/data/flights.csv"
	train   = 4000 // rows to learn from
)

func main() {
	runnel := flag.String("runnel", filepath.Join("bin", "runnel"), "the command that searches")
	trials := flag.Int("trials", 30, "trials of each search")
	rounds := flag.Int("rounds", 3, "how often each fit is measured")
	seconds := flag.Int("seconds", 60, "of each search that ends by time; 0: none does")
	flag.Parse()
	if err := os.Setenv("GOMAXPROCS", "1"); err != nil {
		compare.Main("combined", func() error { return err })
	}
	runtime.GOMAXPROCS(1)
	compare.Main("combined", func() error { return run(*runnel, *rounds, *trials, *seconds) })
}

func run(runnel string, rounds, trials, seconds int) error {
	python, ok := compare.Python("sklearn", "flaml")
	if !ok {
		return nil
	}
	if err := compare.Make(python, script, folder, "test.csv", flights); err != nil {
		return err
	}
	x, y, err := load()
	if err != nil {
		return err
	}
	var lines []compare.Line
	for _, j := range jobs() {
		l, err := compareFit(python, j, rounds, x, y)
		if err != nil {
			return fmt.Errorf("%s: %w", j.name, err)
		}
		lines = append(lines, l)
	}
	for _, limit := range []search{{trials: trials}, {seconds: seconds}} {
		if limit == (search{}) {
			continue
		}
		l, err := compareAuto(runnel, python, limit)
		if err != nil {
			return fmt.Errorf("auto: %w", err)
		}
		lines = append(lines, l)
	}
	return compare.Publish("combined", lines)
}

// A job is an estimator that both sides fit.
type job struct {
	name, does, peer string
	estimator        learn.Estimator
}

func jobs() []job {
	forest, boosting := tree.NewForest(), boost.New()
	scaled := func(name string) combine.Member {
		return combine.Member{Name: name, Estimator: linear.NewLogistic(), Prepare: []preprocess.Spec{&preprocess.Scale{}}}
	}
	members := []combine.Member{{Name: "forest", Estimator: forest}, {Name: "boosting", Estimator: boosting}, scaled("linear")}
	calibrated := func(method string) learn.Estimator {
		return calibrate.Estimator{Of: forest, Params: calibrate.Params{Method: method, Folds: 5}}
	}
	return []job{
		{"sigmoid", "forest of 100 trees, calibrated by a sigmoid", "CalibratedClassifierCV, ensemble=False", calibrated(calibrate.Platt)},
		{"isotonic", "the same, isotonic", "CalibratedClassifierCV, ensemble=False", calibrated(calibrate.Stepwise)},
		{"voting", "vote of a forest, boosting and a logistic regression", "VotingClassifier", combine.Voting{Members: members}},
		{"stacking", "stacking of the same, 5 folds", "StackingClassifier", combine.Stacking{Members: members, Final: scaled("final"), Folds: 5}},
	}
}

// load reads what the peer's script wrote.
func load() (*learn.Matrix, *learn.Target, error) {
	labels, err := compare.Floats(filepath.Join(folder, "y"))
	if err != nil {
		return nil, nil, err
	}
	x, err := compare.Columns(filepath.Join(folder, "x"), len(labels))
	return x, compare.Classes(labels), err
}

// quality is how well rows that were not learnt from are predicted.
type quality struct{ Loss, Accuracy, AUC float64 }

func (q quality) beside(peer quality) string {
	return fmt.Sprintf("of unseen rows: log loss %.4f / %.4f, AUC %.4f / %.4f, accuracy %.4f / %.4f", q.Loss, peer.Loss, q.AUC, peer.AUC, q.Accuracy, peer.Accuracy)
}

// outcome is what the script prints.
type outcome struct {
	compare.Cost
	quality
	Trials int
}

// compareFit takes the median of some rounds, in turns.
func compareFit(python string, j job, rounds int, x *learn.Matrix, y *learn.Target) (compare.Line, error) {
	rows := make([]int, x.Rows)
	for i := range rows {
		rows[i] = i
	}
	trainX, trainY, testX, testY := x.Take(rows[:train]), y.Take(rows[:train]), x.Take(rows[train:]), y.Take(rows[train:])
	var wall, busy []float64
	var ours quality
	var theirs outcome
	for range rounds {
		var predicted []float64
		cost, err := compare.Measure(func() error {
			m, err := j.estimator.Fit(context.Background(), trainX, trainY, &learn.Options{Threads: 1, Seed: 1})
			if err == nil {
				predicted = m.Predict(testX)
			}
			return err
		})
		if err != nil {
			return compare.Line{}, err
		}
		report, err := metrics.Evaluate(testY, predicted, nil)
		if err != nil {
			return compare.Line{}, err
		}
		ours = quality{report.Metrics["log_loss"], report.Metrics["accuracy"], report.Metrics["roc_auc"]}
		if theirs, err = peer(python, "fit", folder, j.name); err != nil {
			return compare.Line{}, err
		}
		wall, busy = append(wall, theirs.Wall/cost.Wall), append(busy, theirs.Busy/cost.Busy)
	}
	return compare.Line{Job: fmt.Sprintf("%s, %d x %d, 1 thread", j.does, train, len(x.Columns)), Peer: "scikit-learn's " + j.peer, Rounds: rounds, Low: slices.Min(wall), High: slices.Max(wall),
		Ratio: compare.Median(wall), CPU: compare.Median(busy), Result: ours.beside(theirs.quality)}, nil
}

// peer runs the script and decodes what it prints.
func peer(python string, args ...string) (out outcome, err error) {
	turn, err := compare.Run(append([]string{python, "-P", script}, args...)...)
	if err != nil {
		return out, err
	}
	return out, turn.JSON(&out)
}
