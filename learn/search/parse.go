package search

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/internal/nearest"
)

// kinds are the keys that make a mapping a distribution.
func kinds() []string {
	return []string{string(Choice), string(Uniform), string(LogUniform), string(Int), string(LogInt)}
}

// Parse reads a space as it is written in YAML or JSON:
//
//	model: [random_forest, logistic]          # a list is a choice
//	random_forest:                            # a mapping leads into nested parameters
//	  max_depth: {int: [2, 20]}
//	  n_estimators: {int: [50, 200], step: 50}
//	logistic.c: {log_uniform: [0.001, 100], when: {model: logistic}}
//	features.degree: 2                        # a single value is fixed
//
// Errors are of type [*Error] and say where.
func Parse(spec map[string]any) (*Space, error) {
	params, err := parse(nil, spec)
	if err != nil {
		return nil, err
	}
	return NewSpace(params...)
}

func parse(path []string, spec map[string]any) ([]Param, error) {
	var out []Param
	for _, key := range slices.Sorted(maps.Keys(spec)) {
		at := append(slices.Clone(path), key)
		if key == "" || strings.HasPrefix(key, ".") || strings.HasSuffix(key, ".") || strings.Contains(key, "..") {
			return nil, fail(at, "%q is no name of a parameter", key)
		}
		switch v := spec[key].(type) {
		case nil:
			return nil, fail(at, "there is no distribution: want a list of values, or such as {int: [2, 20]}")
		case []any:
			out = append(out, Param{Name: strings.Join(at, "."), Kind: Choice, Choices: slices.Clone(v)})
		case map[string]any:
			if !slices.ContainsFunc(kinds(), func(k string) bool { _, ok := v[k]; return ok }) {
				if len(v) == 0 || slices.ContainsFunc([]string{"when", "step", "low", "high"}, func(k string) bool { _, ok := v[k]; return ok }) {
					return nil, fail(at, "the mapping names no distribution: one of %s", strings.Join(kinds(), ", "))
				}
				inner, err := parse(at, v)
				if err != nil {
					return nil, err
				}
				out = append(out, inner...)
				continue
			}
			p, err := parseParam(at, v)
			if err != nil {
				return nil, err
			}
			out = append(out, p)
		default:
			out = append(out, Param{Name: strings.Join(at, "."), Kind: Choice, Choices: []any{v}})
		}
	}
	return out, nil
}

func parseParam(path []string, spec map[string]any) (Param, error) {
	p := Param{Name: strings.Join(path, ".")}
	for _, key := range slices.Sorted(maps.Keys(spec)) {
		at, v := append(slices.Clone(path), key), spec[key]
		switch {
		case key == "step":
			x, ok := number(v)
			if !ok || x <= 0 {
				return p, fail(at, "want a number above 0, not %s", show(v))
			}
			p.Step = x
		case key == "when":
			conditions, ok := v.(map[string]any)
			if !ok || len(conditions) == 0 {
				return p, fail(at, "want a mapping such as {model: random_forest}, not %s", show(v))
			}
			for _, name := range slices.Sorted(maps.Keys(conditions)) {
				in, ok := conditions[name].([]any)
				if !ok {
					in = []any{conditions[name]}
				}
				p.Condition = append(p.Condition, When{name, slices.Clone(in)})
			}
		case !slices.Contains(kinds(), key):
			known := append(kinds(), "step", "when")
			return p, fail(at, "%s", nearest.Unknown("key", key, known))
		case p.Kind != "":
			return p, fail(at, "the parameter is %s already: it has one distribution", p.Kind)
		default:
			p.Kind = Kind(key)
			list, ok := v.([]any)
			if !ok {
				return p, fail(at, "want a list, not %s", show(v))
			}
			if p.Kind == Choice {
				p.Choices = slices.Clone(list)
				continue
			}
			if len(list) != 2 {
				return p, fail(at, "want the least and the greatest value, as in [1, 10], not %s", show(v))
			}
			lo, okLo := number(list[0])
			hi, okHi := number(list[1])
			if !okLo || !okHi {
				return p, fail(at, "want two numbers, not %s", show(v))
			}
			p.Low, p.High = lo, hi
		}
	}
	if p.Kind == Choice && p.Step != 0 {
		return p, fail(append(slices.Clone(path), "step"), "a choice has no step")
	}
	return p, nil
}

func number(v any) (float64, bool) {
	switch x := v.(type) {
	case float64:
		return x, !math.IsNaN(x) && !math.IsInf(x, 0)
	case int:
		return float64(x), true
	case int64:
		return float64(x), true
	case uint64:
		return float64(x), true
	case json.Number:
		f, err := x.Float64()
		return f, err == nil
	}
	return 0, false
}

// canonical writes a JSON value in one way: a whole number is an int.
func canonical(v any) any {
	switch x := v.(type) {
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = canonical(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = canonical(e)
		}
		return out
	}
	if f, ok := number(v); ok {
		if f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
			return int(f)
		}
		return f
	}
	return v
}
