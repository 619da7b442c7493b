package onnx

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
	"github.com/runnel-dev/runnel/table"
)

// A measured is columns on the way to be measured by their means and deviations.
type measured struct {
	columns       []feature
	center, scale []float64
	stage         string
}

// The stages of a measured.
const (
	itself   = "itself" // 0 where a number is finite, else NaN
	infinite = "infinite"
	filled   = "filled" // what is not finite
	centred  = "centred"
	scaled   = "scaled"
)

// compare follows the nodes that make columns comparable, and those that take
// them together. It gives nil where a node is not one of them.
func (r *reader) compare(op string, in []*value) (*value, error) {
	x := in[0]
	c := second(in)
	n := 0
	if c != nil {
		n = len(c.numbers)
	}
	if x.measured != nil {
		if err := r.take(len(x.measured.columns)); err != nil {
			return nil, err
		}
	}
	switch v := x.measured; {
	case op == "Sub" && x.columns != nil && in[1] == x:
		columns, err := r.numbers(x)
		out := &value{measured: &measured{columns: columns, stage: itself}}
		if err == nil && len(columns) == 1 && columns[0].of == nil {
			out.columns, err = r.pair("difference", columns[0], columns[0])
		}
		return out, err
	case v == nil:
		return nil, nil
	case op == "IsNaN" && v.stage == itself:
		out := v.to(infinite, nil, nil)
		if len(x.columns) == 1 { // or what is missing in a column's difference with itself
			out.absent = &x.columns[0]
		}
		return out, nil
	case op == "Where" && v.stage == infinite && len(in) == 3 && n == len(v.columns) && slices.Equal(in[2].columns, v.columns):
		return v.to(filled, c.numbers, nil), nil
	case op == "Sub" && v.stage == filled && n > 0 && slices.Equal(c.numbers, v.center):
		return v.to(centred, v.center, nil), nil
	case op == "Div" && v.stage == centred && n == len(v.columns):
		return v.to(scaled, v.center, c.numbers), nil
	case op == "MatMul" && v.stage == scaled && n > 0 && len(c.shape) == 2 && c.shape[0] == len(v.columns):
		columns, err := r.components(v, c.numbers, c.shape[1])
		return &value{columns: columns}, err
	}
	return nil, nil
}

func (v *measured) to(stage string, center, scale []float64) *value {
	return &value{measured: &measured{v.columns, center, scale, stage}}
}

// params are those of a transform of comparable columns.
func (v *measured) params(spec map[string]any, outputs []string) map[string]any {
	return map[string]any{"spec": spec, "columns": names(v.columns), "center": v.center, "scale": v.scale, "outputs": outputs}
}

// components are columns of sums of comparable ones, by weights of columns x
// components.
func (r *reader) components(v *measured, weights []float64, n int) ([]feature, error) {
	if err := r.take(len(weights)); err != nil {
		return nil, err
	}
	var all [][]float64
	var outputs []string
	for k := range n {
		component := make([]float64, len(v.columns))
		for j := range component {
			component[j] = weights[j*n+k]
		}
		all, outputs = append(all, component), append(outputs, r.made("component"))
	}
	params := v.params(map[string]any{"keep": true}, outputs)
	params["components"] = all
	return r.beside("pca", params, v.columns, outputs)
}

// projects reports sums of columns that an estimator may take as columns, as it
// does principal components.
func (l *layers) projects() bool {
	return len(l.weights) == 1 && l.units() > 1 && !l.activated && l.unit == 1 && l.offset == 0
}

// projected are sums of columns as columns: components, which have the length 1,
// and a scale and a centre where the sums have another.
func (r *reader) projected(l *layers) ([]feature, error) {
	n, k := len(l.features), l.units()
	if err := r.copies(2 * l.size()); err != nil {
		return nil, err
	}
	v := &measured{columns: l.features, center: make([]float64, n), scale: slices.Repeat([]float64{1}, n)}
	weights, center, scale := slices.Clone(l.weights[0]), make([]float64, k), make([]float64, k)
	other := false
	for c := range k {
		long := 0.0
		for j := range n {
			long = math.Hypot(long, weights[j*k+c])
		}
		if scale[c] = 1; long > 1.001 || long < .999 && long > 0 {
			scale[c], other = 1/long, true
			for j := range n {
				weights[j*k+c] /= long
			}
		}
		center[c] = -l.bias[0][c] * scale[c]
		other = other || center[c] != 0
	}
	columns, err := r.components(v, weights, k)
	if err != nil || !other {
		return columns, err
	}
	out, err := r.scale(&value{columns: columns}, center, scale)
	if err != nil {
		return nil, err
	}
	return out.columns, nil
}

