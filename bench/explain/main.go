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
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"

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

func main() {
	profile := flag.String("cpuprofile", "", "write a profile of ours to this file, and leave out the peers")
	flag.Parse()
	compare.Main("explain", func() error {
		return compare.Profile(*profile, func() error { return run(*profile == "") })
	})
}

func run(peers bool) error {
	python, ok := compare.Python("shap", "xgboost")
	if !ok {
		return nil
	}
	if err := compare.Make(python, script, folder, filepath.Join("boosted", "x")); err != nil {
		return err
	}
	var lines []compare.Line
	for _, s := range settings {
		ours, values, err := measure(s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if !peers {
			fmt.Printf("%s: %+v\n", s.name, ours)
			continue
		}
		var peer compare.Cost
		turn, err := compare.Run(python, "-P", script, "explain", folder, s.data)
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
		lines = append(lines, compare.Line{Job: s.name + ", 500 rows, 100 trees of depth 8", Peer: s.peer, Ratio: peer.Wall / ours.Wall, CPU: peer.Busy / ours.Busy,
			Result: fmt.Sprintf("the same values, to %.1g", off)})
	}
	if !peers {
		return nil
	}
	return compare.Publish("explain", lines)
}

// measure takes the medians of several rounds, in each of which the trees are made
// ready anew.
func measure(s setting) (r compare.Cost, v *explain.Values, err error) {
	e, x, err := load(s)
	if err != nil {
		return r, nil, err
	}
	var wall, busy []float64
	for range rounds {
		cost, err := compare.Measure(func() error {
			trees, err := explain.NewTrees(e)
			if err == nil {
				v, err = trees.Explain(context.Background(), x, &explain.Options{Threads: 2})
			}
			return err
		})
		if err != nil {
			return r, nil, err
		}
		wall, busy = append(wall, cost.Wall), append(busy, cost.Busy)
	}
	return compare.Cost{Wall: compare.Median(wall), Busy: compare.Median(busy)}, v, nil
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
	values, err := compare.Floats(filepath.Join(folder, s.data, "x"))
	x := &learn.Matrix{Names: e.Features, Columns: make([][]float64, features), Rows: len(values) / features}
	for i, v := range values {
		x.Columns[i%features] = append(x.Columns[i%features], v)
	}
	return e, x, err
}

// difference is the largest between our values and those of the peer.
func difference(s setting, v *explain.Values) (float64, error) {
	theirs, err := compare.Floats(filepath.Join(folder, s.data, "values"))
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
