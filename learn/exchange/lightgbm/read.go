// Package lightgbm reads and writes the text files of LightGBM
// (https://github.com/microsoft/LightGBM, src/io/gbdt_model_text.cpp and
// src/io/tree.cpp; versions 2 to 4 of the format).
package lightgbm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/model"
)

// Is reports whether a file looks like one of LightGBM.
func Is(file []byte) bool {
	return bytes.HasPrefix(file, []byte("tree\n")) || bytes.HasPrefix(file, []byte("tree\r\n"))
}

// Read reads a model: all of its trees, as LightGBM's predict uses those that a
// file has. It is an error where it predicts by what we have not: linear trees, a
// sigmoid a class, zero as a missing value.
func Read(file []byte, o *exchange.Options) (*model.Model, error) {
	b, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("LightGBM model: %w", err)
	}
	m, err := b.Model(o)
	if err != nil {
		return nil, fmt.Errorf("LightGBM model: %w", err)
	}
	return m, nil
}

func read(file []byte) (*exchange.Booster, error) {
	switch {
	case len(file) > exchange.MaxBytes:
		return nil, fmt.Errorf("it has %d bytes: at most %d are read", len(file), exchange.MaxBytes)
	case !Is(file):
		return nil, fmt.Errorf("its first line is %.40q, not \"tree\": give what save_model or LGBMModel.booster_.save_model wrote", firstLine(file))
	}
	head, trees, rest, err := blocks(string(file))
	if err != nil {
		return nil, err
	}
	b := &exchange.Booster{Ensemble: &ensemble.Ensemble{}}
	h, err := readHead(fieldsOf(head), b)
	if err != nil {
		return nil, fmt.Errorf("its head: %w", err)
	}
	e := b.Ensemble
	categorical := make([]bool, len(e.Features))
	for i, block := range trees {
		t, err := readTree(fieldsOf(block), e.Features, b.Gain, categorical)
		if err != nil {
			return nil, fmt.Errorf("tree %d: %w", i, err)
		}
		t.Output = i % len(e.Base)
		h.scale(t, (len(trees)+len(e.Base)-1)/len(e.Base))
		e.Trees = append(e.Trees, *t)
	}
	for k, is := range h.categorical {
		categorical[k] = categorical[k] || is
	}
	b.Numbered, err = pandas(rest, categorical)
	return b, err
}

func firstLine(file []byte) []byte { line, _, _ := bytes.Cut(file, []byte("\n")); return line }

// fields are the lines key=value of a block; one without a value has the value "".
type fields map[string]string

func fieldsOf(block string) fields {
	f := fields{}
	for line := range strings.Lines(block) {
		if key, value, _ := strings.Cut(strings.TrimSpace(line), "="); key != "" {
			f[key] = value
		}
	}
	return f
}

// blocks parts a file into its head, its trees and what follows them.
func blocks(text string) (head string, trees []string, rest string, err error) {
	body, rest, ended := strings.Cut(text, "\nend of trees")
	if !ended { // as older versions end them
		body, rest, ended = strings.Cut(text, "\nfeature importances:")
	}
	if !ended {
		return "", nil, "", fmt.Errorf("it has no line \"end of trees\": the file is cut short: copy it again, or save the model again")
	}
	from, at := 0, 0
	for line := range strings.Lines(body) {
		if key, _, _ := strings.Cut(strings.TrimSpace(line), "="); key == "Tree" {
			if trees = append(trees, body[from:at]); len(trees) > exchange.MaxTrees {
				return "", nil, "", fmt.Errorf("it has more trees than %d: at most %d are read", exchange.MaxTrees, exchange.MaxTrees)
			}
			from = at
		}
		at += len(line)
	}
	trees = append(trees, body[from:])
	return trees[0], trees[1:], rest, nil
}

// head is what of the first block concerns every tree.
type head struct {
	sigmoid     float64 // margins are multiplied by it
	mean        bool    // the trees are averaged
	categorical []bool
}

// scale makes a tree's values add up to the margins.
func (h *head) scale(t *ensemble.Tree, rounds int) {
	by := h.sigmoid
	if h.mean {
		by /= float64(rounds)
	}
	for k := range t.Value {
		t.Value[k] *= by
	}
}

