// Command forest compares the random forest with scikit-learn's, on the same
// data in the same run: 160,000 rows of 20 features to fit on, 40,000 to predict.
// Run it in the repository:
//
//	go run ./bench/forest
//
// The Python that has scikit-learn is RUNNEL_PYTHON, .venv/bin/python if unset.
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
	"reflect"
	"runtime/pprof"
	"slices"
	"strconv"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/tree"
)

const (
	script = "bench/peers/forest.py"
	folder = "bench/data/forest"
	rounds = 3 // our fits are short: the one in the middle counts
)

// A setting is one comparison. Depth 0 is no limit.
type setting struct {
	name, data   string
	trees, depth int
}

var settings = []setting{
	{"2 classes, 100 trees of depth 10", "two", 100, 10},
	{"2 classes, 20 trees of any depth", "two", 20, 0},
	{"10 classes, 20 trees of depth 10", "ten", 20, 10},
	{"regression, 5 trees of depth 10", "value", 5, 10},
}

// A result is what one side measures: seconds, and accuracy or R2. Busy is the
// processor time of the fit, which what else the machine does changes little.
type result struct {
	Fit, Busy, Predict, Row, Score float64
	same                           bool // for 1 and 2 threads
}

func main() {
	profile := flag.String("cpuprofile", "", "write a profile of the fits to this file, and leave out the peer")
	only := flag.Int("only", -1, "the number of the only comparison to do")
	flag.Parse()
	chosen := settings
	if *only >= 0 && *only < len(settings) {
		chosen = settings[*only : *only+1]
	}
	if err := run(*profile, chosen); err != nil {
		fmt.Fprintln(os.Stderr, "forest:", err)
		os.Exit(1)
	}
}

func run(profile string, chosen []setting) error {
	python := os.Getenv("RUNNEL_PYTHON")
	if python == "" {
		python = filepath.Join(".venv", "bin", "python")
	}
	if err := exec.Command(python, "-c", "import sklearn").Run(); err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED: %s has no scikit-learn (%v): set RUNNEL_PYTHON to a Python that has\n", python, err)
		return nil
	}
	if _, err := os.Stat(filepath.Join(folder, "value", "test.y")); err != nil {
		if out, err := exec.Command(python, script, "make", folder).CombinedOutput(); err != nil {
			return fmt.Errorf("making the data: %w\n%s", err, out)
		}
	}
	if profile != "" {
		file, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "random forest, 160,000 x 20, 2 threads\tscikit-learn\trunnel\tratio")
	var lines []compare.Line
	for _, s := range chosen {
		ours, err := measure(s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if profile != "" {
			fmt.Printf("%s: %+v\n", s.name, ours)
			continue
		}
		peer, err := measurePeer(python, s)
		if err != nil {
			return fmt.Errorf("%s: scikit-learn: %w", s.name, err)
		}
		fmt.Fprintf(w, "%s: fit\t%.3g s\t%.3g s\t%.1f times faster\n", s.name, peer.Fit, ours.Fit, peer.Fit/ours.Fit)
		fmt.Fprintf(w, "  processor time of the fit\t%.3g s\t%.3g s\t%.1f times less\n", peer.Busy, ours.Busy, peer.Busy/ours.Busy)
		fmt.Fprintf(w, "  predict 40,000 rows\t%.3g s\t%.3g s\t%.1f times faster\n", peer.Predict, ours.Predict, peer.Predict/ours.Predict)
		fmt.Fprintf(w, "  predict 1 row\t%.3g s\t%.3g s\t%.0f times faster\n", peer.Row, ours.Row, peer.Row/ours.Row)
		fmt.Fprintf(w, "  test score\t%.4f\t%.4f\t%+.2f points\n", peer.Score, ours.Score, 100*(ours.Score-peer.Score))
		fmt.Fprintf(w, "  1 and 2 threads give the same bits\t\t%v\t\n", ours.same)
		lines = append(lines, compare.Line{Job: s.name + ", 160,000 x 20: fit", Peer: "scikit-learn, n_jobs=2", Ratio: peer.Fit / ours.Fit, CPU: peer.Busy / ours.Busy,
			Result: fmt.Sprintf("test score %.4f / %.4f; predicts 40,000 rows %.1f times, one row %.0f times faster; 1 and 2 threads give the same bits: %v",
				ours.Score, peer.Score, peer.Predict/ours.Predict, peer.Row/ours.Row, ours.same)})
	}
	if err := w.Flush(); err != nil || profile != "" {
		return err
	}
	fmt.Println()
	return compare.Publish("forest", lines)
}

func measurePeer(python string, s setting) (r result, err error) {
	out, err := exec.Command(python, script, "fit", folder, s.data, strconv.Itoa(s.trees), strconv.Itoa(s.depth)).Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(out, &r)
}

func measure(s setting) (r result, err error) {
	dir := filepath.Join(folder, s.data)
	x, y, err := load(dir, "train")
	if err != nil {
		return r, err
	}
	testX, testY, err := load(dir, "test")
	if err != nil {
		return r, err
	}
	f := tree.NewForest()
	f.Estimators, f.MaxDepth = s.trees, s.depth
	var m learn.Model
	var fits, busy, predictions []float64
	var p []float64
	for range rounds {
		start, cpu := time.Now(), processorTime()
		if m, err = f.Fit(context.Background(), x, y, &learn.Options{Threads: 2}); err != nil {
			return r, err
		}
		fits = append(fits, time.Since(start).Seconds())
		busy = append(busy, processorTime()-cpu)
		start = time.Now()
		p = m.Predict(testX)
		predictions = append(predictions, time.Since(start).Seconds())
	}
	slices.Sort(fits)
	slices.Sort(busy)
	slices.Sort(predictions)
	r.Fit, r.Busy, r.Predict = fits[rounds/2], busy[rounds/2], predictions[rounds/2]
	one, start := testX.Take([]int{0}), time.Now()
	for range 1000 {
		m.Predict(one)
	}
	r.Row = time.Since(start).Seconds() / 1000
	r.Score = score(p, m.Outputs(), testY)
	alone, err := f.Fit(context.Background(), x, y, &learn.Options{Threads: 1})
	if err != nil {
		return r, err
	}
	r.same = reflect.DeepEqual(alone.State(), m.State())
	return r, nil
}

// processorTime is what this process has used, in seconds.
func processorTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return math.NaN()
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
