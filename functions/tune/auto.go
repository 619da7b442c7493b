package tune

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/search"
	"github.com/runnel-dev/runnel/table"
)

// autoFamilies are what auto chooses among.
func autoFamilies(task learn.Task) []string {
	return []string{"random_forest", "extra_trees", "gradient_boosting", estimator.Linear(task)}
}

// preparing is what the names of the choices of transforms begin with.
const preparing = "prepare."

// The choices of transforms. as_is leaves what the steps clean and featurize do.
const (
	asIs     = "as_is"
	missing  = preparing + "missing"  // how missing numbers are filled
	encode   = preparing + "encode"   // what becomes of columns
	outliers = preparing + "outliers" // how numbers far out are capped
)

// preparations are the choices that the data and the transforms leave open.
func preparations(specs []preprocess.Spec, x *table.Table) []search.Param {
	has := func(kind string) bool {
		return slices.ContainsFunc(specs, func(s preprocess.Spec) bool { return s.Kind() == kind })
	}
	column := func(is func(c *table.Column) bool) bool { return slices.ContainsFunc(x.Columns, is) }
	choice := func(name string, values ...any) search.Param {
		return search.Param{Name: name, Kind: search.Choice, Choices: append([]any{asIs}, values...)}
	}
	var out []search.Param
	if has("impute") && column(func(c *table.Column) bool { return c.Kind.Numeric() && c.Nulls() > 0 }) {
		out = append(out, choice(missing, "median", "indicators", "keep"))
	}
	if has("auto") && column(func(c *table.Column) bool { return c.Kind == table.String }) {
		out = append(out, choice(encode, "linear", "one_hot", "target"))
	}
	if has("cap") && column(func(c *table.Column) bool { return c.Kind.Numeric() }) {
		out = append(out, choice(outliers, "none", "both"))
	}
	return out
}

// prepared are the transforms with a trial's choices; nil where all stay.
func prepared(specs []preprocess.Spec, params map[string]any) []preprocess.Spec {
	of := func(name string) string {
		v, _ := params[name].(string)
		return v
	}
	same := func(v string) bool { return v == "" || v == asIs }
	if same(of(missing)) && same(of(encode)) && same(of(outliers)) {
		return nil
	}
	var out []preprocess.Spec
	for _, spec := range specs {
		switch s := spec.(type) {
		case *preprocess.Impute:
			own := *s
			switch v := of(missing); v {
			case "median", "keep":
				own.Numeric = v
			case "indicators":
				own.Indicators = true
			}
			spec = &own
		case *preprocess.Auto:
			own := *s
			switch of(encode) {
			case "linear":
				own.Family = "linear"
			case "one_hot":
				own.OneHot = 50
			case "target":
				own.OneHot = 2
			}
			spec = &own
		case *preprocess.Cap:
			own := *s
			switch of(outliers) {
			case "none":
				continue
			case "both":
				own.Method = "both"
			}
			spec = &own
		}
		out = append(out, spec)
	}
	return out
}

// withoutPreparing are the parameters of the estimator alone.
func withoutPreparing(params map[string]any) map[string]any {
	out := maps.Clone(params)
	maps.DeleteFunc(out, func(name string, _ any) bool { return strings.HasPrefix(name, preparing) })
	return out
}

// starts are the parameters that auto tries first: each family at about its
// defaults, of which a short budget should have seen all.
func (pl *plan) starts() []map[string]any {
	defaults := map[string]map[string]any{
		"random_forest":     {"n_estimators": 100, "max_depth": 16, "min_samples_leaf": 1, "max_features": "sqrt"},
		"extra_trees":       {"n_estimators": 100, "max_depth": 16, "min_samples_leaf": 1, "max_features": "sqrt"},
		"gradient_boosting": {"n_estimators": 100, "learning_rate": 0.1, "max_leaves": 31, "min_samples_leaf": 20, "l2": 0.01},
		"logistic":          {"c": 1.0, "class_weight": "none"},
		"ridge":             {"alpha": 1.0},
	}
	if pl.task == learn.Regression {
		for _, trees := range []string{"random_forest", "extra_trees"} {
			defaults[trees]["max_features"] = "all"
		}
	}
	var out []map[string]any
	for _, family := range pl.families {
		params := map[string]any{}
		for name, v := range defaults[family] {
			params[family+"."+name] = v
		}
		for _, p := range pl.space.Params() {
			switch {
			case strings.HasPrefix(p.Name, preparing):
				params[p.Name] = asIs
			case p.Name == modelParam:
				params[modelParam] = family
			}
		}
		out = append(out, params)
	}
	return out
}

// first adds trials that auto starts with to the study.
func (r *run) first(starts []map[string]any) (trials []search.Trial) {
	for _, params := range starts {
		if len(r.study.Trials()) == r.trials {
			break
		}
		if t, err := r.study.Add(params); err == nil { // a space of one's own may not have it
			trials = append(trials, t)
		}
	}
	return trials
}

// begun does the trials that auto starts with, as many at a time as the bracket begins.
func (r *run) begun(ctx context.Context, b search.Bracket, score search.Scorer) error {
	starts := r.plan.starts()
	for len(starts) > 0 {
		n := len(starts)
		if b.Begin != nil {
			n = min(n, b.Begin())
		}
		if n == 0 {
			return nil
		}
		trials := r.first(starts[:n])
		starts = starts[n:]
		outcomes, err := score(ctx, trials, b.Rungs[0])
		if err != nil {
			return err
		}
		for i, t := range trials {
			if err := r.study.Tell(t.Number, outcomes[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// ensemble is the choice of what the bag holds: one estimator, or a vote of
// several. Where one of them has transforms of its own, each set of transforms
// becomes a branch.
func (r *run) ensemble() (fitted.Choice, error) {
	picks := r.bag.Picks()
	numbers := slices.Sorted(maps.Keys(picks))
	trials := r.study.Trials()
	if len(numbers) == 1 {
		return r.plan.choice(trials[numbers[0]].Params)
	}
	var members []estimator.Member
	branches, at, own := &preprocess.Branches{}, map[string]string{}, false
	for _, n := range numbers {
		c, err := r.plan.candidate(trials[n].Params)
		if err != nil {
			return fitted.Choice{}, err
		}
		specs := c.Specs
		if own = own || specs != nil; specs == nil {
			specs = r.plan.specs
		}
		steps, err := preprocess.Describe(specs)
		if err != nil {
			return fitted.Choice{}, err
		}
		key, err := json.Marshal(steps)
		if err != nil {
			return fitted.Choice{}, err
		}
		branch, known := at[string(key)]
		if !known {
			branch = fmt.Sprintf("b%d", len(at)+1)
			at[string(key)] = branch
			branches.Branches = append(branches.Branches, preprocess.Branch{Name: branch, Steps: steps})
		}
		used, err := c.Params.Used(c.Entry.Name, r.plan.task)
		if err != nil {
			return fitted.Choice{}, err
		}
		params, _ := used[c.Entry.Name].(map[string]any)
		members = append(members, estimator.Member{Model: c.Entry.Name, Weight: float64(picks[n]), Params: params, Branch: branch})
	}
	out := fitted.Choice{Model: combine.KindVoting}
	if !own {
		for i := range members {
			members[i].Branch = ""
		}
	} else {
		var err error
		if out.Transforms, err = preprocess.Describe([]preprocess.Spec{branches}); err != nil {
			return out, err
		}
	}
	out.Params = map[string]any{combine.KindVoting: map[string]any{"members": members, "vote": "soft"}}
	return out, nil
}
