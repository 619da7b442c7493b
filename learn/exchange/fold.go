package exchange

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table"
)

// Trees sees a model as trees over its raw columns, for a format that holds
// trees and nothing else. A transform that works on a column by itself is folded
// into the splits: what is filled in for a missing number says where it goes, a
// bound or a scale moves the threshold, and an encoded category makes a split on
// categories. Every row goes the way that it went. Notes say what the user of the
// file has to know.
func Trees(m *model.Model, format string) (b *Booster, notes []string, err error) {
	opener, ok := m.Estimator.(ensemble.Opener)
	kind := m.Estimator.State().Kind
	if !ok {
		return nil, nil, fmt.Errorf("the estimator is %s, and a file of %s holds sums of trees: export it as onnx", kind, format)
	}
	e := opener.Ensemble()
	if m.Task == learn.Classification && e.Link == ensemble.Identity {
		return nil, nil, fmt.Errorf("the trees of a %s give probabilities, and those of a file of %s log-odds: export it as onnx", kind, format)
	}
	steps, err := Steps(m.Graph)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range steps {
		if s.Together != nil {
			return nil, nil, fmt.Errorf("%s fills in columns by each other, and a file of %s holds trees of the raw columns alone: export it as onnx", s.Name, format)
		}
		if s.Joint != nil {
			return nil, nil, fmt.Errorf("%s makes columns of others, and a file of %s holds trees of the raw columns alone: export it as onnx", s.Name, format)
		}
	}
	origins, err := OriginsOf(m, steps)
	if err != nil {
		return nil, nil, err
	}
	f := &folder{model: m, Origins: origins}
	for _, s := range steps {
		if s.Kind == "tidy" && len(s.Columns) > 0 {
			notes = append(notes, fmt.Sprintf("%s is not in the file: give %s without space around and as in training", s.Name, ColumnNames(s.Columns)))
		}
	}
	if b, err = f.fold(e); err != nil {
		return nil, nil, err
	}
	if f.unseen != "" {
		notes = append(notes, fmt.Sprintf("a category of %s that training had not goes the way of a missing one there", f.unseen))
	}
	return b, notes, nil
}

// ColumnNames are the names of columns, for a message.
func ColumnNames(columns []StepColumn) string {
	var out []string
	for _, c := range columns {
		out = append(out, c.Name)
	}
	return strings.Join(out, ", ")
}

// A folder finds, for the splits of a model, what they are of the raw columns.
type folder struct {
	*Origins
	model  *model.Model
	unseen string          // an input whose unknown categories go another way than missing ones
	absent *learn.Matrix   // features of a row of missing values
	values []*learn.Matrix // of each input of texts: features of its categories, and of one that is none; of bools: of false and true
}

// features makes features of raw columns; an input that is not given is missing.
func (f *folder) features(rows int, given map[int]*table.Column) (*learn.Matrix, error) {
	t := &table.Table{}
	for j, in := range f.model.Inputs {
		c := given[j]
		if c == nil {
			texts := make([]string, rows)
			c = table.StringColumn(in.Name, texts)
			if in.Kind != table.String {
				c = &table.Column{Name: in.Name, Kind: in.Kind, Floats: make([]float64, rows), Ints: make([]int64, rows), Bools: make([]bool, rows), Valid: table.NewBitmap(rows)}
				for i := range c.Floats {
					c.Floats[i] = math.NaN()
				}
			} else {
				for i := range rows {
					c.SetMissing(i)
				}
			}
		}
		t.Columns = append(t.Columns, c)
	}
	t, err := f.model.Graph.Transform(t)
	if err != nil {
		return nil, err
	}
	return preprocess.Matrix(t, f.model.Features)
}

