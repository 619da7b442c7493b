package lightgbm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/model"
)

// Write writes a model as LightGBM's own text file, whose columns are the raw
// ones of the model; notes say what the file's user has to know. It is an error
// where a file of trees cannot hold the model.
func Write(m *model.Model) (file []byte, notes []string, err error) {
	b, notes, err := exchange.Trees(m, "LightGBM")
	if err == nil {
		file, err = write(b)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the model as a file of LightGBM: %w", err)
	}
	return file, notes, nil
}

func write(b *exchange.Booster) ([]byte, error) {
	e := b.Ensemble
	for _, name := range e.Features {
		if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`",:[]{}`, r) }) {
			return nil, fmt.Errorf("the column %q has a character in its name that LightGBM refuses: rename it to letters, digits and _ before training", name)
		}
	}
	objective, classes := "regression", 1
	switch e.Link {
	case ensemble.Logistic:
		objective = "binary sigmoid:1"
	case ensemble.Softmax:
		objective, classes = fmt.Sprintf("multiclass num_class:%d", len(e.Base)), len(e.Base)
	case ensemble.Log:
		objective = "poisson"
	}
	trees, err := exchange.Rounds(e)
	if err != nil {
		return nil, err
	}
	infos, lists := features(b)
	var body bytes.Buffer
	var sizes []string
	for i, t := range trees {
		from := body.Len()
		if err := writeTree(&body, i, t, e.Features); err != nil {
			return nil, fmt.Errorf("tree %d: %w", i, err)
		}
		sizes = append(sizes, strconv.Itoa(body.Len()-from))
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "tree\nversion=v4\nnum_class=%d\nnum_tree_per_iteration=%d\nlabel_index=0\nmax_feature_idx=%d\nobjective=%s\nfeature_names=%s\nfeature_infos=%s\ntree_sizes=%s\n\n",
		classes, len(e.Base), len(e.Features)-1, objective, strings.Join(e.Features, " "), strings.Join(infos, " "), strings.Join(sizes, " "))
	out.Write(body.Bytes())
	categories, err := json.Marshal(lists)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&out, "end of trees\n\nfeature_importances:\n\nparameters:\n[boosting: gbdt]\n[objective: %s]\nend of parameters\n\npandas_categorical:%s\n", strings.Fields(objective)[0], categories)
	return out.Bytes(), nil
}

// features describes the columns: the numbers of categories, and what they are.
func features(b *exchange.Booster) (infos []string, lists [][]string) {
	lists = [][]string{}
	for j, split := range b.OnCategories() {
		if b.Numbered == nil || b.Numbered[j].Values == nil {
			if split {
				infos = append(infos, "0:1") // categories that are numbers already
			} else {
				infos = append(infos, "[-1e+300:1e+300]")
			}
			continue
		}
		var codes []string
		for k := range b.Numbered[j].Values {
			codes = append(codes, strconv.Itoa(k))
		}
		infos, lists = append(infos, "-1:"+strings.Join(codes, ":")), append(lists, b.Numbered[j].Values)
	}
	return infos, lists
}

// writeTree writes a tree: splits and leaves are numbered each by themselves.
func writeTree(out *bytes.Buffer, i int, t *ensemble.Tree, names []string) error {
	number := make([]int, len(t.Feature)) // of a leaf -1, -2, ...
	var splits, leaves []int
	for k, f := range t.Feature {
		if f < 0 {
			leaves = append(leaves, k)
			number[k] = -len(leaves)
		} else {
			number[k] = len(splits)
			splits = append(splits, k)
		}
	}
	var words []uint32
	boundaries, known := []int{0}, map[*uint64]int{} // splits may share a set
	threshold, decision := make([]string, len(splits)), make([]int, len(splits))
	for s, k := range splits {
		if t.Categories == nil || t.Categories[k] == nil {
			threshold[s], decision[s] = text(t.Threshold[k]), missingNaN<<missingShift
			if math.IsInf(t.Threshold[k], 1) {
				threshold[s] = text(math.MaxFloat64)
			}
			if t.MissingLeft[k] {
				decision[s] |= defaultLeftBit
			}
			continue
		}
		if t.MissingLeft[k] {
			return fmt.Errorf("its split on the categories of %s sends missing values where some categories go, and LightGBM sends them where none of the set goes: export it as xgboost or onnx", names[t.Feature[k]])
		}
		set := t.Categories[k]
		at, ok := known[&set[0]]
		if !ok {
			at = len(boundaries) - 1
			known[&set[0]] = at
			for _, w := range set {
				words = append(words, uint32(w), uint32(w>>32))
			}
			boundaries = append(boundaries, len(words))
		}
		threshold[s], decision[s] = strconv.Itoa(at), categoryBit|missingNaN<<missingShift
	}
	line := func(name, values string) { fmt.Fprintf(out, "%s=%s\n", name, values) }
	of := func(nodes []int, what func(k int) string) string {
		var parts []string
		for _, k := range nodes {
			parts = append(parts, what(k))
		}
		return strings.Join(parts, " ")
	}
	count := func(k int) string { return strconv.FormatFloat(math.Round(t.Cover[k]), 'f', -1, 64) }
	zero := func(int) string { return "0" }
	line("Tree", strconv.Itoa(i))
	line("num_leaves", strconv.Itoa(len(leaves)))
	line("num_cat", strconv.Itoa(len(boundaries)-1))
	line("split_feature", of(splits, func(k int) string { return strconv.Itoa(int(t.Feature[k])) }))
	line("split_gain", of(splits, zero))
	line("threshold", strings.Join(threshold, " "))
	line("decision_type", strings.Trim(fmt.Sprint(decision), "[]"))
	line("left_child", of(splits, func(k int) string { return strconv.Itoa(number[t.Left[k]]) }))
	line("right_child", of(splits, func(k int) string { return strconv.Itoa(number[t.Right[k]]) }))
	line("leaf_value", of(leaves, func(k int) string { return text(t.Value[k]) }))
	line("leaf_weight", of(leaves, count))
	line("leaf_count", of(leaves, count))
	line("internal_value", of(splits, zero))
	line("internal_weight", of(splits, count))
	line("internal_count", of(splits, count))
	if len(words) > 0 {
		line("cat_boundaries", strings.Trim(fmt.Sprint(boundaries), "[]"))
		line("cat_threshold", strings.Trim(fmt.Sprint(words), "[]"))
	}
	line("is_linear", "0")
	line("shrinkage", "1")
	out.WriteString("\n\n")
	return nil
}

func text(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