// beside are the columns that a transform makes of others, which stay.
func (r *reader) beside(kind string, params map[string]any, takes []feature, outputs []string) ([]feature, error) {
	c, err := r.change(kind, params, takes, outputs, true)
	var out []feature
	for _, name := range outputs {
		out = append(out, feature{name: name, made: c})
	}
	return out, err
}

// groups are columns of how far rows are from the middles of groups, or one of
// which they are in.
func (r *reader) groups(a *apart, output string) (*value, error) {
	if err := r.take(len(a.from)); err != nil {
		return nil, err
	}
	var groups [][]float64
	var outputs []string
	n := len(a.columns)
	for k := range a.points {
		groups = append(groups, a.from[k*n:(k+1)*n])
		if output == "distance" || k == 0 {
			outputs = append(outputs, r.made("group"))
		}
	}
	params := a.of.params(map[string]any{"output": output}, outputs)
	params["groups"] = groups
	columns, err := r.beside("cluster", params, a.columns, outputs)
	if output == "label" && err == nil {
		columns[0].text = true
	}
	return &value{columns: columns}, err
}

// pair is a column that is made of two.
func (r *reader) pair(op string, a, b feature) ([]feature, error) {
	if a.text || b.text {
		return nil, fmt.Errorf("the column %q or %q is text", a.name, b.name)
	}
	outputs := []string{r.made(a.name)}
	return r.beside("interact", map[string]any{"spec": map[string]any{"pairs": [][2]string{{a.name, b.name}}, "op": op}, "outputs": outputs}, []feature{a, b}, outputs)
}

// A ratio is a column by another, which may be 0 still.
type ratio struct{ of, by feature }

// interact follows the nodes that make a column of two. It gives nil where a node
// is not one of them.
func (r *reader) interact(op string, in []*value) (*value, error) {
	column := func(k int) *feature {
		if len(in) <= k || len(in[k].columns) != 1 || in[k].part != nil {
			return nil
		}
		return &in[k].columns[0]
	}
	a, b := column(0), column(1)
	name := map[string]string{"Mul": "product", "Add": "sum", "Sub": "difference"}[op]
	switch x := in[0]; {
	case name != "" && a != nil && b != nil:
		columns, err := r.pair(name, *a, *b)
		return &value{columns: columns}, err
	case op == "Div" && a != nil && b != nil:
		return &value{ratio: &ratio{*a, *b}}, nil
	case op == "Equal" && a != nil && in[1].is(0):
		return &value{zero: a}, nil
	case op == "Where" && x.zero != nil && len(in) == 3 && in[2].ratio != nil && in[2].ratio.by == *x.zero && in[1].scalar() && math.IsNaN(in[1].constant.numbers[0]):
		columns, err := r.pair("ratio", in[2].ratio.of, in[2].ratio.by)
		return &value{columns: columns}, err
	}
	return nil, nil
}

// A texts is columns of texts on their way to be one.
type texts struct {
	a feature
	b *feature // nil: it has to come
}

func (v *texts) same(o *texts) bool {
	return v != nil && o != nil && v.a == o.a && v.b != nil && o.b != nil && *v.b == *o.b
}

// join follows the nodes that make a text of two. It gives nil where a node is not
// one of them.
func (r *reader) join(op string, in []*value) (*value, error) {
	text := func(k int) *feature {
		if len(in) <= k || len(in[k].columns) != 1 || !in[k].columns[0].text {
			return nil
		}
		return &in[k].columns[0]
	}
	says := func(k int) string {
		if len(in) <= k || in[k].constant == nil || len(in[k].constant.texts) != 1 {
			return "?"
		}
		return in[k].constant.texts[0]
	}
	switch x := in[0]; {
	case op == "Equal" && text(0) != nil && says(1) == "":
		return &value{blank: text(0)}, nil
	case op == "Or" && len(in) == 2 && x.blank != nil && in[1].blank != nil:
		return &value{blanks: &texts{*x.blank, in[1].blank}}, nil
	case op == "StringConcat" && text(0) != nil && says(1) == "|":
		return &value{texts: &texts{a: *text(0)}}, nil
	case op == "StringConcat" && x.texts != nil && x.texts.b == nil && text(1) != nil:
		return &value{texts: &texts{x.texts.a, text(1)}}, nil
	case op == "Where" && x.blank != nil && text(2) != nil && *text(2) == *x.blank && says(1) != "?":
		return r.changed("impute", map[string]any{"columns": []any{map[string]any{"name": x.blank.name, "type": table.String, "text": says(1)}},
			"spec": map[string]any{"numeric": "keep", "categorical": "constant"}}, in[2].columns)
	case op == "Where" && len(in) == 3 && x.blanks.same(in[2].texts) && says(1) == "":
		a, b := x.blanks.a, *x.blanks.b
		outputs := []string{r.made(a.name)}
		columns, err := r.beside("interact", map[string]any{"spec": map[string]any{"pairs": [][2]string{{a.name, b.name}}, "op": "concat"}, "outputs": outputs}, []feature{a, b}, outputs)
		if err == nil {
			columns[0].text = true
		}
		return &value{columns: columns}, err
	}
	return nil, nil
}

