package xgboost

import (
	"math"

	"github.com/runnel-dev/runnel/learn/bins"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/exchange"
)

// readTree reads a tree. Those that were pruned have nodes that nothing leads to.
// What it gives is of use where nothing failed. all counts the sets of all trees.
func readTree(p place, gain []float64, all *exchange.Sets) *ensemble.Tree {
	param := p.at("tree_param")
	n := param.at("num_nodes").count(exchange.MaxNodes)
	if param.has("size_leaf_vector") && param.at("size_leaf_vector").count(exchange.MaxClasses) > 1 {
		param.fail("size_leaf_vector is above 1: its leaves have a value for each output (multi_strategy=multi_output_tree), which is not read; train with one_output_per_tree")
	}
	left, right := p.at("left_children").whole(n), p.at("right_children").whole(n)
	feature, defaultLeft := p.at("split_indices").whole(n), p.at("default_left").numbers(n)
	condition, cover, changes := p.at("split_conditions").numbers(n), p.at("sum_hessian").numbers(n), p.at("loss_changes").numbers(n)
	if *p.err != nil { // as where the tree has fewer nodes than it says
		return nil
	}
	for _, values := range [][]float64{condition, cover, changes} {
		for i, v := range values {
			values[i] = float64(float32(v)) // as which JSON was written in decimals
		}
	}
	var sets [][]uint64
	if p.has("split_type") {
		if sets = readSets(p, n, all); *p.err != nil {
			return nil
		}
	}
	t := &ensemble.Tree{Feature: make([]int32, n), Threshold: make([]float64, n), MissingLeft: make([]bool, n),
		Left: left, Right: right, Cover: cover, Value: make([]float64, n), Categories: sets}
	for i := range n {
		if math.IsNaN(condition[i]) || math.IsNaN(cover[i]) || math.IsInf(cover[i], 0) {
			p.fail("has a split_condition of %v and a sum_hessian of %v at %d", condition[i], cover[i], i)
		}
		if left[i] < 0 {
			t.Feature[i], t.Value[i] = -1, condition[i]
			if math.IsInf(condition[i], 0) {
				p.fail("has a leaf of %v", condition[i])
			}
			continue
		}
		if feature[i] < 0 || int(feature[i]) >= len(gain) {
			p.fail("has split_indices %d at %d, of %d features", feature[i], i, len(gain))
			return t
		}
		t.Feature[i], t.MissingLeft[i] = feature[i], defaultLeft[i] != 0
		if changes[i] > 0 {
			gain[feature[i]] += changes[i]
		}
		if sets != nil && sets[i] != nil { // the set goes right there, and left here
			t.Left[i], t.Right[i], t.MissingLeft[i] = right[i], left[i], !t.MissingLeft[i]
			continue
		}
		if math.IsInf(condition[i], 0) {
			p.fail("has a split_condition of %v at %d", condition[i], i)
		}
		t.Threshold[i] = exchange.Below(float32(condition[i]))
	}
	return t
}

// readSets reads the categories of each split on categories, of which each has its
// own.
func readSets(p place, n int, all *exchange.Sets) [][]uint64 {
	kinds := p.at("split_type").numbers(n)
	nodes := p.at("categories_nodes").whole(-1)
	segments, sizes := p.at("categories_segments").whole(len(nodes)), p.at("categories_sizes").whole(len(nodes))
	members := p.at("categories").whole(-1)
	if *p.err != nil {
		return nil
	}
	var sets [][]uint64
	if len(nodes) > 0 {
		sets = make([][]uint64, n)
	}
	left := len(members)
	for k, node := range nodes {
		from, size := int(segments[k]), int(sizes[k])
		if node < 0 || int(node) >= n || kinds[node] != 1 || from < 0 || size < 0 || size > len(members)-from {
			p.fail("has the categories %d to %d of %d at node %d of %d", from, from+size, len(members), node, n)
			return nil
		}
		if left -= size; left < 0 || sets[node] != nil {
			p.fail("has sets of more than its %d categories, or two at node %d", len(members), node)
			return nil
		}
		words := 1
		for _, c := range members[from : from+size] {
			if c < 0 || c > bins.MostCategory {
				p.fail("splits on the category %d: the greatest that is held is %d", c, bins.MostCategory)
				return nil
			}
			words = max(words, int(c)/64+1)
		}
		if err := all.Add(words, size); err != nil {
			p.fail("is too much: %v", err)
			return nil
		}
		sets[node] = make([]uint64, words)
		for _, c := range members[from : from+size] {
			sets[node][c/64] |= 1 << (c % 64)
		}
	}
	for i, kind := range kinds {
		if kind == 1 && (sets == nil || sets[i] == nil) {
			p.fail("has a split on categories at %d without any", i)
		}
	}
	return sets
}

// above is the least float32 that is greater than t: x < above(t) where x <= t,
// for every float32 x.
func above(t float64) float32 {
	f := float32(t) + 0
	if float64(f) <= t {
		f = math.Nextafter32(f, float32(math.Inf(1)))
	}
	return f
}
