package onnx

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bins"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/exchange"
)

// nodes are the trees of a node, and where each of their nodes is.
type nodes struct {
	ensemble *ensemble.Ensemble
	tree     map[int64]int    // by tree id
	at       map[[2]int64]int // by tree and node id
	equal    map[int][]uint64 // sets of one category, which splits share
	sets     exchange.Sets
	weighs   [][]weight // of each tree
	weighed  int        // how many these are
}

// A weight is what a leaf adds to an output.
type weight struct {
	node, output int
	value        float64
}

// readTrees reads the nodes of trees, whose leaves have no values yet.
func (r *reader) readTrees(a attrs, features []feature) (*nodes, error) {
	n := &nodes{ensemble: &ensemble.Ensemble{}, tree: map[int64]int{}, at: map[[2]int64]int{}, equal: map[int][]uint64{}}
	for _, c := range features {
		n.ensemble.Features = append(n.ensemble.Features, c.name)
	}
	lists := map[string][]float64{}
	modes := a.texts("nodes_modes")
	for _, name := range []string{"treeids", "nodeids", "featureids", "truenodeids", "falsenodeids", "values", "missing_value_tracks_true"} {
		v, err := a.numbers("nodes_" + name)
		if err != nil {
			return nil, err
		}
		if v == nil && name == "missing_value_tracks_true" {
			v = make([]float64, len(modes))
		}
		if len(v) != len(modes) || len(v) == 0 || len(v) > exchange.MaxAll {
			return nil, fmt.Errorf("nodes_%s has %d values for %d nodes", name, len(v), len(modes))
		}
		lists[name] = v
	}
	single := a["nodes_values_as_tensor"] == nil
	for i := range modes {
		id := [2]int64{int64(lists["treeids"][i]), int64(lists["nodeids"][i])}
		k, known := n.tree[id[0]]
		if !known {
			if k = len(n.ensemble.Trees); k >= exchange.MaxTrees {
				return nil, fmt.Errorf("it has more than %d trees", exchange.MaxTrees)
			}
			n.tree[id[0]] = k
			n.ensemble.Trees = append(n.ensemble.Trees, ensemble.Tree{Output: -1})
		}
		if _, twice := n.at[id]; twice {
			return nil, fmt.Errorf("tree %d has the node %d twice", id[0], id[1])
		}
		t := &n.ensemble.Trees[k]
		n.at[id] = len(t.Feature)
		t.Feature, t.Threshold, t.MissingLeft = append(t.Feature, -1), append(t.Threshold, 0), append(t.MissingLeft, false)
		t.Left, t.Right, t.Cover = append(t.Left, 0), append(t.Right, 0), append(t.Cover, 0)
	}
	for i, mode := range modes {
		if mode == "LEAF" {
			continue
		}
		id := int64(lists["treeids"][i])
		t := &n.ensemble.Trees[n.tree[id]]
		k := n.at[[2]int64{id, int64(lists["nodeids"][i])}]
		yes, ok := n.at[[2]int64{id, int64(lists["truenodeids"][i])}]
		no, also := n.at[[2]int64{id, int64(lists["falsenodeids"][i])}]
		f, isThere := index(lists["featureids"][i], len(features))
		if !ok || !also || !isThere {
			return nil, fmt.Errorf("node %v of tree %d looks at feature %v of %d, and leads to the nodes %v and %v, of which one is not there",
				lists["nodeids"][i], id, lists["featureids"][i], len(features), lists["truenodeids"][i], lists["falsenodeids"][i])
		}
		t.Feature[k], t.Left[k], t.Right[k] = int32(f), int32(yes), int32(no)
		if err := n.split(t, k, mode, lists["values"][i], lists["missing_value_tracks_true"][i] != 0, single && r.single); err != nil {
			return nil, fmt.Errorf("node %v of tree %d: %w", lists["nodeids"][i], id, err)
		}
	}
	return n, nil
}

