package onnx

import (
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/table"
)

// scale is (x - center) / scale of columns.
func (r *reader) scale(x *value, center, scale []float64) (*value, error) {
	n := len(x.columns)
	for _, v := range []*[]float64{&center, &scale} {
		if len(*v) == 1 {
			for len(*v) < n {
				*v = append(*v, (*v)[0])
			}
		}
		if len(*v) != n {
			return nil, fmt.Errorf("it has %d numbers for %d columns", len(*v), n)
		}
	}
	names := make([]string, n)
	for j, c := range x.columns {
		names[j] = c.name
		if c.text {
			return nil, fmt.Errorf("the column %q is text", c.name)
		}
		if math.IsNaN(center[j]+scale[j]) || math.IsInf(center[j], 0) || math.IsInf(scale[j], 0) || scale[j] == 0 {
			return nil, fmt.Errorf("the column %q is centred at %v and scaled by %v", c.name, center[j], scale[j])
		}
	}
	return r.changed("scale", map[string]any{"columns": names, "center": center, "scale": scale}, x.columns)
}

func (r *reader) scaler(a attrs, x *value) (*value, error) {
	offset, err := a.numbers("offset")
	if err != nil {
		return nil, err
	}
	scale, err := a.numbers("scale")
	for j := range scale {
		scale[j] = 1 / scale[j]
	}
	if err != nil {
		return nil, err
	}
	return r.scale(x, offset, scale)
}

func (r *reader) imputer(a attrs, x *value) (*value, error) {
	with, err := a.numbers("imputed_value_floats")
	if err != nil {
		return nil, err
	}
	if v := a.number("replaced_value_float", 0); v == v {
		return nil, fmt.Errorf("it replaces %v: only NaN is a missing value here; give the model NaN", v)
	}
	if len(with) != len(x.columns) && len(with) != 1 || len(with) == 0 || x.columns == nil {
		return nil, fmt.Errorf("it has %d values for %d columns", len(with), len(x.columns))
	}
	for len(with) < len(x.columns) {
		with = append(with, with[0])
	}
	return r.impute(x, with)
}

func (r *reader) impute(x *value, with []float64) (*value, error) {
	var columns []any
	for j, c := range x.columns {
		if math.IsNaN(with[j]) || math.IsInf(with[j], 0) || c.text {
			return nil, fmt.Errorf("it fills %v into the column %q", with[j], c.name)
		}
		columns = append(columns, map[string]any{"name": c.name, "type": table.Float64, "number": with[j]})
	}
	return r.changed("impute", map[string]any{"columns": columns, "spec": map[string]any{"numeric": "constant", "categorical": "keep"}}, x.columns)
}

// where fills in a missing value, or bounds a column.
func (r *reader) where(when, then, otherwise *value) (*value, error) {
	one := len(otherwise.columns) == 1 && then.scalar()
	switch {
	case one && when.absent != nil && *when.absent == otherwise.columns[0]:
		return r.impute(otherwise, then.constant.numbers)
	case one && when.beyond != nil && when.beyond.column == otherwise.columns[0] && when.beyond.value == then.constant.numbers[0]:
		if when.beyond.greater {
			return r.clip(otherwise, nil, &when.beyond.value)
		}
		return r.clip(otherwise, &when.beyond.value, nil)
	}
	return nil, fmt.Errorf("it does more than to fill in a missing value or to bound a column")
}

// clip bounds columns.
func (r *reader) clip(x *value, lower, upper *float64) (*value, error) {
	var columns []any
	for _, c := range x.columns {
		bounds := map[string]any{"name": c.name}
		for name, v := range map[string]*float64{"lower": lower, "upper": upper} {
			if v == nil {
				continue
			}
			if *v-*v != 0 {
				return nil, fmt.Errorf("the column %q is bounded by %v", c.name, *v)
			}
			bounds[name] = *v
		}
		columns = append(columns, bounds)
	}
	return r.changed("cap", map[string]any{"columns": columns}, x.columns)
}
