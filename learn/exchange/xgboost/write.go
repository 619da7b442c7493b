package xgboost

import (
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/model"
)

// Write writes a model as XGBoost's file, JSON or UBJ, whose columns are the raw
// ones of the model; notes say what the file's user has to know. It is an error
// where a file of trees cannot hold the model. Values are float32 there: a number
// that lies closer to a threshold than float32 tells goes either way.
func Write(m *model.Model, ubj bool) (file []byte, notes []string, err error) {
	b, notes, err := exchange.Trees(m, "XGBoost")
	var doc map[string]any
	if err == nil {
		doc, err = document(b)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the model as a file of XGBoost: %w", err)
	}
	if ubj {
		return appendUBJ(nil, doc), notes, nil
	}
	if file, err = json.Marshal(doc); err != nil {
		return nil, nil, fmt.Errorf("the model as a file of XGBoost: %w", err)
	}
	return append(file, '\n'), notes, nil
}

// MarshalJSON writes numbers: []uint8 would be a text.
func (b bytes8) MarshalJSON() ([]byte, error) {
	out := make([]int, len(b))
	for i, v := range b {
		out[i] = int(v)
	}
	return json.Marshal(out)
}

// MarshalJSON writes numbers that XGBoost does not take for integers.
func (f floats) MarshalJSON() ([]byte, error) {
	out := []byte{'['}
	for i, v := range f {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendFloat(out, float64(v), 'E', -1, 32)
	}
	return append(out, ']'), nil
}

func document(b *exchange.Booster) (map[string]any, error) {
	e := b.Ensemble
	for _, name := range e.Features {
		if strings.ContainsAny(name, "[]<") {
			return nil, fmt.Errorf("the column %q has a [, ] or < in its name, which XGBoost refuses: rename it before training", name)
		}
	}
	trees, err := exchange.Rounds(e) // the margins begin in the leaves, and base_score is neutral
	if err != nil {
		return nil, err
	}
	objective, base, classes := map[string]any{"name": "reg:squarederror", "reg_loss_param": map[string]any{"scale_pos_weight": "1"}}, "0E0", 0
	switch e.Link {
	case ensemble.Logistic:
		objective["name"], base = "binary:logistic", "5E-1"
	case ensemble.Softmax:
		classes = len(e.Base)
		objective = map[string]any{"name": "multi:softprob", "softmax_multiclass_param": map[string]any{"num_class": strconv.Itoa(classes)}}
	case ensemble.Log:
		objective, base = map[string]any{"name": "count:poisson", "poisson_regression_param": map[string]any{"max_delta_step": "0.7"}}, "1E0"
	}
	var names, kinds, list, info []any
	onCategories := b.OnCategories()
	for j, name := range e.Features {
		kind := "float"
		if b.Numbered[j].Values != nil || onCategories[j] {
			kind = "c"
		}
		names, kinds = append(names, name), append(kinds, kind)
	}
	turns := []any{0}
	for i, t := range trees {
		list, info = append(list, writeTree(i, t, len(e.Features))), append(info, t.Output)
		if (i+1)%len(e.Base) == 0 {
			turns = append(turns, i+1)
		}
	}
	count := strconv.Itoa
	return map[string]any{
		"version": []any{3, 0, 0},
		"learner": map[string]any{
			"attributes": map[string]any{}, "feature_names": names, "feature_types": kinds, "objective": objective,
			"learner_model_param": map[string]any{"base_score": base, "boost_from_average": "0", "num_class": count(classes),
				"num_feature": count(len(e.Features)), "num_target": "1"},
			"gradient_booster": map[string]any{"name": "gbtree", "model": map[string]any{
				"gbtree_model_param": map[string]any{"num_parallel_tree": "1", "num_trees": count(len(trees))},
				"iteration_indptr":   turns, "tree_info": info, "trees": list, "cats": cats(b),
			}},
		},
	}, nil
}

// cats are the categories of a data frame's columns, as version 3.1 has them;
// earlier ones take the categories' numbers. It is empty where there are none.
func cats(b *exchange.Booster) map[string]any {
	enc, segments, order := []any{}, ints{0}, ints{}
	named := slices.ContainsFunc(b.Numbered, func(c exchange.Categories) bool { return c.Values != nil })
	for _, c := range b.Numbered {
		values, offsets := chars{}, ints{}
		if c.Values != nil {
			offsets = ints{0}
		}
		for k, text := range c.Values {
			order = append(order, int32(k))
			for _, c := range []byte(text) {
				values = append(values, int8(c))
			}
			offsets = append(offsets, int32(len(values)))
		}
		if named {
			segments = append(segments, segments[len(segments)-1]+int32(len(c.Values)))
			enc = append(enc, map[string]any{"offsets": offsets, "values": values})
		}
	}
	if !named {
		return map[string]any{"enc": []any{}, "feature_segments": ints{}, "sorted_idx": ints{}}
	}
	return map[string]any{"enc": enc, "feature_segments": segments, "sorted_idx": order}
}

func writeTree(i int, t *ensemble.Tree, features int) map[string]any {
	n := len(t.Feature)
	left, right, parents, feature := make(ints, n), make(ints, n), make(ints, n), make(ints, n)
	condition, cover := make(floats, n), make(floats, n)
	defaultLeft, kinds := make(bytes8, n), make(bytes8, n)
	nodes, segments, sizes, members := ints{}, longs{}, longs{}, ints{}
	parents[0] = math.MaxInt32
	for k, f := range t.Feature {
		cover[k] = float32(t.Cover[k])
		if f < 0 {
			left[k], right[k], condition[k] = -1, -1, float32(t.Value[k])
			continue
		}
		l, r, missingLeft := t.Left[k], t.Right[k], t.MissingLeft[k]
		feature[k] = f
		if t.Categories != nil && t.Categories[k] != nil { // the set goes right there
			l, r, missingLeft, kinds[k] = r, l, !missingLeft, 1
			nodes, segments = append(nodes, int32(k)), append(segments, int64(len(members)))
			for w, word := range t.Categories[k] {
				for ; word != 0; word &= word - 1 {
					members = append(members, int32(64*w+bits.TrailingZeros64(word)))
				}
			}
			sizes = append(sizes, int64(len(members))-segments[len(segments)-1])
		} else {
			condition[k] = min(above(t.Threshold[k]), math.MaxFloat32)
		}
		left[k], right[k], parents[l], parents[r] = l, r, int32(k), int32(k)
		if missingLeft {
			defaultLeft[k] = 1
		}
	}
	return map[string]any{
		"id": i, "left_children": left, "right_children": right, "parents": parents, "split_indices": feature, "split_conditions": condition,
		"split_type": kinds, "default_left": defaultLeft, "sum_hessian": cover, "loss_changes": make(floats, n), "base_weights": make(floats, n),
		"categories": members, "categories_nodes": nodes, "categories_segments": segments, "categories_sizes": sizes,
		"tree_param": map[string]any{"num_deleted": "0", "num_feature": strconv.Itoa(features), "num_nodes": strconv.Itoa(n), "size_leaf_vector": "1"},
	}
}
