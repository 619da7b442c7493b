package xgboost_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/xgboost"
	"github.com/runnel-dev/runnel/learn/model"
)

// document is a file of trees of a regression.
func document(t testing.TB, features int, trees ...map[string]any) []byte {
	t.Helper()
	file, err := json.Marshal(map[string]any{"version": []int{3, 0, 0}, "learner": map[string]any{
		"learner_model_param": map[string]any{"base_score": "0", "num_class": "0", "num_feature": strconv.Itoa(features)},
		"objective":           map[string]any{"name": "reg:squarederror"},
		"gradient_booster":    map[string]any{"name": "gbtree", "model": map[string]any{"trees": trees, "tree_info": make([]int, len(trees))}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// balanced is a tree of so many splits, each on categories: segment k of them
// begins at from(k).
func balanced(splits int, members []int, size int, from, node func(k int) int) map[string]any {
	n := 2*splits + 1
	left, right, kinds, zeros := make([]int, n), make([]int, n), make([]int, n), make([]int, n)
	nodes, segments, sizes := make([]int, splits), make([]int, splits), make([]int, splits)
	for i := range n {
		left[i], right[i] = -1, -1
		if i < splits {
			left[i], right[i], kinds[i] = 2*i+1, 2*i+2, 1
			nodes[i], segments[i], sizes[i] = node(i), from(i), size
		}
	}
	return map[string]any{"tree_param": map[string]any{"num_nodes": strconv.Itoa(n)}, "left_children": left, "right_children": right,
		"split_indices": zeros, "default_left": zeros, "split_conditions": zeros, "sum_hessian": zeros, "loss_changes": zeros,
		"split_type": kinds, "categories_nodes": nodes, "categories_segments": segments, "categories_sizes": sizes, "categories": members}
}

// Files that would take a multiple of their size, or of what a machine has.
func TestHostile(t *testing.T) {
	read := func(file []byte) (*model.Model, error) { return xgboost.Read(file, nil) }
	many, last := make([]int, 70_000), make([]int, 17_000)
	for k := range many {
		many[k] = k % 65_536
	}
	for k := range last {
		last[k] = 65_535
	}
	zero, same := func(int) int { return 0 }, func(k int) int { return k }
	empty := balanced(1, []int{1}, 1, same, same)
	empty["tree_param"] = map[string]any{"num_nodes": "4194304"}
	for _, c := range []struct {
		name, want string
		megabytes  uint64
		file       []byte
	}{
		{"sets that overlap", "sets of more than its 70000 categories", 400, document(t, 1, balanced(10_000, many, 50_000, zero, same))},
		{"sets of one node", "two at node 0", 400, document(t, 1, balanced(10_000, many, 1, zero, zero))},
		{"sets of a late category", "more than 16777216 words", 400, document(t, 1, balanced(17_000, last, 1, same, same))},
		{"fewer nodes than it says", "left_children has 3 values, want 4194304", 20, document(t, 1, empty)},
		{"many features of categories", "5000 of its features are of named categories", 60, named(t, 5000)},
		{"classes without trees", "of so unequal number", 20, classes(t, 16_384, 60)},
		{"features without names", "num_feature is 1048576: at most 262144", 20, document(t, 1<<20, balanced(1, []int{1}, 1, same, same))},
	} {
		t.Run(c.name, func(t *testing.T) { exchangetest.Hostile(t, c.file, read, c.want, c.megabytes) })
	}
}

// edited is a file after a change.
func edited(t testing.TB, file []byte, change func(learner, model map[string]any)) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(file, &doc); err != nil {
		t.Fatal(err)
	}
	learner := doc["learner"].(map[string]any)
	change(learner, learner["gradient_booster"].(map[string]any)["model"].(map[string]any))
	file, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// named is a file of so many features of a category each.
func named(t testing.TB, features int) []byte {
	same := func(k int) int { return k }
	return edited(t, document(t, features, balanced(1, []int{1}, 1, same, same)), func(_, model map[string]any) {
		var enc []any
		for range features {
			enc = append(enc, map[string]any{"values": []int{1}})
		}
		model["cats"] = map[string]any{"enc": enc}
	})
}

// classes is a file whose trees are all of the first of so many classes.
func classes(t testing.TB, classes, trees int) []byte {
	leaf := balanced(0, []int{}, 0, nil, nil)
	return edited(t, document(t, 1, slices.Repeat([]map[string]any{leaf}, trees)...), func(learner, _ map[string]any) {
		learner["objective"] = map[string]any{"name": "multi:softprob"}
		learner["learner_model_param"].(map[string]any)["num_class"] = strconv.Itoa(classes)
	})
}
