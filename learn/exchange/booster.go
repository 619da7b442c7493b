package exchange

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"strconv"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bins"
	"github.com/runnel-dev/runnel/learn/boost"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table"
)

// A Booster is what a file of gradient boosting holds. Trees may come as any
// file has them: in any order, with nodes that nothing leads to; a child that is
// no node, or an ancestor, is an error of Model. Splits may share a set of
// categories, which is held once for each feature.
type Booster struct {
	Ensemble *ensemble.Ensemble
	Gain     []float64    // of each feature, what its splits took off the loss
	Numbered []Categories // of each feature, nil where no feature has any
}

// OnCategories says of each feature whether a split is on its categories.
func (b *Booster) OnCategories() []bool {
	is := make([]bool, len(b.Ensemble.Features))
	for _, t := range b.Ensemble.Trees {
		for k, set := range t.Categories {
			if set != nil && t.Feature[k] >= 0 {
				is[t.Feature[k]] = true
			}
		}
	}
	return is
}

// Categories are the values of a feature that is split on their numbers: value k
// is number k. They are nil of a feature of numbers.
type Categories struct {
	Kind   table.Kind
	Values []string
}

// Model makes a model of it that takes the features as raw columns, which may
// all be missing.
func (b *Booster) Model(o *Options) (*model.Model, error) {
	e := b.Ensemble
	if err := Names(e.Features); err != nil {
		return nil, err
	}
	m := &model.Model{Features: e.Features}
	task, classes := learn.Regression, classesOf(e)
	if classes > 1 {
		task = learn.Classification
	}
	if err := o.Outcome(m, task, classes, nil, 0); err != nil {
		return nil, err
	}
	var err error
	if m.Estimator, err = b.Estimator(m.Task); err != nil {
		return nil, err
	}
	orders := map[string][]string{}
	raw := &table.Table{}
	var coded []string
	for j, name := range e.Features {
		in := model.Input{Name: name, Kind: table.Float64}
		if b.Numbered != nil && b.Numbered[j].Values != nil {
			in.Kind, in.Values = b.Numbered[j].Kind, b.Numbered[j].Values
			orders[name], coded = in.Values, append(coded, name)
			raw.Columns = append(raw.Columns, &table.Column{Name: name, Kind: in.Kind})
			if len(in.Values) > model.MaxValues {
				in.Values = nil
			}
		}
		if name == m.Target {
			return nil, fmt.Errorf("a feature is named %q as the target is: name the target otherwise", name)
		}
		m.Inputs = append(m.Inputs, in)
	}
	if len(coded) > MaxCoded {
		return nil, fmt.Errorf("%d of its features are of named categories: at most %d are read", len(coded), MaxCoded)
	}
	if coded != nil {
		m.Graph, err = preprocess.FitOnly(context.Background(), raw, nil, nil, &preprocess.Ordinal{Columns: coded, Orders: orders})
		if err != nil {
			return nil, fmt.Errorf("the categories of features: %w", err)
		}
	}
	return m, m.Check()
}

// logOdds makes one margin of the two of a softmax, which depends on their
// difference alone.
func logOdds(e *ensemble.Ensemble) error {
	if e.Link != ensemble.Softmax || len(e.Base) != 2 {
		return nil
	}
	e.Link, e.Base = ensemble.Logistic, []float64{e.Base[1] - e.Base[0]}
	for i := range e.Trees {
		t := &e.Trees[i]
		if t.Output < 0 || t.Output > 1 {
			return fmt.Errorf("tree %d adds to class %d of 2", i, t.Output)
		}
		for k, v := range t.Value {
			if t.Output == 0 {
				t.Value[k] = -v
			}
		}
		t.Output = 0
	}
	return nil
}

// classesOf is how many classes an ensemble tells apart; 1 of a regression.
func classesOf(e *ensemble.Ensemble) int {
	switch e.Link {
	case ensemble.Logistic:
		return 2
	case ensemble.Softmax:
		return len(e.Base)
	}
	return 1
}

