package onnx

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
	"github.com/runnel-dev/runnel/table"
)

// An encoding is what a transform knows of the categories of a column.
type encoding struct {
	Categories []string
	To         []int32 // of onehot
	Missing    json.RawMessage
	Outputs    []string
	Values     []float64
	Unseen     *float64 // of ordinal and frequency
}

// encode writes categories as rows of a table of numbers, which they are looked
// up in: the last row is that of a category that training had not, the one before
// it that of a missing value.
func (w *writer) encode(s *exchange.Step, c *exchange.StepColumn, at *column) error {
	var e encoding
	if err := json.Unmarshal(c.Encoding, &e); err != nil {
		return err
	}
	n := len(e.Categories)
	outputs := []string{c.Name}
	width := 1
	if s.Kind == "onehot" || s.Kind == "target" {
		outputs, width = e.Outputs, len(e.Outputs)
	}
	lookup := make([]float64, (n+2)*width)
	row := func(k int) []float64 { return lookup[k*width : (k+1)*width] }
	switch s.Kind {
	case "onehot":
		missing := -1
		_ = json.Unmarshal(e.Missing, &missing)
		for k, to := range append(slices.Clone(e.To), int32(missing)) {
			if to >= 0 {
				row(k)[to] = 1
			}
		}
	case "target": // values have a row for missing, too
		copy(lookup, e.Values)
		copy(row(n+1), s.Overall)
	default:
		for k := range n {
			row(k)[0] = float64(k)
			if e.Values != nil {
				row(k)[0] = e.Values[k]
			}
		}
		var missing *float64
		_ = json.Unmarshal(e.Missing, &missing)
		for k, v := range []*float64{missing, e.Unseen} {
			row(n + k)[0] = math.NaN()
			if v != nil {
				row(n + k)[0] = *v
			}
		}
	}
	code, err := w.codes(at, e.Categories)
	if err != nil {
		return err
	}
	delete(w.columns, c.Name)
	if width == 0 {
		return nil
	}
	// rows x 1 codes give rows x 1 x width
	values := w.op("Gather", attributes{"axis": 0}, w.constant([]int64{int64(n + 2), int64(width)}, lookup), code)
	all := w.op("Reshape", nil, values, w.constant([]int64{2}, []int64{-1, int64(width)}))
	for k, name := range outputs {
		value := all
		if width > 1 {
			value = w.op("Gather", attributes{"axis": 1}, all, w.constant([]int64{1}, []int64{int64(k)}))
		}
		w.columns[name] = &column{value: value, kind: table.Float64}
	}
	return nil
}

// codes numbers categories: k is that of keys[k], then missing, then all others.
func (w *writer) codes(at *column, keys []string) (string, error) {
	n := int64(len(keys))
	numbers := make([]int64, n, n+1)
	for k := range numbers {
		numbers[k] = int64(k)
	}
	if at.kind == table.String {
		missing := n
		if at.fill != nil {
			missing = int64(slices.Index(keys, *at.fill))
			if missing < 0 {
				missing = n + 1
			}
		}
		if k := slices.Index(keys, ""); k >= 0 {
			return "", fmt.Errorf("a category is the blank text, which stands for a missing one in ONNX")
		}
		return w.node(mlDomain, "LabelEncoder", attributes{"keys_strings": append(slices.Clone(keys), ""),
			"values_int64s": append(numbers, missing), "default_int64": int(n + 1)}, []string{at.value}), nil
	}
	whole := make([]int64, n, n+1)
	for k, text := range keys {
		if at.kind == table.Bool {
			whole[k] = map[string]int64{"true": 1}[text]
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || v != math.Trunc(v) || math.Abs(v) >= 1<<53 {
			return "", fmt.Errorf("the category %q is no whole number, and ONNX looks up no others", text)
		}
		whole[k] = int64(v)
	}
	// A number that is not whole is none of the categories.
	const none = math.MinInt64 / 2
	floor := w.op("Floor", nil, at.value)
	other := w.op("Where", nil, w.op("Equal", nil, floor, at.value), at.value, w.number(none/2))
	safe := w.op("Where", nil, w.op("IsNaN", nil, at.value), w.number(none), other)
	code := w.op("Cast", attributes{"to": int(onnxpb.TensorProto_INT64)}, safe)
	return w.node(mlDomain, "LabelEncoder", attributes{"keys_int64s": append(whole, none),
		"values_int64s": append(numbers, n), "default_int64": int(n + 1)}, []string{code}), nil
}