// split makes a split at most at a threshold of one of any mode. Numbers that are
// float32 for the graph are rounded before they are compared.
func (n *nodes) split(t *ensemble.Tree, k int, mode string, v float64, missing, single bool) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("its value is %v", v)
	}
	other := false // whether the other way is the one that the mode is about
	switch mode {
	case "BRANCH_LEQ", "BRANCH_GT":
		other = mode == "BRANCH_GT"
		if single {
			v = exchange.Below(math.Nextafter32(float32(v), float32(math.Inf(1))))
		}
	case "BRANCH_LT", "BRANCH_GTE":
		other = mode == "BRANCH_GTE"
		if single {
			v = exchange.Below(float32(v))
		} else {
			v = math.Nextafter(v, math.Inf(-1))
		}
	case "BRANCH_EQ", "BRANCH_NEQ":
		other = mode == "BRANCH_NEQ"
		if v != math.Trunc(v) || v < 0 || v > bins.MostCategory {
			return fmt.Errorf("it asks whether a number equals %v: whole numbers from 0 to %d are read", v, bins.MostCategory)
		}
		if t.Categories == nil {
			t.Categories = make([][]uint64, len(t.Feature))
		}
		set := n.equal[int(v)]
		if set == nil {
			if err := n.sets.Add(int(v)/64+1, 1); err != nil {
				return err
			}
			set = make([]uint64, int(v)/64+1)
			set[int(v)/64] = 1 << (int(v) % 64)
			n.equal[int(v)] = set
		}
		t.Categories[k] = set
	default:
		return fmt.Errorf("its mode is %.40s", mode)
	}
	if math.IsInf(v, 0) {
		v = math.Copysign(math.MaxFloat64, v)
	}
	t.Threshold[k], t.MissingLeft[k] = v, missing
	if other {
		t.Left[k], t.Right[k], t.MissingLeft[k] = t.Right[k], t.Left[k], !missing
	}
	return nil
}

// weights reads what leaves add to outputs.
func (n *nodes) weights(a attrs, kind string, outputs int) (used map[int]bool, positive bool, err error) {
	lists := map[string][]float64{}
	for _, name := range []string{"ids", "treeids", "nodeids", "weights"} {
		if lists[name], err = a.numbers(kind + "_" + name); err != nil {
			return nil, false, err
		}
	}
	ids, trees, leaves, weights := lists["ids"], lists["treeids"], lists["nodeids"], lists["weights"]
	if len(ids) != len(weights) || len(trees) != len(weights) || len(leaves) != len(weights) {
		return nil, false, fmt.Errorf("%s_ids, _treeids, _nodeids and _weights have %d, %d, %d and %d values", kind, len(ids), len(trees), len(leaves), len(weights))
	}
	if outputs < 1 || outputs > exchange.MaxClasses {
		return nil, false, fmt.Errorf("it has %d outputs: want 1 to %d", outputs, exchange.MaxClasses)
	}
	n.weighs, n.weighed = make([][]weight, len(n.ensemble.Trees)), len(weights)
	used, positive = map[int]bool{}, true
	for i, w := range weights {
		k, ok := n.at[[2]int64{int64(trees[i]), int64(leaves[i])}]
		output, isThere := index(ids[i], outputs)
		if !ok || !isThere || w-w != 0 {
			return nil, false, fmt.Errorf("a weight of %v is of output %v of %d, at node %v of tree %v", w, ids[i], outputs, leaves[i], trees[i])
		}
		t := n.tree[int64(trees[i])]
		n.weighs[t] = append(n.weighs[t], weight{k, output, w})
		used[output], positive = true, positive && w >= 0
	}
	return used, positive, nil
}

// free is how many numbers trees may have beside some for each weight of a leaf.
const free = 1 << 22

// shared gives each leaf a value for each of so many outputs.
func (n *nodes) shared(outputs int) error {
	if total := len(n.at); total > min(4*free+16*n.weighed, exchange.MaxAll)/outputs {
		return fmt.Errorf("its %d nodes would have %d values each, and %d are given", total, outputs, n.weighed)
	}
	for i := range n.ensemble.Trees {
		t := &n.ensemble.Trees[i]
		t.Value = make([]float64, len(t.Feature)*outputs)
		for _, w := range n.weighs[i] {
			t.Value[w.node*outputs+w.output] += w.value
		}
	}
	return nil
}

// margins makes each tree add to one output alone, several where it adds to more.
func (n *nodes) margins() error {
	var out []ensemble.Tree
	left := free + 2*len(n.at) + 4*n.weighed // nodes
	for i, t := range n.ensemble.Trees {
		values := map[int][]float64{}
		for _, w := range n.weighs[i] {
			if values[w.output] == nil {
				if left -= len(t.Feature); left < 0 {
					return fmt.Errorf("its trees add to so many outputs each that they would have many times their %d nodes", len(n.at))
				}
				values[w.output] = make([]float64, len(t.Feature))
			}
			values[w.output][w.node] += w.value
		}
		for _, k := range slices.Sorted(maps.Keys(values)) {
			if slices.ContainsFunc(values[k], func(v float64) bool { return v != 0 }) {
				one := t
				one.Output, one.Value = k, values[k]
				out = append(out, one)
			}
		}
	}
	n.ensemble.Trees = out
	return nil
}

