// Command explain compares TreeSHAP with shap.TreeExplainer and with XGBoost's
// pred_contribs, on the same trees and rows in the same run: 500 rows, 100 trees
// of depth 8. Run it in the repository:
//
//	go run ./bench/explain
//
// The Python that has shap and xgboost is RUNNEL_PYTHON, .venv/bin/python if unset.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/explain"
)

const (
	script   = "bench/peers/explain.py"
	folder   = "bench/data/explain"
	features = 20
	rounds   = 9
)

// A setting is one comparison.
type setting struct {
	name, data, peer string
	outputs          int
}

var settings = []setting{
	{"TreeSHAP, 2 classes", "two", "shap.TreeExplainer, 1 thread", 2},
	{"TreeSHAP, 10 classes", "ten", "shap.TreeExplainer, 1 thread", 10},
	{"TreeSHAP, boosted", "boosted", "XGBoost pred_contribs, 2 threads", 1},
}

// A result is what one side takes, in seconds.
type result struct {
	Wall float64 `json:"wall"`
	Busy float64 `json:"busy"` // of the processor
}

func main() {
	profile := flag.String("cpuprofile", "", "write a profile of ours to this file, and leave out the peers")
	flag.Parse()
	if err := run(*profile); err != nil {
		fmt.Fprintln(os.Stderr, "explain:", err)
		os.Exit(1)
	}
}

func run(profile string) error {
	python := os.Getenv("RUNNEL_PYTHON")
	if python == "" {
		python = filepath.Join(".venv", "bin", "python")
	}
	if err := exec.Command(python, "-c", "import shap, xgboost").Run(); err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED: %s has no shap and xgboost (%v): set RUNNEL_PYTHON to a Python that has\n", python, err)
		return nil
	}
	if _, err := os.Stat(filepath.Join(folder, "boosted", "x")); err != nil {
		if out, err := exec.Command(python, script, "make", folder).CombinedOutput(); err != nil {
			return fmt.Errorf("fitting the models: %w\n%s", err, out)
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
	fmt.Fprintln(w, "500 rows, 100 trees of depth 8\tpeer\trunnel, 2 threads\tratio")
	var lines []compare.Line
	for _, s := range settings {
		ours, values, err := measure(s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if profile != "" {
			fmt.Printf("%s: %+v\n", s.name, ours)
			continue
		}
		var peer result
		turn, err := compare.Run(python, script, "explain", folder, s.data)
		if err != nil {
			return err
		}
		if err := turn.JSON(&peer); err != nil {
			return err
		}
		off, err := difference(s, values)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\t\t\n", s.name, s.peer)
		fmt.Fprintf(w, "  time\t%.3g s\t%.3g s\t%.1f times faster\n", peer.Wall, ours.Wall, peer.Wall/ours.Wall)
		fmt.Fprintf(w, "  processor time\t%.3g s\t%.3g s\t%.1f times less\n", peer.Busy, ours.Busy, peer.Busy/ours.Busy)
		fmt.Fprintf(w, "  largest difference of a value\t\t%.1g\t\n", off)
		lines = append(lines, compare.Line{Job: s.name + ", 500 rows, 100 trees of depth 8", Peer: s.peer, Ratio: peer.Wall / ours.Wall, CPU: peer.Busy / ours.Busy,
			Result: fmt.Sprintf("the same values, to %.1g", off)})
	}
	if err := w.Flush(); err != nil || profile != "" {
		return err
	}
	fmt.Println()
	return compare.Publish("explain", lines)
}

// measure takes the medians of several rounds, in each of which the trees are made
// ready anew.
func measure(s setting) (r result, v *explain.Values, err error) {
	e, x, err := load(s)
	if err != nil {
		return r, nil, err
	}
	var wall, busy []float64
	for range rounds {
		start, cpu := time.Now(), processorTime()
		trees, err := explain.NewTrees(e)
		if err != nil {
			return r, nil, err
		}
		if v, err = trees.Explain(context.Background(), x, &explain.Options{Threads: 2}); err != nil {
			return r, nil, err
		}
		wall, busy = append(wall, time.Since(start).Seconds()), append(busy, processorTime()-cpu)
	}
	slices.Sort(wall)
	slices.Sort(busy)
	return result{wall[rounds/2], busy[rounds/2]}, v, nil
}

// load reads the trees and rows that the peer's script wrote.
func load(s setting) (*ensemble.Ensemble, *learn.Matrix, error) {
	raw, err := os.ReadFile(filepath.Join(folder, s.data, "model.json"))
	if err != nil {
		return nil, nil, err
	}
	e := &ensemble.Ensemble{Features: make([]string, features), Base: make([]float64, s.outputs), Link: ensemble.Identity}
	if err := json.Unmarshal(raw, &e.Trees); err != nil {
		return nil, nil, err
	}
	for i := range e.Trees {
		e.Trees[i].MissingLeft, e.Trees[i].Output = make([]bool, len(e.Trees[i].Feature)), -1
		for k, f := range e.Trees[i].Feature {
			if f >= 0 { // splits have values in scikit-learn's trees
				clear(e.Trees[i].Value[k*s.outputs:][:s.outputs])
			}
		}
	}
	values, err := floats(filepath.Join(folder, s.data, "x"))
	x := &learn.Matrix{Names: e.Features, Columns: make([][]float64, features), Rows: len(values) / features}
	for i, v := range values {
		x.Columns[i%features] = append(x.Columns[i%features], v)
	}
	return e, x, err
}

// difference is the largest between our values and those of the peer.
func difference(s setting, v *explain.Values) (float64, error) {
	theirs, err := floats(filepath.Join(folder, s.data, "values"))
	if err != nil {
		return 0, err
	}
	most := 0.0
	for i := range v.Rows {
		for k, base := range v.Base {
			at := func(j int) float64 { return theirs[(i*(features+1)+j)*s.outputs+k] }
			for j, a := range v.Of(i, k) {
				most = max(most, math.Abs(a-at(j)))
			}
			most = max(most, math.Abs(base-at(features)))
		}
	}
	return most, nil
}

func floats(path string) ([]float64, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(raw)/8)
	for i := range out {
		out[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return out, nil
}

// processorTime is what this process has used, in seconds.
func processorTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return math.NaN()
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