// fold rewrites the splits of trees.
func (f *folder) fold(e *ensemble.Ensemble) (*Booster, error) {
	inputs := f.model.Inputs
	at := make([]int32, len(inputs)) // the place of an input in the file
	b := &Booster{Ensemble: e}
	e.Features = nil
	used := f.Used(f.model)
	var err error
	if f.absent, err = f.features(1, nil); err != nil {
		return nil, err
	}
	f.values = make([]*learn.Matrix, len(inputs))
	for j, in := range inputs {
		if !used[j] {
			continue
		}
		at[j] = int32(len(e.Features))
		e.Features = append(e.Features, in.Name)
		var c Categories
		switch in.Kind {
		case table.String:
			c = Categories{table.String, f.Categories[j]}
			column := table.StringColumn(in.Name, append(slices.Clone(c.Values), "\x00 none of them"))
			if f.values[j], err = f.features(len(c.Values)+1, map[int]*table.Column{j: column}); err != nil {
				return nil, err
			}
		case table.Bool:
			column := &table.Column{Name: in.Name, Kind: table.Bool, Bools: []bool{false, true}}
			if f.values[j], err = f.features(2, map[int]*table.Column{j: column}); err != nil {
				return nil, err
			}
		case table.Float64, table.Int64:
			for _, kind := range f.Touched[j] {
				if slices.Contains([]string{"onehot", "ordinal", "frequency", "target"}, kind) {
					return nil, fmt.Errorf("%s of %q, a column of numbers, as categories cannot be folded into splits: export it as onnx", kind, in.Name)
				}
			}
		default:
			return nil, fmt.Errorf("the column %q is of type %s, which a file of trees has not: export it as onnx", in.Name, in.Kind)
		}
		b.Numbered = append(b.Numbered, c)
	}
	if err := Names(e.Features); err != nil {
		return nil, err
	}
	thresholds, err := f.thresholds(e)
	if err != nil {
		return nil, err
	}
	members := 0 // of sets, which a file has for each split
	for i := range e.Trees {
		t := &e.Trees[i]
		for k, feature := range t.Feature {
			if feature < 0 {
				continue
			}
			j := f.Of[f.model.Features[feature]][0]
			switch {
			case inputs[j].Kind == table.String:
				f.split(t, k, j)
			case inputs[j].Kind == table.Bool:
				f.splitBool(t, k, j)
			case t.Categories == nil || t.Categories[k] == nil:
				t.Threshold[k], t.MissingLeft[k] = thresholds[cut{feature, t.Threshold[k]}], f.left(t, k, f.absent.Columns[feature][0])
			case len(f.Touched[j]) > 0:
				return nil, fmt.Errorf("tree %d splits on the categories of %q, which transforms change: export it as onnx", i, inputs[j].Name)
			default:
				for _, word := range t.Categories[k] {
					members += bits.OnesCount64(word)
				}
				if members > MaxAll {
					return nil, fmt.Errorf("its splits on categories name more than %d of them in all: export it as onnx", MaxAll)
				}
			}
			t.Feature[k] = at[j]
		}
	}
	return b, nil
}

// left is where a value of a feature goes at a split.
func (f *folder) left(t *ensemble.Tree, k int, v float64) bool {
	switch {
	case v != v:
		return t.MissingLeft[k]
	case t.Categories != nil && t.Categories[k] != nil:
		set := t.Categories[k]
		return v >= 0 && v < float64(64*len(set)) && set[int(v)/64]>>(int(v)%64)&1 == 1
	}
	return v <= t.Threshold[k]
}

// split makes a split of a feature one of the categories of input j: a set of them
// goes left, and right whatever goes where missing values do.
func (f *folder) split(t *ensemble.Tree, k, j int) {
	feature := t.Feature[k]
	values := f.values[j].Columns[feature]
	last := len(values) - 1
	missing := f.left(t, k, f.absent.Columns[feature][0])
	if f.left(t, k, values[last]) != missing {
		f.unseen = f.model.Inputs[j].Name
	}
	set := make([]uint64, last/64+1)
	for c, v := range values[:last] {
		if f.left(t, k, v) != missing {
			set[c/64] |= 1 << (c % 64)
		}
	}
	if missing {
		t.Left[k], t.Right[k] = t.Right[k], t.Left[k]
	}
	if t.Categories == nil {
		t.Categories = make([][]uint64, len(t.Feature))
	}
	t.Categories[k], t.Threshold[k], t.MissingLeft[k] = set, 0, false
}

