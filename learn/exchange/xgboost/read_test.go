package xgboost_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/xgboost"
)

// Models, and whether there is a file of UBJ, too.
var models = map[string]bool{"regression": true, "binary": true, "classes": true, "softmax2": false, "poisson": false,
	"gamma": false, "prior": false, "parallel": false, "categories": true, "onehot": false, "constant": false,
	"dart": true, "dart0": true, "dart3": false, "forest": false, "tweedie": false, "absolute": false, "quantile": false, "lossguide": false, "cox": false, "numbered": false}

// Models of XGBoost predict and are explained here as there.
func TestRead(t *testing.T) {
	for name, ubj := range models {
		t.Run(name, func(t *testing.T) {
			m, err := xgboost.Read(exchangetest.Read(t, name+".xgb.json"), nil)
			if err != nil {
				t.Fatal(err)
			}
			rows := exchangetest.Load(t, name+".xgb")
			rows.Predicts(t, m, 1e-5)
			if name != "softmax2" { // one margin here, two there
				rows.Explains(t, m, 1e-5)
			}
			if !ubj {
				return
			}
			binary, err := xgboost.Read(exchangetest.Read(t, name+".xgb.ubj"), nil)
			if err != nil || !reflect.DeepEqual(binary, m) {
				t.Errorf("the model of UBJ is another (error %v)", err)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	good := string(exchangetest.Read(t, "regression.xgb.json"))
	for _, c := range []struct{ name, old, new, want string }{
		{"no JSON", `{"learner"`, `{"learner`, "it is no JSON"},
		{"no learner", `"learner":`, `"lerner":`, "document.learner is missing"},
		{"booster", `"name":"gbtree"`, `"name":"gblinear"`, `name is "gblinear": gbtree and dart are read`},
		{"weights of trees", `"name":"gbtree"`, `"name":"dart","weight_drop":[1],"gbtree":{"model":{"trees":[],"tree_info":[0]}}`, "0 trees and 1 of tree_info"},
		{"objective", `"reg:squarederror"`, `"binary:hinge"`, `"binary:hinge"`},
		{"a value that is no class", `"reg:squarederror"`, `"reg:logistic"`, "train with binary:logistic"},
		{"a base of two meanings", `"reg:squarederror"`, `"binary:logitraw"`, "for a probability or for a margin"},
		{"targets", `"num_target":"1"`, `"num_target":"3"`, "num_target is 3: a model here"},
		{"features", `"num_feature":"4","num_target"`, `"num_feature":"9","num_target"`, "feature_names has 4 names for 9 features"},
		{"nodes", `"num_nodes":"15"`, `"num_nodes":"16"`, "trees[0].left_children has 15 values, want 16"},
		{"leaf vectors", `"size_leaf_vector":"1"`, `"size_leaf_vector":"2"`, "multi_output_tree"},
		{"a cycle", `"left_children":[1,`, `"left_children":[0,`, "on one path alone"},
		{"no node", `"left_children":[1,`, `"left_children":[99,`, "leads to node 99"},
		{"base score", `"base_score":"[`, `"base_score":"[x`, "base_score is"},
		{"more", `"version":[`, `"version":1}{"x":[`, "more after its JSON value"},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Errorf("%s: %s is not in the file", c.name, c.old)
		}
		if _, err := xgboost.Read([]byte(bad), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	binary := exchangetest.Read(t, "regression.xgb.ubj")
	for i := range binary {
		if _, err := xgboost.Read(binary[:i], nil); err == nil {
			t.Errorf("the first %d of %d bytes are read", i, len(binary))
		}
	}
	m, err := xgboost.Read(exchangetest.Read(t, "binary.xgb.json"), &exchange.Options{Target: "late", Classes: []string{"no", "yes"}})
	if err != nil || m.Target != "late" || m.Classes[1] != "yes" {
		t.Errorf("read as %+v (error %v)", m, err)
	}
}

// Trees of dart without their weights are refused, in each way in which an empty
// array can be written.
func TestReadDartWithoutWeights(t *testing.T) {
	none := "L" + strings.Repeat("\x00", 8)
	for name, c := range map[string]struct{ file, before, empty string }{
		"JSON":        {"dart.xgb.json", `"weight_drop":`, "[]"},
		"UBJ":         {"dart.xgb.ubj", "weight_drop", "[#" + none},
		"UBJ, typed":  {"dart.xgb.ubj", "weight_drop", "[$d#" + none},
		"UBJ, closed": {"dart.xgb.ubj", "weight_drop", "[]"},
	} {
		file := string(exchangetest.Read(t, c.file))
		before, after, ok := strings.Cut(file, c.before)
		long := len("[#") + len(none) + 6*len("d1234") // six numbers, each with its mark
		if strings.HasSuffix(c.file, "json") {
			long = strings.Index(after, "]") + 1
		}
		if !ok || len(after) < long {
			t.Fatalf("%s has no weights", c.file)
		}
		if _, err := xgboost.Read([]byte(before+c.before+c.empty+after[long:]), nil); err == nil || !strings.Contains(err.Error(), "has 6 trees, and weight_drop 0 weights") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
