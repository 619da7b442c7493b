package lightgbm_test

import (
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/lightgbm"
)

var models = []string{"regression", "binary", "classes", "poisson", "quantile", "forest", "complete", "categories", "constant",
	"forest2", "forest3", "forest_poisson", "dart", "dart3", "gamma", "tweedie", "zeros", "numbered", "codes"}

// Models of LightGBM predict and are explained here as there.
func TestRead(t *testing.T) {
	for _, name := range models {
		t.Run(name, func(t *testing.T) {
			m, err := lightgbm.Read(exchangetest.Read(t, name+".lgb.txt"), nil)
			if err != nil {
				t.Fatal(err)
			}
			rows := exchangetest.Load(t, name+".lgb")
			rows.Predicts(t, m, 1e-12)
			rows.Explains(t, m, 1e-9)
		})
	}
}

func TestReadRefuses(t *testing.T) {
	good := string(exchangetest.Read(t, "regression.lgb.txt"))
	for _, c := range []struct{ name, old, new, want string }{
		{"another file", "tree\n", "forest\n", `its first line is "forest"`},
		{"version", "version=v4", "version=v9", `version is "v9"`},
		{"objective", "objective=regression", "objective=multiclassova num_class:1", "objective=multiclassova"},
		{"square", "objective=regression", "objective=regression sqrt", "reg_sqrt"},
		{"linear", "is_linear=0", "is_linear=1", "tree 0: its leaves hold linear models"},
		{"zeros", "decision_type=10", "decision_type=4", "zero_as_missing=true"},
		{"features", "max_feature_idx=3", "max_feature_idx=4", "max_feature_idx"},
		{"too many leaves", "num_leaves=7", "num_leaves=70000000", "num_leaves"},
		{"twice", "feature_names=length mass", "feature_names=mass mass", `two features are named "mass"`},
		{"a short list", "left_child=1 ", "left_child=", "left_child has 5 values, want 6"},
		{"a cycle", "left_child=1 ", "left_child=0 ", "on one path alone"},
		{"no node", "left_child=1 ", "left_child=99 ", "its child is 99"},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Errorf("%s: %q is not in the file", c.name, c.old)
		}
		if _, err := lightgbm.Read([]byte(bad), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	for want, o := range map[string]*exchange.Options{"as the target is": {Target: "mass"}, "is of a regression": {Classes: []string{"a", "b"}}} {
		if _, err := lightgbm.Read([]byte(good), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