// probabilities gives leaves the probability of each class; alone are weights of
// the second of two.
func (n *nodes) probabilities(classes int, alone bool) error {
	if err := n.shared(classes); err != nil {
		return err
	}
	trees := float64(len(n.ensemble.Trees))
	for i := range n.ensemble.Trees {
		t := &n.ensemble.Trees[i]
		for k := range t.Feature {
			v := t.Value[k*classes : (k+1)*classes]
			if alone {
				p := v[0] + v[1]
				v[0], v[1] = 1/trees-p, p
			}
			for c := range v {
				v[c] = max(0, v[c]*trees)
			}
		}
	}
	return nil
}

func (r *reader) treeRegressor(a attrs, features []feature) ([]*value, error) {
	n, err := r.readTrees(a, features)
	if err != nil {
		return nil, err
	}
	if targets, post := a.number("n_targets", 1), a.text("post_transform", "NONE"); targets != 1 || post != "NONE" {
		return nil, fmt.Errorf("n_targets is %v and post_transform %.40s: want 1 and NONE", targets, post)
	}
	if _, _, err := n.weights(a, "target", 1); err != nil {
		return nil, err
	}
	trees := float64(len(n.ensemble.Trees))
	if err := n.margins(); err != nil {
		return nil, err
	}
	switch how := a.text("aggregate_function", "SUM"); how {
	case "SUM":
	case "AVERAGE":
		for i := range n.ensemble.Trees {
			for k := range n.ensemble.Trees[i].Value {
				n.ensemble.Trees[i].Value[k] /= trees
			}
		}
	default:
		return nil, fmt.Errorf("aggregate_function is %.40s: SUM and AVERAGE are read", how)
	}
	e := n.ensemble
	e.Link = ensemble.Identity
	if e.Base, err = base(a, 1); err != nil {
		return nil, err
	}
	if features, err = resolve(e, features); err != nil {
		return nil, err
	}
	f := &fit{features: features, task: learn.Regression, outputs: 1, exp: func() { e.Link = ensemble.Log }}
	f.estimator = func() (learn.Model, error) { return (&exchange.Booster{Ensemble: e}).Estimator(learn.Regression) }
	return []*value{{fit: f}}, nil
}

// base are the base_values, 0 where there are none.
func base(a attrs, outputs int) ([]float64, error) {
	v, err := a.numbers("base_values")
	if err != nil {
		return nil, err
	}
	if v == nil {
		return make([]float64, outputs), nil
	}
	if len(v) != outputs {
		return nil, fmt.Errorf("base_values has %d values, want %d", len(v), outputs)
	}
	return v, exchange.Finite("base_values", v)
}

func (r *reader) treeClassifier(a attrs, features []feature) ([]*value, error) {
	n, err := r.readTrees(a, features)
	if err != nil {
		return nil, err
	}
	classes, err := r.classLabels(a, "classlabels_int64s")
	if err != nil {
		return nil, err
	}
	used, positive, err := n.weights(a, "class", classes)
	if err != nil {
		return nil, err
	}
	e, post := n.ensemble, a.text("post_transform", "NONE")
	alone := classes == 2 && len(used) == 1 // the score of the second class, whatever its number
	probabilities := post == "NONE" && (!alone || positive)
	switch {
	case post == "SOFTMAX" && !alone:
		e.Link = ensemble.Softmax
		if classes == 2 && a["base_values"] != nil {
			return nil, fmt.Errorf("base_values of two classes with a score each are read in different ways: leave them out")
		}
		e.Base, err = base(a, classes)
	case post == "LOGISTIC" && alone:
		e.Link = ensemble.Logistic
		e.Base, err = base(a, 1)
	case probabilities:
		e.Link, e.Base = ensemble.Identity, make([]float64, classes)
		if a["base_values"] != nil || a["base_values_as_tensor"] != nil {
			err = fmt.Errorf("it has base_values for probabilities")
		}
	default:
		err = fmt.Errorf("post_transform is %.40s for %d classes with %d scores: probabilities that sum to 1, SOFTMAX, and LOGISTIC of one score are read", post, classes, len(used))
	}
	if err != nil {
		return nil, err
	}
	if probabilities {
		err = n.probabilities(classes, alone)
	} else {
		for _, weighs := range n.weighs {
			for i := range weighs {
				if alone {
					weighs[i].output = 0
				}
			}
		}
		err = n.margins()
	}
	if err != nil {
		return nil, err
	}
	if features, err = resolve(e, features); err != nil {
		return nil, err
	}
	f := &fit{features: features, task: learn.Classification, outputs: classes, estimator: func() (learn.Model, error) {
		if probabilities {
			return exchange.Forest(e)
		}
		return (&exchange.Booster{Ensemble: e}).Estimator(learn.Classification)
	}}
	return []*value{{label: f}, {fit: f}}, nil
}
