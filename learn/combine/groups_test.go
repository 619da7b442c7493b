package combine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/balance"
	"github.com/runnel-dev/runnel/learn/calibrate"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/linear"
)

// watched notes the groups of the rows that it is fitted on: feature 0 is the group.
type watched struct {
	learn.Estimator
	t    *testing.T
	seen *[][]float64
}

func (w watched) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	groups := slices.Clone(x.Columns[0])
	for i, g := range groups {
		if int32(g) != opts.Groups[i] {
			w.t.Fatalf("row %d is of group %v and said to be of %d", i, g, opts.Groups[i])
		}
	}
	slices.Sort(groups)
	*w.seen = append(*w.seen, slices.Compact(groups))
	return w.Estimator.Fit(ctx, x, y, opts)
}

// TestGroups fits on folds within a fit, however deep, that part no group.
func TestGroups(t *testing.T) {
	const rows, groups = 240, 6
	x, y := &learn.Matrix{Rows: rows, Names: []string{"group", "noise"}, Columns: [][]float64{nil, nil}}, &learn.Target{Task: learn.Classification, Classes: []string{"a", "b"}}
	opts := &learn.Options{Seed: 1}
	for i := range rows {
		g := i * 7 % groups
		x.Columns[0], x.Columns[1] = append(x.Columns[0], float64(g)), append(x.Columns[1], float64(i*i%17))
		y.Labels, opts.Groups = append(y.Labels, int32(i*5%11/8)), append(opts.Groups, int32(g))
	}
	for name, make := range map[string]func(watched) learn.Estimator{
		"stacking": func(w watched) learn.Estimator {
			return combine.Stacking{Members: []combine.Member{{Name: "one", Estimator: w}}, Final: final(y.Task)}
		},
		"calibrated": func(w watched) learn.Estimator {
			return calibrate.Estimator{Of: w, Params: calibrate.Params{Method: calibrate.Platt, Folds: 5}}
		},
		"calibrated, of more rows": func(w watched) learn.Estimator {
			return calibrate.Estimator{Of: balance.Estimator{Of: w, Method: balance.Over}, Params: calibrate.Params{Method: calibrate.Platt, Folds: 5}}
		},
		"calibrated stacking of fewer rows": func(w watched) learn.Estimator {
			s := combine.Stacking{Members: []combine.Member{{Name: "one", Estimator: w}}, Final: final(y.Task), Folds: 3}
			return calibrate.Estimator{Of: balance.Estimator{Of: s, Method: balance.Under}, Params: calibrate.Params{Method: calibrate.Platt, Folds: 5}}
		},
	} {
		var seen [][]float64
		if _, err := make(watched{linear.NewLogistic(), t, &seen}).Fit(t.Context(), x, y, opts); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// A fold that parted a group would leave its other rows to fit on.
		whole := 0
		for _, groupsOfFit := range seen {
			if len(groupsOfFit) == groups {
				whole++
			}
		}
		if len(seen) < 6 || whole != 1 { // the last fit is on all rows
			t.Errorf("%s: %d of %d fits are on rows of all groups: %v", name, whole, len(seen), seen)
		}
	}
	folds, err := combine.FoldsOf(y, 50, opts)
	if err != nil || len(folds) != groups {
		t.Errorf("%d folds of %d groups, %v", len(folds), groups, err)
	}
	if folds, err = combine.FoldsOf(y, 4, &learn.Options{Groups: make([]int32, rows)}); err != nil || len(folds) != 4 {
		t.Errorf("%d folds of one group, %v", len(folds), err)
	}
	if _, err := combine.FoldsOf(y, 4, &learn.Options{Groups: []int32{0, 1}}); fmt.Sprint(err) != "2 groups for 240 rows" {
		t.Error(err)
	}
}

// TestClassOfOneGroup: nobody can learn a class on the other groups that only one has.
func TestClassOfOneGroup(t *testing.T) {
	y := &learn.Target{Task: learn.Classification, Classes: []string{"well", "ill"}}
	opts := &learn.Options{Weights: []float64{1, 1, 1, 1, 1, 1}}
	for i := range opts.Weights {
		g := int32(i / 2)
		y.Labels, opts.Groups = append(y.Labels, g/2), append(opts.Groups, g)
	}
	const want = ` of 3 has all rows of the class "ill"`
	if _, err := combine.GroupFolds(y, 3, opts); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
	folds, err := combine.FoldsOf(y, 2, opts)
	if err != nil || len(folds) != 2 {
		t.Fatalf("%d folds, %v", len(folds), err)
	}
	for _, f := range folds { // at random, with both classes in each
		if !slices.ContainsFunc(f.Train, func(r int) bool { return y.Labels[r] == 1 }) {
			t.Errorf("nobody is ill in %v", f.Train)
		}
	}
	y.Labels[0] = 1
	if _, err := combine.GroupFolds(y, 3, opts); err != nil {
		t.Error(err)
	}
	opts.Weights[0] = 0 // it says nothing of its class
	if _, err := combine.GroupFolds(y, 3, opts); err == nil {
		t.Error("a row of weight 0 is learnt from")
	}
	y.Labels[0], opts.Weights = 0, []float64{1, 1, 1, 1, 0, 0}
	if _, err := combine.GroupFolds(y, 3, opts); err != nil {
		t.Errorf("rows of weight 0 need no model: %v", err)
	}
}