// An intervals is how many edges are below the numbers of a column.
type intervals struct {
	column feature
	edges  []float64
	stage  string
}

// The stages of intervals.
const (
	exceeds = "exceeds" // whether each edge is below
	tallied = "tallied"
	settled = "settled" // one more than all edges where the number is missing
)

// bins follows the nodes that cut a column into intervals. It gives nil where a
// node is not one of them.
func (r *reader) bins(op string, a attrs, in []*value) (*value, error) {
	x := in[0]
	if c := second(in); op == "Greater" && len(x.columns) == 1 && x.part == nil && c != nil && len(c.shape) == 2 && c.shape[0] == 1 && c.shape[1] > 1 {
		return &value{intervals: &intervals{x.columns[0], c.numbers, exceeds}}, nil
	}
	if op == "Where" && x.absent != nil && len(in) == 3 && in[2].intervals != nil && in[2].intervals.stage == tallied && in[2].intervals.column == *x.absent && in[1].is(float64(len(in[2].intervals.edges)+1)) {
		next := *in[2].intervals
		next.stage = settled
		return &value{intervals: &next}, nil
	}
	if op == "Gather" && len(in) == 2 && x.constant != nil && in[1].intervals != nil && in[1].intervals.stage == settled {
		return r.cut(in[1].intervals, x.constant)
	}
	if op == "Gather" && len(in) == 2 && x.constant != nil && in[1].apart != nil && in[1].apart.stage == nearest && in[1].apart.of != nil {
		for k, text := range x.constant.texts {
			if len(x.constant.texts) != in[1].apart.points || text != strconv.Itoa(k+1) {
				return nil, fmt.Errorf("it names the groups %.100q: want 1 to %d", x.constant.texts, in[1].apart.points)
			}
		}
		return r.groups(in[1].apart, "label")
	}
	if x.intervals == nil {
		return nil, nil
	}
	next := *x.intervals
	switch {
	case op == "Cast" && next.stage == exceeds && onnxpb.TensorProto_DataType(a.number("to", 1)) == onnxpb.TensorProto_INT64:
		return x, nil
	case op == "ReduceSum" && next.stage == exceeds && len(in) == 2 && in[1].is(1) && a.number("keepdims", 1) == 1:
		next.stage = tallied
		return &value{intervals: &next}, nil
	}
	return nil, nil
}

// cut is a column of the intervals that another's numbers are in, by a table of
// what each is called: of numbers below all edges, of each interval, of numbers
// above, of missing ones.
func (r *reader) cut(v *intervals, names *constant) (*value, error) {
	n, last := len(v.edges)-1, len(v.edges)
	if err := r.take(last + len(names.numbers) + len(names.texts)); err != nil {
		return nil, err
	}
	texts := names.texts
	codes := texts == nil
	if codes {
		for _, number := range names.numbers {
			text := ""
			if number == number {
				text = strconv.FormatFloat(number, 'g', -1, 64)
			}
			texts = append(texts, text)
		}
	}
	if len(texts) != last+2 || len(names.shape) != 1 {
		return nil, fmt.Errorf("it names %d places, and there are %d edges", len(texts), last)
	}
	labels := texts[1:last]
	given := texts[0] == ""
	if texts[last+1] != "" || given && texts[last] != "" || !given && (texts[0] != labels[0] || texts[last] != labels[n-1]) {
		return nil, fmt.Errorf("it names numbers beyond the edges, or missing ones, otherwise than those beside or as missing")
	}
	if codes {
		for k, text := range labels {
			if text != strconv.Itoa(k) {
				return nil, fmt.Errorf("it gives interval %d the number %s", k, text)
			}
		}
	}
	spec := map[string]any{"codes": codes}
	if given {
		spec["edges"] = v.edges
	}
	into := r.made(v.column.name)
	columns, err := r.beside("bin", map[string]any{"spec": spec, "columns": []any{map[string]any{"name": v.column.name, "into": into, "edges": v.edges, "labels": labels}}}, []feature{v.column}, []string{into})
	if err == nil {
		columns[0].text = !codes
	}
	return &value{columns: columns}, err
}
