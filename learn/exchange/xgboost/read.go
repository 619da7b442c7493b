// Package xgboost reads and writes the model files of XGBoost, JSON and UBJ
// (https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html and
// doc/model.schema of its repository; versions 1.3 to 3).
//
// XGBoost compares numbers as float32, by <; models here compare float64 by <=.
// For each threshold there is one of the other kind that parts the same rows,
// also those at the threshold, and reading and writing take it.
package xgboost

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/portable"
)

// Is reports whether a file looks like one of XGBoost.
func Is(file []byte) bool {
	return isUBJ(file) || bytes.HasPrefix(bytes.TrimLeft(file[:min(len(file), 1<<10)], " \t\r\n"), []byte("{")) && bytes.Contains(file, []byte(`"learner"`))
}

// Read reads a model: all of its trees, as Booster.predict takes them where it is
// given no iteration_range. It is an error where it predicts by what we have not:
// a linear booster, several targets, a hinge.
func Read(file []byte, o *exchange.Options) (*model.Model, error) {
	b, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("XGBoost model: %w", err)
	}
	m, err := b.Model(o)
	if err != nil {
		return nil, fmt.Errorf("XGBoost model: %w", err)
	}
	return m, nil
}

func read(file []byte) (*exchange.Booster, error) {
	if len(file) > exchange.MaxBytes {
		return nil, fmt.Errorf("it has %d bytes: at most %d are read", len(file), exchange.MaxBytes)
	}
	parse := parseJSON
	if isUBJ(file) {
		parse = parseUBJ
	} else if bytes.HasPrefix(file, []byte("binf")) || bytes.HasPrefix(file, []byte("bs64")) {
		return nil, fmt.Errorf("it is of the binary format that XGBoost has given up: load it there, and save it as model.json")
	}
	value, err := parse(file)
	if err != nil {
		return nil, err
	}
	learner := place{value, "document", &err}.at("learner")
	learner.path = "learner"
	b := readLearner(learner)
	return b, err
}

// readLearner reads all of a model. What it gives is of use where nothing failed.
func readLearner(learner place) *exchange.Booster {
	booster := learner.at("gradient_booster")
	var weights []float64 // of trees, of which dart drops some while it trains
	switch name := booster.at("name").text(); name {
	case "gbtree":
	case "dart":
		weights = booster.at("weight_drop").numbers(-1)
		booster = booster.at("gbtree")
	default:
		booster.at("name").fail("is %.40q: gbtree and dart are read; train with one of them", name)
	}
	params := learner.at("learner_model_param")
	features, classes := params.at("num_feature").count(exchange.MaxFeatures), params.at("num_class").count(exchange.MaxClasses)
	if params.has("num_target") {
		if n := params.at("num_target").count(exchange.MaxClasses); n > 1 {
			params.at("num_target").fail("is %d: a model here predicts one target; train one model a target", n)
		}
	}
	e := &ensemble.Ensemble{}
	b := &exchange.Booster{Ensemble: e, Gain: make([]float64, features)}
	e.Features = names(learner, features)
	e.Link, e.Base = link(learner.at("objective", "name"), params.at("base_score"), classes)
	trees := booster.at("model")
	list, info := trees.at("trees").list(), trees.at("tree_info").whole(-1)
	if len(list) != len(info) || len(list) > exchange.MaxTrees {
		trees.fail("has %d trees and %d of tree_info: want as many, and at most %d", len(list), len(info), exchange.MaxTrees)
	}
	var sets exchange.Sets
	for i, p := range list {
		if *learner.err != nil {
			return nil
		}
		t := readTree(p, b.Gain, &sets)
		if *learner.err != nil {
			return nil
		}
		t.Output = int(info[i])
		if weights != nil {
			if len(weights) != len(list) || math.IsNaN(weights[i]) || math.IsInf(weights[i], 0) {
				trees.fail("has %d trees, and weight_drop %d weights: want as many numbers", len(list), len(weights))
				return nil
			}
			for k := range t.Value {
				t.Value[k] *= float64(float32(weights[i]))
			}
		}
		e.Trees = append(e.Trees, *t)
	}
	if trees.has("cats") {
		b.Numbered = categories(trees.at("cats"), features)
	}
	return b
}

// mostUnnamed bounds the features of which a file has nothing but their number.
const mostUnnamed = 1 << 18

