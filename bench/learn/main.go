// Command learn compares gradient boosting with LightGBM, XGBoost and scikit-learn,
// on the same data, in turns, 2 threads each. Run it in the repository:
//
//	go run ./bench/learn
//
// The Python that has them is RUNNEL_PYTHON, .venv/bin/python if unset. The flights
// are flights-3m.parquet of npm's vega-datasets, in bench/data/learn, where
// scripts/bench puts it; without it they are left out, and that is said.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/bench/compare"
)

const (
	script  = "bench/peers/boost.py"
	folder  = "bench/data/learn"
	parquet = "bench/data/learn/flights-3m.parquet"
)

// A setting is one data set, and what it is called in the table.
type setting struct{ data, name string }

var settings = []setting{
	{"synthetic", "gradient boosting, 100 trees of 31 leaves, 160,000 x 20"},
	{"flights", "gradient boosting, 100 trees of 31 leaves, flights-3m (2,400,000 x 7)"},
}

var peers = []string{"lightgbm", "xgboost", "sklearn"}

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
	only := flag.String("only", "", "the only data set to measure")
	rounds := flag.Int("rounds", 3, "how often each takes its turn")
	fit := flag.String("fit", "", "fit on this data set, and print what it took as JSON")
	profile := flag.String("cpuprofile", "", "with -fit: write a profile of the fit to this file")
	flag.Parse()
	if err := run(*only, *rounds, *fit, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "learn:", err)
		os.Exit(1)
	}
}

func run(only string, rounds int, fit, profile string) error {
	if fit != "" {
		r, err := measure(filepath.Join(folder, fit), profile)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	python, ok := compare.Python("lightgbm", "xgboost", "sklearn", "pyarrow")
	if !ok {
		return nil
	}
	if err := prepare(python); err != nil {
		return err
	}
	var lines []compare.Line
	for _, s := range settings {
		if only != "" && s.data != only {
			continue
		}
		if _, err := os.Stat(filepath.Join(folder, s.data)); err != nil {
			fmt.Fprintf(os.Stderr, "SKIPPED: %s: there is no %s (npm pack vega-datasets has it)\n", s.name, parquet)
			continue
		}
		more, err := turns(python, s, rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", s.data, err)
		}
		lines = append(lines, more...)
	}
	return compare.Publish("learn", lines)
}

// prepare writes the data that are not there yet.
func prepare(python string) error {
	_, flights := os.Stat(parquet)
	for _, s := range settings {
		if s.data == "flights" && flights != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(folder, s.data, "test.y")); err != nil {
			_, err := compare.Run(python, "-P", script, "make", folder, parquet)
			return err
		}
	}
	return nil
}

// turns lets each side fit and predict in turn, in a process of its own.
func turns(python string, s setting, rounds int) ([]compare.Line, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	got := map[string][]result{}
	for range rounds {
		for _, who := range append([]string{"runnel"}, peers...) {
			argv := []string{python, "-P", script, "fit", folder, s.data, who}
			if who == "runnel" {
				argv = []string{self, "-fit", s.data}
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
	best := 0.0
	for _, r := range got {
		best = max(best, r[0].Score)
	}
	var lines []compare.Line
	for _, peer := range peers {
		lines = append(lines, line(s, peer, got["runnel"], got[peer], best))
	}
	return lines, nil
}

// line compares the medians of all rounds.
func line(s setting, peer string, ours, theirs []result, best float64) compare.Line {
	ratio := func(of func(r result) float64) (middle, low, high float64) {
		var all []float64
		for i := range ours {
			all = append(all, of(theirs[i])/of(ours[i]))
		}
		return compare.Median(all), slices.Min(all), slices.Max(all)
	}
	l := compare.Line{Job: s.name + ": fit", Peer: peer + ", 2 threads", Rounds: len(ours)}
	l.Ratio, l.Low, l.High = ratio(func(r result) float64 { return r.Fit })
	l.CPU, _, _ = ratio(func(r result) float64 { return r.Busy })
	batch, _, _ := ratio(func(r result) float64 { return r.PredictBusy })
	row, _, _ := ratio(func(r result) float64 { return r.Row })
	for i := range ours {
		l.Memory, l.Theirs = max(l.Memory, ours[i].peak), max(l.Theirs, theirs[i].peak)
	}
	notes := []string{
		fmt.Sprintf("AUC %.4f / %.4f (best %.4f)", ours[0].Score, theirs[0].Score, best),
		fmt.Sprintf("predicts 100,000 rows in %.1f times less processor time", batch),
		fmt.Sprintf("one row %.1f times faster", row),
	}
	l.Result = strings.Join(notes, "; ")
	return l
}
