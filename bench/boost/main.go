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
	script  = "bench/peers/boost.py"
	folder  = "bench/data/boost"
	parquet = "bench/data/boost/flights-3m.parquet"
)

// A setting is one data set and size of trees. Depth 0 is trees of 31 leaves.
type setting struct {
	data, name string
	depth      int
	peers      []string
	lines      func(s setting, peer string, ours, theirs []result) []compare.Line
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

// A result is what one side measures: seconds, and the area under the ROC curve of
// the test rows. Busy is processor time, which what else the machine does changes
// little.
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
	only := flag.Int("only", -1, "the number of the only setting to measure")
	rounds := flag.Int("rounds", 3, "how often each takes its turn")
	fit := flag.String("fit", "", "fit on this data set, and print what it took as JSON")
	depth := flag.Int("depth", 0, "with -fit: the depth of the trees; 0 is trees of 31 leaves")
	profile := flag.String("cpuprofile", "", "with -fit: write a profile of the fit to this file")
	flag.Parse()
	compare.Main("boost", func() error {
		if *fit != "" {
			r, err := measure(filepath.Join(folder, *fit), *depth, *profile)
			if err != nil {
				return err
			}
			return json.NewEncoder(os.Stdout).Encode(r)
		}
		return run(*only, *rounds)
	})
}

func run(only, rounds int) error {
	python, ok := compare.Python("lightgbm", "xgboost", "sklearn", "pyarrow", "onnxruntime", "onnxmltools")
	if !ok {
		return nil
	}
	last := filepath.Join("flights", "test.y")
	if _, err := os.Stat(parquet); err != nil {
		last = filepath.Join("synthetic", "test.y")
	}
	if err := compare.Make(python, script, folder, last, parquet); err != nil {
		return err
	}
	var lines []compare.Line
	for i, s := range settings {
		if only >= 0 && i != only {
			continue
		}
		if _, err := os.Stat(filepath.Join(folder, s.data)); err != nil {
			fmt.Fprintf(os.Stderr, "SKIPPED: %s: there is no %s (npm pack vega-datasets has it)\n", s.name, parquet)
			continue
		}
		more, err := turns(python, s, rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		lines = append(lines, more...)
	}
	return compare.Publish("boost", lines)
}

// turns lets each side fit and predict in turn, in a process of its own.
func turns(python string, s setting, rounds int) ([]compare.Line, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	got := map[string][]result{}
	for range rounds {
		for _, who := range append([]string{"runnel"}, s.peers...) {
			argv := []string{python, "-P", script, "fit", folder, s.data, who, strconv.Itoa(s.depth)}
			if who == "runnel" {
				argv = []string{self, "-fit", s.data, "-depth", strconv.Itoa(s.depth)}
			}
			turn, err := compare.Run(argv...)
			if err != nil {
				return nil, err
			}
			r := result{peak: turn.Peak}
			if err := turn.JSON(&r); err != nil {
				return nil, err
			}
			fmt.Fprintf(os.Stderr, "%s, %s: %+v\n", s.data, who, r)
			got[who] = append(got[who], r)
		}
	}
	var lines []compare.Line
	for _, peer := range s.peers {
		lines = append(lines, s.lines(s, peer, got["runnel"], got[peer])...)
	}
	return lines, nil
}

// line compares all rounds by the clock, and by processor time where it is measured.
func line(job, peer string, ours, theirs []result, wall, busy func(r result) float64) compare.Line {
	ratios := func(of func(r result) float64) (all []float64) {
		for i := range ours {
			all = append(all, of(theirs[i])/of(ours[i]))
		}
		return all
	}
	all := ratios(wall)
	l := compare.Line{Job: job, Peer: peer, Rounds: len(ours), Ratio: compare.Median(all), Low: slices.Min(all), High: slices.Max(all)}
	if busy != nil {
		l.CPU = compare.Median(ratios(busy))
	}
	for i := range ours {
		l.Memory, l.Theirs = max(l.Memory, ours[i].peak), max(l.Theirs, theirs[i].peak)
	}
	l.Result = fmt.Sprintf("AUC %.4f / %.4f", ours[0].Score, theirs[0].Score)
	return l
}

func fitLines(s setting, peer string, ours, theirs []result) []compare.Line {
	return []compare.Line{line(s.name+": fit", peer+", 2 threads", ours, theirs,
		func(r result) float64 { return r.Fit }, func(r result) float64 { return r.Busy })}
}

func predictLines(s setting, peer string, ours, theirs []result) []compare.Line {
	many := line(s.name+": 100,000 rows predicted", peer+", 2 threads", ours, theirs,
		func(r result) float64 { return r.Predict }, func(r result) float64 { return r.PredictBusy })
	one := line(s.name+": a row predicted", peer+", 1 thread", ours, theirs, func(r result) float64 { return r.Row }, nil)
	one.Memory, one.Theirs = 0, 0
	return []compare.Line{many, one}
}
