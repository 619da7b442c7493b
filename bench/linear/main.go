// Command linear compares the linear models with scikit-learn's, on 1,000,000 rows
// of 50 features, in turns, 2 threads each. Run it in the repository:
//
//	go run ./bench/linear
//
// The Python that has scikit-learn is RUNNEL_PYTHON, .venv/bin/python if unset.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/linear"
)

const (
	script = "bench/peers/linear.py"
	folder = "bench/data/linear"
	rounds = 3
	few    = 100_000 // rows of what takes the peer minutes on all of them
)

// A job is one model and the peers that fit it, by their solvers.
type job struct {
	id, name  string
	rows      int // 0: all
	classes   bool
	estimator learn.Estimator
	solvers   []string
	l1, l2    float64 // penalty on the coefficients' sizes and squares, beside the mean loss
}

func jobs() []job {
	lasso, sparse, sgd := linear.NewLasso(), linear.NewLogistic(), linear.NewSGD()
	lasso.Alpha = 0.01
	sparse.C, sparse.L1Ratio = 0.01, 1
	sgd.MaxIter, sgd.Patience = 5, 5
	return []job{
		{id: "ridge", name: "ridge, 1,000,000 x 50", estimator: linear.Ridge{Alpha: 1}, solvers: []string{"cholesky"}, l2: 1e-6},
		{id: "linear", name: "least squares, 1,000,000 x 50", estimator: linear.LeastSquares{}, solvers: []string{"lstsq"}},
		{id: "lasso", name: "lasso, 1,000,000 x 50", estimator: lasso, solvers: []string{"coordinate descent"}, l1: 0.01},
		{id: "logistic", name: "logistic regression, 1,000,000 x 50", classes: true, estimator: linear.NewLogistic(), solvers: []string{"lbfgs", "newton-cholesky"}, l2: 1e-6},
		{id: "logistic_l1", name: "logistic regression with L1, 100,000 x 50", rows: few, classes: true, estimator: sparse, solvers: []string{"saga"}, l1: 100. / few},
		{id: "sgd", name: "stochastic gradient descent, 5 rounds, 1,000,000 x 50", classes: true, estimator: sgd, solvers: []string{"SGDClassifier"}, l2: 1e-4},
	}
}

// A result is what one side measures: seconds, by the clock and of processor time,
// and what the fit came to.
type result struct {
	Fit          float64   `json:"fit"`
	Busy         float64   `json:"busy"`
	Coefficients []float64 `json:"coefficients"`
	Intercept    float64   `json:"intercept"`
	peak         int64
}

func main() {
	only := flag.String("only", "", "the only job to measure")
	fit := flag.String("fit", "", "do this job's fit, and print what it took as JSON")
	profile := flag.String("cpuprofile", "", "with -fit: write a profile of the fit to this file")
	flag.Parse()
	compare.Main("linear", func() error {
		for _, j := range jobs() {
			if j.id == *fit {
				r, err := j.measure(*profile)
				if err != nil {
					return err
				}
				return json.NewEncoder(os.Stdout).Encode(r)
			}
		}
		return run(*only)
	})
}

func run(only string) error {
	python, ok := compare.Python("sklearn")
	if !ok {
		return nil
	}
	if err := compare.Make(python, script, folder, "y"); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var lines []compare.Line
	var judged []func() error // each adds the lines of a job
	for _, j := range jobs() {
		if only != "" && j.id != only {
			continue
		}
		var ours []result
		theirs := map[string][]result{}
		for range rounds {
			r, err := turn(self, "-fit", j.id)
			if err != nil {
				return err
			}
			ours = append(ours, r)
			for _, solver := range j.solvers {
				peer, err := turn(python, "-P", script, "fit", folder, j.id, solver)
				if err != nil {
					return err
				}
				theirs[solver] = append(theirs[solver], peer)
				fmt.Fprintf(os.Stderr, "%s: %.3f s (%.3f busy), %s %.3f s (%.3f busy)\n", j.name, r.Fit, r.Busy, solver, peer.Fit, peer.Busy)
			}
		}
		judged = append(judged, func() error {
			x, y, err := j.load()
			if err != nil {
				return err
			}
			for _, solver := range j.solvers {
				lines = append(lines, j.line(solver, x, y, ours, theirs[solver]))
			}
			return nil
		})
	}
	// A program's peak counts the memory of this one, which starts it: the data are
	// loaded here once all have run.
	for _, line := range judged {
		if err := line(); err != nil {
			return err
		}
	}
	return compare.Publish("linear", lines)
}

func turn(argv ...string) (result, error) {
	t, err := compare.Run(argv...)
	r := result{peak: t.Peak}
	if err == nil {
		err = t.JSON(&r)
	}
	return r, err
}

func (j job) line(solver string, x *learn.Matrix, y *learn.Target, ours, theirs []result) compare.Line {
	l := compare.Line{Job: j.name, Peer: "scikit-learn, " + solver + ", 2 threads", Rounds: len(ours)}
	var wall, busy []float64
	for i := range ours {
		wall = append(wall, theirs[i].Fit/ours[i].Fit)
		busy = append(busy, theirs[i].Busy/ours[i].Busy)
		l.Memory, l.Theirs = max(l.Memory, ours[i].peak), max(l.Theirs, theirs[i].peak)
	}
	l.Ratio, l.Low, l.High = compare.Median(wall), slices.Min(wall), slices.Max(wall)
	l.CPU = compare.Median(busy)
	l.Result = fmt.Sprintf("objective %.9g / %.9g; coefficients differ by %.1e of the largest",
		j.objective(x, y, ours[0]), j.objective(x, y, theirs[0]), apart(ours[0].Coefficients, theirs[0].Coefficients))
	return l
}