// names are those of the features: f0, f1, ... where the file has none, as XGBoost
// calls them.
func names(learner place, features int) []string {
	var out []string
	if learner.has("feature_names") {
		for _, p := range learner.at("feature_names").list() {
			out = append(out, p.text())
		}
	}
	if len(out) == 0 && features > mostUnnamed {
		learner.fail("has no feature_names, and num_feature is %d: at most %d features are read without names; name them, as by booster.feature_names = [...], and save it again", features, mostUnnamed)
		return nil
	}
	if len(out) == 0 {
		for j := range features {
			out = append(out, "f"+strconv.Itoa(j))
		}
	}
	if len(out) != features {
		learner.at("feature_names").fail("has %d names for %d features", len(out), features)
	}
	return out
}

// link finds how margins become predictions, and what they begin with: base_score
// is a prediction, not a margin (src/objective, PredTransform and ProbToMargin).
func link(objective, score place, classes int) (ensemble.Link, []float64) {
	same := func(p float64) float64 { return p }
	logit := func(p float64) float64 { return -portable.Log(1/p - 1) }
	outputs, out, to := 1, ensemble.Identity, same
	switch name := objective.text(); name {
	case "reg:squarederror", "reg:linear", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror", "reg:expectileerror",
		"reg:squaredlogerror", "rank:pairwise", "rank:ndcg", "rank:map":
	case "binary:logistic":
		out, to = ensemble.Logistic, logit
	case "count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft":
		out, to = ensemble.Log, portable.Log
	case "multi:softprob", "multi:softmax":
		out, outputs = ensemble.Softmax, classes
		if classes < 2 {
			objective.fail("is %s, of %d classes: want 2 or more", name, classes)
		}
	case "binary:logitraw":
		objective.fail("is binary:logitraw, whose base_score versions of XGBoost take for a probability or for a margin: train with binary:logistic, and take output_margin there")
	case "reg:logistic":
		objective.fail("is reg:logistic: its value is from 0 to 1 and no class; where the target is 0 or 1, train with binary:logistic")
	default:
		objective.fail("is %.60q: binary:logistic, multi:softprob, multi:softmax, count:poisson, reg:gamma, reg:tweedie, the regressions and the rankings are read", name)
	}
	base := baseScore(score)
	for len(base) == 1 && outputs > 1 {
		base = slices.Repeat(base, outputs)
	}
	if len(base) != outputs {
		score.fail("has %d values for %d outputs", len(base), outputs)
	}
	for k, p := range base {
		base[k] = float64(float32(to(p)))
		if math.IsNaN(base[k]) || math.IsInf(base[k], 0) {
			score.fail("is %v, which is no prediction of %v", p, objective.value)
		}
	}
	return out, base
}

// baseScore is a text: a number or, since version 3.1, a list of them.
func baseScore(score place) []float64 {
	text := strings.Trim(score.text(), "[]")
	var out []float64
	for part := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 32)
		if err != nil || len(out) > exchange.MaxClasses {
			score.fail("is %.60q: want a number, or a list of them", text)
			return nil
		}
		out = append(out, v)
	}
	return out
}

// categories are the values of the features that were categories of a data frame
// (since version 3.1; the files of earlier ones have their numbers alone).
func categories(cats place, features int) []exchange.Categories {
	list := cats.at("enc").list()
	if len(list) == 0 {
		return nil
	}
	if len(list) != features {
		cats.fail("has the categories of %d features, want %d", len(list), features)
		return nil
	}
	out := make([]exchange.Categories, features)
	for j, enc := range list {
		values := enc.at("values").numbers(-1)
		if len(values) == 0 {
			continue
		}
		of := make([]any, 0, len(values))
		if !enc.has("offsets") {
			for _, v := range values {
				of = append(of, json.Number(strconv.FormatFloat(v, 'g', -1, 64)))
			}
		} else {
			text := make([]byte, len(values))
			for i, v := range values {
				if !(v >= math.MinInt8 && v <= math.MaxUint8) || v != math.Trunc(v) {
					enc.fail("has %v at %d of values: want a byte", v, i)
					return nil
				}
				text[i] = byte(int(v))
			}
			offsets := enc.at("offsets").whole(-1)
			for i := 1; i < len(offsets); i++ {
				from, to := offsets[i-1], offsets[i]
				if from < 0 || to < from || int(to) > len(text) {
					enc.fail("has a category from byte %d to %d of %d", from, to, len(text))
					return nil
				}
				of = append(of, string(text[from:to]))
			}
		}
		c, err := exchange.CategoriesOf(of)
		if err != nil {
			enc.fail("%v", err)
		}
		out[j] = c
	}
	return out
}