// Estimator makes a model of gradient boosting of the trees.
func (b *Booster) Estimator(task learn.Task) (learn.Model, error) {
	e := b.Ensemble
	classes := classesOf(e)
	if err := logOdds(e); err != nil {
		return nil, err
	}
	outputs := len(e.Base)
	if len(e.Trees) > MaxTrees || outputs > MaxClasses {
		return nil, fmt.Errorf("it has %d trees for %d outputs: at most %d and %d are read", len(e.Trees), outputs, MaxTrees, MaxClasses)
	}
	of := make([][]*ensemble.Tree, outputs)
	rounds := 0
	for i := range e.Trees {
		t := &e.Trees[i]
		if t.Output < 0 || t.Output >= outputs {
			return nil, fmt.Errorf("tree %d adds to output %d of %d", i, t.Output, outputs)
		}
		of[t.Output] = append(of[t.Output], t)
		rounds = max(rounds, len(of[t.Output]))
	}
	if rounds*outputs-len(e.Trees) > max(MaxEmpty, len(e.Trees)) {
		return nil, fmt.Errorf("its %d trees are of so unequal number for its %d outputs that they cannot be held", len(e.Trees), outputs)
	}
	n := &flat{features: len(e.Features), trees: []int64{0}, sets: []int64{0}, members: []int32{}, known: map[shared]int32{}}
	for i := range rounds {
		for k := range of {
			t := EmptyTree(k, 0)
			if i < len(of[k]) {
				t = *of[k][i]
			}
			if err := n.add(&t); err != nil {
				return nil, fmt.Errorf("tree %d of output %d: %w", i, k, err)
			}
		}
	}
	return boost.FromState(n.state(task, e, classes, shares(b.Gain, len(e.Features))))
}

// shares are gains as shares of their sum.
func shares(gain []float64, features int) []float64 {
	out := make([]float64, features)
	total := 0.0
	for _, g := range gain {
		if g > 0 && !math.IsInf(g, 1) {
			total += g
		}
	}
	for j, g := range gain {
		if g > 0 && total > 0 && !math.IsInf(total, 1) && j < features {
			out[j] = g / total
		}
	}
	return out
}

// flat is the nodes of all trees as boost.FromState takes them: those that the
// root leads to, in the order of their depth, children next to each other.
type flat struct {
	features         int
	trees, sets      []int64
	feature, left    []int32
	set, members     []int32
	threshold, value []float64
	cover            []float64
	missing          []uint8
	from, depth      []int32 // of the tree that is added: where a node comes from, and how deep it is
	known            map[shared]int32
}

// A shared is a set of categories, by its first word, of a feature.
type shared struct {
	set     *uint64
	feature int32
}

func (n *flat) add(t *ensemble.Tree) error {
	size := len(t.Feature)
	if size == 0 || size > MaxNodes || len(n.feature) > MaxAll-size {
		return fmt.Errorf("it has %d nodes: want 1 to %d, and %d in all trees at most", size, MaxNodes, MaxAll)
	}
	n.from, n.depth = append(n.from[:0], 0), append(n.depth[:0], 0)
	for at := 0; at < len(n.from); at++ {
		i := n.from[at]
		f, threshold, value := t.Feature[i], 0.0, t.Value[i]
		left, missing, set := int32(0), uint8(0), int32(-1)
		if f >= 0 {
			value, left = 0, int32(len(n.from))
			for _, child := range []int32{t.Left[i], t.Right[i]} {
				if child < 0 || int(child) >= size || len(n.from) >= size {
					return fmt.Errorf("node %d of %d leads to node %d: a node that there is, on one path alone", i, size, child)
				}
				n.from, n.depth = append(n.from, child), append(n.depth, n.depth[at]+1)
			}
			if n.depth[at] >= MaxDepth {
				return fmt.Errorf("it is deeper than %d", MaxDepth)
			}
			if t.MissingLeft[i] {
				missing = 1
			}
			if t.Categories != nil && t.Categories[i] != nil {
				var err error
				if set, err = n.setOf(f, t.Categories[i]); err != nil {
					return fmt.Errorf("node %d: %w", i, err)
				}
			} else {
				threshold = t.Threshold[i]
			}
		}
		n.feature, n.left, n.set = append(n.feature, f), append(n.left, left), append(n.set, set)
		n.threshold, n.value = append(n.threshold, threshold), append(n.value, value)
		n.cover, n.missing = append(n.cover, t.Cover[i]), append(n.missing, missing)
	}
	n.trees = append(n.trees, int64(len(n.feature)))
	return nil
}

// setOf is the number of a set of categories of a feature.
func (n *flat) setOf(feature int32, words []uint64) (int32, error) {
	if len(words) == 0 {
		words = []uint64{0}
	}
	key := shared{&words[0], feature}
	set, known := n.known[key]
	if known {
		return set, nil
	}
	set = int32(len(n.sets) - 1)
	n.known[key] = set
	return set, n.addSet(words)
}

