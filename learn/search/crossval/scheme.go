// Package crossval scores the parameters of estimators by cross-validation.
// Everything is fitted inside the fold: the transforms too.
package crossval

import (
	"fmt"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/split"
)

// A Scheme says how rows are divided into folds.
type Scheme struct {
	Kind    string // auto, plain, stratified, group or time; "" is auto: stratified for classes, else plain; without a target one fold, measured on the rows that were fitted
	Folds   int    // 0: 5
	Repeats int    // 0: 1; each time shuffled anew; not for time
	Gap     int    // of time: rows left out between those to fit on and those to measure on
	Seed    uint64
	InOrder bool    // not shuffled: folds are runs of neighbouring rows, as scikit-learn's cv=5
	Groups  []int32 // of group: the group of each row
	Times   []int64 // of time: when each row is from
}

// Plan divides the rows of y. The notes say what a person should know about it.
func (s Scheme) Plan(y *learn.Target) (folds []split.Fold, notes []string, err error) {
	f := split.Folds{K: s.Folds, Shuffle: !s.InOrder, Repeats: max(s.Repeats, 1), Seed: s.Seed}
	if f.K == 0 {
		f.K = 5
	}
	kind := s.Kind
	if !y.Task.Supervised() && (kind == "" || kind == "auto") {
		all := make([]int, y.Len())
		for i := range all {
			all[i] = i
		}
		return []split.Fold{{Train: all, Test: all}}, nil, nil
	}
	if kind == "" || kind == "auto" {
		if kind = "plain"; y.Task == learn.Classification {
			kind = "stratified"
		}
	}
	switch kind {
	case "plain":
		folds, err = f.Plain(y.Len())
	case "stratified":
		if y.Task != learn.Classification {
			return nil, nil, fmt.Errorf("stratified folds keep the share of each class, and the task is %s: use plain", y.Task)
		}
		folds, notes, err = f.Stratified(y.Labels, y.Classes)
	case "group":
		if len(s.Groups) != y.Len() {
			return nil, nil, fmt.Errorf("%d groups for %d rows", len(s.Groups), y.Len())
		}
		folds, err = f.Group(s.Groups)
	case "time":
		if len(s.Times) != y.Len() {
			return nil, nil, fmt.Errorf("%d times for %d rows", len(s.Times), y.Len())
		}
		if s.Repeats > 1 {
			return nil, nil, fmt.Errorf("folds in time are not shuffled, so there is nothing to repeat %d times", s.Repeats)
		}
		folds, err = split.TimeOrder(s.Times, f.K, s.Gap)
	default:
		return nil, nil, fmt.Errorf("no kind %q of folds: there are auto, plain, stratified, group, time", kind)
	}
	return folds, notes, err
}