// splitBool makes a split of a feature one of the bools of input j, 0 and 1.
func (f *folder) splitBool(t *ensemble.Tree, k, j int) {
	values := f.values[j].Columns[t.Feature[k]]
	no, yes, missing := f.left(t, k, values[0]), f.left(t, k, values[1]), f.left(t, k, f.absent.Columns[t.Feature[k]][0])
	if t.Categories != nil {
		t.Categories[k] = nil
	}
	t.Threshold[k] = .5
	switch {
	case no && yes:
		t.Threshold[k] = math.MaxFloat64
	case !no && !yes:
		t.Threshold[k] = -math.MaxFloat64
	case yes:
		t.Left[k], t.Right[k], missing = t.Right[k], t.Left[k], !missing
	}
	t.MissingLeft[k] = missing
}

// A cut is a split of a feature at a threshold.
type cut struct {
	feature   int32
	threshold float64
}

// thresholds finds, for each split at a threshold of a feature, the greatest raw
// number that goes left, by halving the numbers that it may be.
func (f *folder) thresholds(e *ensemble.Ensemble) (map[cut]float64, error) {
	out := map[cut]float64{}
	var cuts []cut
	for i := range e.Trees {
		t := &e.Trees[i]
		for k, feature := range t.Feature {
			if feature < 0 || t.Categories != nil && t.Categories[k] != nil {
				continue
			}
			j, c := f.Of[f.model.Features[feature]][0], cut{feature, t.Threshold[k]}
			if _, known := out[c]; known || !f.model.Inputs[j].Kind.Numeric() {
				continue
			}
			out[c] = c.threshold
			if len(f.Touched[j]) > 0 {
				cuts = append(cuts, c)
			}
		}
	}
	if len(cuts) == 0 {
		return out, nil
	}
	least, most := order(-math.MaxFloat64), order(math.MaxFloat64)
	lo, hi := make([]int64, len(cuts)), make([]int64, len(cuts)) // lo goes left, hi right
	ask := func(at []int64) ([]bool, error) {
		given := map[int]*table.Column{}
		numbers := make([]float64, len(at))
		for i, v := range at {
			numbers[i] = unorder(v)
		}
		for j, in := range f.model.Inputs {
			if in.Kind.Numeric() {
				given[j] = &table.Column{Name: in.Name, Kind: table.Float64, Floats: numbers}
			}
		}
		x, err := f.features(len(at), given)
		if err != nil {
			return nil, err
		}
		left := make([]bool, len(at))
		for i, c := range cuts {
			left[i] = x.Columns[c.feature][i] <= c.threshold
		}
		return left, nil
	}
	for i := range cuts {
		lo[i], hi[i] = least, most
	}
	first, err := ask(lo)
	if err != nil {
		return nil, err
	}
	last, err := ask(hi)
	if err != nil {
		return nil, err
	}
	middle := make([]int64, len(cuts))
	for range 64 {
		for i := range cuts {
			middle[i] = lo[i] + int64((uint64(hi[i])-uint64(lo[i]))/2)
		}
		left, err := ask(middle)
		if err != nil {
			return nil, err
		}
		for i, is := range left {
			if is {
				lo[i] = middle[i]
			} else {
				hi[i] = middle[i]
			}
		}
	}
	for i, c := range cuts {
		switch {
		case last[i] && !first[i]:
			return nil, fmt.Errorf("the feature %q falls where its column rises, so no threshold of the column is one of the feature: export it as onnx", f.model.Features[c.feature])
		case last[i]:
			out[c] = math.MaxFloat64
		default:
			out[c] = unorder(lo[i]) // -MaxFloat64 where all go right
		}
	}
	return out, nil
}

// order numbers the floats in their order.
func order(v float64) int64 {
	b := int64(math.Float64bits(v))
	if b < 0 {
		return math.MinInt64 - b
	}
	return b
}

func unorder(n int64) float64 {
	if n < 0 {
		n = math.MinInt64 - n
	}
	return math.Float64frombits(uint64(n))
}