func (n *flat) addSet(words []uint64) error {
	count := len(n.members)
	for _, word := range words {
		count += bits.OnesCount64(word)
	}
	if count > MaxMembers {
		return fmt.Errorf("its sets of categories have more than %d members: train with fewer categories a column, or fewer trees", MaxMembers)
	}
	for w, word := range words {
		for ; word != 0; word &= word - 1 {
			c := 64*w + bits.TrailingZeros64(word)
			if c > bins.MostCategory {
				return fmt.Errorf("it splits on the category %d: the greatest that is held is %d", c, bins.MostCategory)
			}
			n.members = append(n.members, int32(c))
		}
	}
	n.sets = append(n.sets, int64(len(n.members)))
	return nil
}

func (n *flat) state(task learn.Task, e *ensemble.Ensemble, classes int, importances []float64) learn.State {
	s := learn.State{Kind: boost.Kind, Params: map[string]any{"task": string(task), "link": string(e.Link), "outputs": classes}, Tensors: map[string]learn.Tensor{}}
	put := func(name string, size int, data any) { s.Tensors[name] = learn.Tensor{Shape: []int{size}, Data: data} }
	put("base", len(e.Base), e.Base)
	put("trees", len(n.trees), n.trees)
	put("feature", len(n.feature), n.feature)
	put("threshold", len(n.threshold), n.threshold)
	put("left", len(n.left), n.left)
	put("missing_left", len(n.missing), n.missing)
	put("set", len(n.set), n.set)
	put("value", len(n.value), n.value)
	put("cover", len(n.cover), n.cover)
	put("sets", len(n.sets), n.sets)
	put("members", len(n.members), n.members)
	put("importances", len(importances), importances)
	return s
}

// CategoriesOf makes categories of a list of JSON values: texts, whole numbers,
// numbers or bools, all of one kind. Numbers may be json.Number or float64.
func CategoriesOf(values []any) (Categories, error) {
	c := Categories{Kind: table.Bool, Values: make([]string, len(values))}
	if len(values) > bins.MostCategory+1 {
		return c, fmt.Errorf("it has %d categories: at most %d are held", len(values), bins.MostCategory+1)
	}
	kind := func(k table.Kind, at int) table.Kind {
		if at == 0 || c.Kind == k {
			return k
		}
		return table.String
	}
	seen := map[string]bool{}
	for i, v := range values {
		text := fmt.Sprint(v)
		number, err := strconv.ParseFloat(text, 64)
		_, is := v.(string)
		switch _, bool := v.(bool); {
		case is:
			c.Kind = table.String
		case bool:
			c.Kind = kind(table.Bool, i)
		case err != nil || number-number != 0:
			return c, fmt.Errorf("category %d is a %T: want a text, a number or a bool", i, v)
		case number == math.Trunc(number) && math.Abs(number) < 1<<53 && (i == 0 || c.Kind == table.Int64):
			c.Kind, text = table.Int64, strconv.FormatInt(int64(number), 10)
		default:
			if c.Kind == table.Int64 {
				c.Kind = table.Float64
			}
			c.Kind, text = kind(table.Float64, i), table.FormatFloat(number)
		}
		if !IsText(text) || seen[text] {
			return c, fmt.Errorf("category %d, %.40q, is too long, there twice or no UTF-8", i, text)
		}
		seen[text], c.Values[i] = true, text
	}
	if len(values) == 0 {
		c.Kind = table.String
	}
	return c, nil
}

// Rounds are the trees in turns, one an output, with what the margins begin with
// in the leaves of the first: formats number trees so. Trees that add to several
// outputs are no trees of a format.
func Rounds(e *ensemble.Ensemble) ([]*ensemble.Tree, error) {
	of := make([][]*ensemble.Tree, len(e.Base))
	rounds := 1
	for i := range e.Trees {
		t := &e.Trees[i]
		if t.Output < 0 && len(e.Base) == 1 {
			t.Output = 0
		}
		if t.Output < 0 {
			return nil, fmt.Errorf("tree %d has a value for each of %d outputs: export it as onnx", i, len(e.Base))
		}
		of[t.Output] = append(of[t.Output], t)
		rounds = max(rounds, len(of[t.Output]))
	}
	out := make([]*ensemble.Tree, 0, rounds*len(of))
	for i := range rounds {
		for k := range of {
			if i >= len(of[k]) {
				empty := EmptyTree(k, 0)
				of[k] = append(of[k], &empty)
			}
			t := of[k][i]
			for n, f := range t.Feature {
				if i == 0 && f < 0 {
					t.Value[n] += e.Base[k]
				}
			}
			out = append(out, t)
		}
	}
	return out, nil
}
