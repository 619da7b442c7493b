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
	repeats  = 9
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
	var cases []compare.Case
	for _, s := range settings {
		cases = append(cases, compare.Case{ID: s.data, Job: s.name + ", 500 rows, 100 trees of depth 8", Peers: s.beside, Fit: s.measure, Lines: s.lines})
	}
	compare.Turns("explain", cases)
}

func (s setting) beside() ([]compare.Peer, error) {
	python, ok := compare.Python("shap", "xgboost")
	if !ok {
		return nil, nil
	}
	if err := compare.Make(python, script, folder, filepath.Join("boosted", "x")); err != nil {
		return nil, err
	}
	return []compare.Peer{{Name: s.peer, Argv: []string{python, "-P", script, "explain", folder, s.data}}}, nil
}

// measure takes the medians of several times, for each of which the trees are made
// ready anew. What it finds it writes down.
func (s setting) measure(part compare.Part) (r compare.Side, err error) {
	e, x, err := load(s)
	if err != nil {
		return r, err
	}
	var wall, busy []float64
	var v *explain.Values
	for range repeats {
		cost, err := part.Measure(func() error {
			trees, err := explain.NewTrees(e)
			if err == nil {
				v, err = trees.Explain(context.Background(), x, &explain.Options{Threads: 2})
			}
			return err
		})
		if err != nil {
			return r, err
		}
		wall, busy = append(wall, cost.Wall), append(busy, cost.Busy)
	}
	r.Fit, r.Busy = compare.Median(wall), compare.Median(busy)
	return r, s.write(v)
}

func (s setting) lines(job, peer string, ours, theirs []compare.Side) ([]compare.Line, error) {
	off, err := s.difference()
	l := compare.Fits(job, peer, ours, theirs)
	l.Result = fmt.Sprintf("the same values, to %.1g", off)
	return []compare.Line{l}, err
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

// write keeps values as the peer's script does: row after row those of the features and
// then the base, each of all outputs.
func (s setting) write(v *explain.Values) error {
	out := make([]float64, v.Rows*(features+1)*s.outputs)
	for i := range v.Rows {
		row := out[i*(features+1)*s.outputs:]
		for k, base := range v.Base {
			for j, a := range v.Of(i, k) {
				row[j*s.outputs+k] = a
			}
			row[features*s.outputs+k] = base
		}
	}
	return compare.WriteFloats(filepath.Join(folder, s.data, "ours"), out)
}

// difference is the largest between our values and those of the peer.
func (s setting) difference() (float64, error) {
	ours, err := compare.Floats(filepath.Join(folder, s.data, "ours"))
	if err != nil {
		return 0, err
	}
	theirs, err := compare.Floats(filepath.Join(folder, s.data, "values"))
	if err != nil {
		return 0, err
	}
	if len(ours) != len(theirs) {
		return 0, fmt.Errorf("%d values, and %d of the peer", len(ours), len(theirs))
	}
	most := 0.0
	for i, v := range ours {
		most = max(most, math.Abs(v-theirs[i]))
	}
	return most, nil
}
