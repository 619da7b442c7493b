package tune

import (
	"github.com/runnel-dev/runnel/learn/recommend"
	"github.com/runnel-dev/runnel/learn/search"
)

// defaultSpace is what is searched of an estimator where nothing else is said;
// empty where it has no parameters that matter.
func defaultSpace(family string) []search.Param {
	name := func(p string) string { return family + "." + p }
	switch family {
	case "random_forest", "extra_trees":
		return []search.Param{
			{Name: name("n_estimators"), Kind: search.Choice, Choices: []any{100}},
			{Name: name("max_depth"), Kind: search.Int, Low: 3, High: 30},
			{Name: name("min_samples_leaf"), Kind: search.LogInt, Low: 1, High: 50},
			{Name: name("max_features"), Kind: search.Choice, Choices: []any{"sqrt", "0.3", "0.6", "all"}},
		}
	case "gradient_boosting":
		return []search.Param{
			{Name: name("n_estimators"), Kind: search.LogInt, Low: 30, High: 500},
			{Name: name("learning_rate"), Kind: search.LogUniform, Low: 0.01, High: 0.3},
			{Name: name("max_leaves"), Kind: search.LogInt, Low: 4, High: 128},
			{Name: name("min_samples_leaf"), Kind: search.LogInt, Low: 1, High: 100},
			{Name: name("l2"), Kind: search.LogUniform, Low: 1e-3, High: 10},
		}
	case "logistic":
		return []search.Param{
			{Name: name("c"), Kind: search.LogUniform, Low: 1e-4, High: 1e4},
			{Name: name("class_weight"), Kind: search.Choice, Choices: []any{"none", "balanced"}},
		}
	case "lasso":
		return []search.Param{{Name: name("alpha"), Kind: search.LogUniform, Low: 1e-5, High: 1e3}}
	case "elastic_net":
		return []search.Param{
			{Name: name("alpha"), Kind: search.LogUniform, Low: 1e-5, High: 1e3},
			{Name: name("l1_ratio"), Kind: search.Uniform, Low: 0, High: 1},
		}
	case "sgd":
		return []search.Param{
			{Name: name("alpha"), Kind: search.LogUniform, Low: 1e-6, High: 1e-1},
			{Name: name("l1_ratio"), Kind: search.Uniform, Low: 0, High: 1},
		}
	case "neighbors":
		return []search.Param{
			{Name: name("k"), Kind: search.LogInt, Low: 1, High: 100},
			{Name: name("weights"), Kind: search.Choice, Choices: []any{"uniform", "distance"}},
		}
	case "kmeans":
		return []search.Param{{Name: name("k"), Kind: search.Int, Low: 2, High: 12}}
	case "naive_bayes":
		return []search.Param{{Name: name("var_smoothing"), Kind: search.LogUniform, Low: 1e-12, High: 1}}
	case "neural_network":
		return []search.Param{
			{Name: name("hidden_layer_sizes"), Kind: search.Choice, Choices: []any{[]any{50}, []any{100}, []any{200}, []any{100, 50}, []any{200, 100}}},
			{Name: name("learning_rate_init"), Kind: search.LogUniform, Low: 3e-4, High: 3e-2},
			{Name: name("weight_decay"), Kind: search.LogUniform, Low: 1e-4, High: 10},
			{Name: name("dropout"), Kind: search.Uniform, Low: 0, High: 0.5},
			{Name: name("early_stopping"), Kind: search.Choice, Choices: []any{true}},
		}
	case recommend.Kind:
		return []search.Param{
			{Name: name("factors"), Kind: search.LogInt, Low: 4, High: 128},
			{Name: name("l2"), Kind: search.LogUniform, Low: 1e-3, High: 100},
			{Name: name("alpha"), Kind: search.LogUniform, Low: 0.1, High: 100},
		}
	case "ridge":
		return []search.Param{{Name: name("alpha"), Kind: search.LogUniform, Low: 1e-4, High: 1e5}}
	}
	return nil
}