func readHead(f fields, b *exchange.Booster) (*head, error) {
	e, h := b.Ensemble, &head{sigmoid: 1}
	switch v := f["version"]; v {
	case "v2", "v3", "v4":
	default:
		return nil, fmt.Errorf("version is %.20q: v2, v3 and v4 are read", v)
	}
	e.Features = strings.Fields(f["feature_names"])
	last, err := strconv.Atoi(f["max_feature_idx"])
	if err != nil || last != len(e.Features)-1 || len(e.Features) > exchange.MaxFeatures {
		return nil, fmt.Errorf("max_feature_idx is %.20q and there are %d feature_names: want 1 less than their number, at most %d", f["max_feature_idx"], len(e.Features), exchange.MaxFeatures)
	}
	b.Gain = make([]float64, len(e.Features))
	per, err := strconv.Atoi(f["num_tree_per_iteration"])
	if err != nil || per < 1 || per > exchange.MaxClasses {
		return nil, fmt.Errorf("num_tree_per_iteration is %.20q: want 1 to %d", f["num_tree_per_iteration"], exchange.MaxClasses)
	}
	e.Base = make([]float64, per)
	_, h.mean = f["average_output"]
	h.categorical = make([]bool, len(e.Features))
	for k, info := range strings.Fields(f["feature_infos"]) {
		if k < len(h.categorical) { // a range is in brackets, and none is unused
			h.categorical[k] = info != "none" && !strings.HasPrefix(info, "[")
		}
	}
	return h, h.objective(strings.Fields(f["objective"]), e, per)
}

// objective finds how margins become predictions (src/objective/*.hpp, ConvertOutput).
func (h *head) objective(words []string, e *ensemble.Ensemble, per int) error {
	name := "custom" // a file has none of a function of the user's: predict gives the margins
	if len(words) > 0 {
		name = words[0]
	}
	params := map[string]string{}
	for _, w := range words[min(1, len(words)):] {
		key, value, _ := strings.Cut(w, ":")
		params[key] = value
	}
	if _, is := params["sqrt"]; is {
		return fmt.Errorf("objective=%s: predictions are squares of margins (reg_sqrt), which a model here has not: train on the target itself", strings.Join(words, " "))
	}
	want := 1
	switch name {
	case "regression", "regression_l2", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg", "custom":
		e.Link = ensemble.Identity
	case "poisson", "gamma", "tweedie":
		e.Link = ensemble.Log
	case "binary":
		e.Link = ensemble.Logistic
		if s, ok := params["sigmoid"]; ok {
			var err error
			if h.sigmoid, err = strconv.ParseFloat(s, 64); err != nil || !(h.sigmoid > 0 && h.sigmoid < 1e6) {
				return fmt.Errorf("objective=binary has the sigmoid %.20q: want a number above 0", s)
			}
		}
	case "multiclass":
		e.Link, want = ensemble.Softmax, max(per, 2)
	case "multiclassova":
		return fmt.Errorf("objective=multiclassova: its classes' probabilities do not sum to 1, as those of a model here do: train with objective=multiclass")
	default:
		return fmt.Errorf("objective=%.40s is not read: of regressions, binary, multiclass, poisson, gamma, tweedie and rankings are", name)
	}
	if per != want && name == "custom" {
		return fmt.Errorf("its objective is a function of the user's, with num_tree_per_iteration=%d: what its outputs mean is not in the file; train with objective=multiclass", per)
	}
	if per != want {
		return fmt.Errorf("objective=%s has num_tree_per_iteration=%d", name, per)
	}
	return nil
}

// pandas reads the categories that the columns of a data frame had, which number
// the categorical features in their order.
func pandas(rest string, categorical []bool) ([]exchange.Categories, error) {
	_, line, ok := strings.Cut(rest, "\npandas_categorical:")
	if !ok {
		return nil, nil
	}
	line, _, _ = strings.Cut(line, "\n")
	var lists [][]any
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&lists); err != nil {
		return nil, fmt.Errorf("pandas_categorical is no list of lists: %w", err)
	}
	if len(lists) == 0 {
		return nil, nil
	}
	out := make([]exchange.Categories, len(categorical))
	for j, is := range categorical {
		if !is {
			continue
		}
		if len(lists) == 0 {
			return nil, fmt.Errorf("pandas_categorical has fewer lists than the model has categorical features")
		}
		var err error
		if out[j], err = exchange.CategoriesOf(lists[0]); err != nil {
			return nil, fmt.Errorf("pandas_categorical, feature %d: %w", j, err)
		}
		lists = lists[1:]
	}
	if len(lists) > 0 { // a column without any split is of no kind in the file
		return nil, fmt.Errorf("pandas_categorical has %d lists more than the model has categorical features: train without the columns that it never uses", len(lists))
	}
	return out, nil
}
