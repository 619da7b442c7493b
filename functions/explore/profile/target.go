package profile

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn/association"
	"github.com/runnel-dev/runnel/learn/density"
	"github.com/runnel-dev/runnel/learn/order"
	"github.com/runnel-dev/runnel/table"
)

const (
	classification = "classification"
	regression     = "regression"
	mostClasses    = 64 // of a target whose task was not given, and of one whose classes are told apart
)

// chooseTask begins the description of the target.
func (b *builder) chooseTask() {
	if b.at < 0 {
		return
	}
	d := &b.columns[b.at]
	b.p.Target = &Target{Name: d.Name, Task: b.o.Task, Associations: []Association{}}
	if b.p.Target.Task == "" {
		b.p.Target.Task = regression
		if d.Type == table.String || d.Type == table.Bool || d.Type == table.Int64 && d.Distinct <= 20 {
			b.p.Target.Task = classification
		}
	}
}

// target describes the target and ranks every column by what it alone says about it.
func (b *builder) target(ctx context.Context) error {
	b.ranking = make([]int, len(b.columns))
	for i := range b.ranking {
		b.ranking[i] = i
	}
	tg := b.p.Target
	if tg == nil {
		return nil
	}
	var with measure
	if tg.Task == classification {
		tg.Classes = b.classes()
		labels, classes := b.classLabels(b.at)
		b.labels = labels
		with = measureClass(labels, classes)
	} else {
		with = measureNumber(b.finite(b.at))
	}
	if d := &b.columns[b.at]; with == nil || d.Role == Empty || d.Role == Constant {
		return nil
	}
	found := make([]*Association, len(b.columns))
	err := each(ctx, len(b.columns), func(i int) {
		c := &b.columns[i]
		if i != b.at && c.Role != Empty && c.Role != Constant && c.Role != Identifier && c.Role != Text {
			found[i] = with(b.sample.Columns[i], c)
		}
	})
	if err != nil {
		return err
	}
	b.rank(found)
	return nil
}

func (b *builder) rank(found []*Association) {
	strength := func(i int) float64 {
		switch {
		case i == b.at:
			return 2
		case found[i] == nil:
			return -1
		}
		return found[i].strength
	}
	sorting.Stable(b.ranking, func(i, j int) int { return cmp.Compare(strength(j), strength(i)) })
	for _, i := range b.ranking {
		if found[i] != nil {
			b.p.Target.Associations = append(b.p.Target.Associations, *found[i])
		}
	}
}

// classes counts every value of the target, most frequent first.
func (b *builder) classes() []Value {
	out := make([]Value, len(b.rows.order))
	for i, v := range b.rows.order {
		out[i] = Value{v, b.rows.classes[v]}
	}
	sorting.Stable(out, byCount)
	return out
}

// classLabels numbers the classes of the sample's rows, the most frequent
// first; -1 where missing, or of a class beyond the number that is told apart.
func (b *builder) classLabels(at int) (labels []int32, classes int) {
	index := map[string]int32{}
	for i, v := range b.p.Target.Classes {
		if i < mostClasses {
			index[v.Value] = int32(i)
		}
	}
	c := b.sample.Columns[at]
	labels = make([]int32, c.Len())
	for i := range labels {
		labels[i] = -1
		if k, ok := index[c.Text(i)]; ok && !c.Missing(i) {
			labels[i] = k
		}
	}
	return labels, len(index)
}

type measure func(c *table.Column, d *described) *Association

// measureClass measures by Cramér's V, of numbers in quantile bins.
func measureClass(labels []int32, classes int) measure {
	return func(c *table.Column, d *described) *Association {
		codes, n := codesOf(c, d)
		if n == 0 || d.Role == Categorical && int64(n) > d.Count/5 { // hardly a value repeats
			return nil
		}
		cross := association.Cross(codes, labels, n, classes)
		v := cross.CramersV(true)
		if math.IsNaN(v) {
			return nil
		}
		a := &Association{Column: c.Name, Measure: "cramers_v", Value: Float(v), AUC: Float(math.NaN()), Lambda: Float(cross.Lambda()), strength: v}
		if classes == 2 && c.Kind != table.String {
			a.AUC = Float(areaUnderCurve(c.Numbers(), labels))
		}
		return a
	}
}

// areaUnderCurve is the probability that a row of class 1 has a larger value
// than one of class 0, ties counted half (Mann and Whitney, 1947).
func areaUnderCurve(values []float64, labels []int32) float64 {
	x := make([]float64, len(values))
	var n [2]float64
	for i, v := range values {
		x[i] = math.NaN()
		if labels[i] >= 0 && !math.IsNaN(v) {
			x[i] = v
			n[labels[i]]++
		}
	}
	sum := 0.0
	for i, r := range association.Ranks(x, order.Of(x), nil) {
		if labels[i] == 1 && !math.IsNaN(r) {
			sum += r
		}
	}
	return (sum - float64(n[1]*(n[1]+1)/2)) / (n[0] * n[1])
}

// measureNumber measures by the rank correlation, or by the correlation ratio for categories.
func measureNumber(y []float64) measure {
	if y == nil {
		return nil
	}
	ranked := association.NewRanked(y)
	return func(c *table.Column, d *described) *Association {
		a := &Association{Column: c.Name, AUC: Float(math.NaN()), Lambda: Float(math.NaN())}
		if c.Kind == table.String {
			codes, n := codesOf(c, d)
			if int64(n) > d.Count/5 {
				return nil
			}
			a.Measure, a.Value = "correlation_ratio", Float(association.CorrelationRatio(codes, y, n))
		} else {
			a.Measure, a.Value = "spearman", Float(association.NewRanked(c.Numbers()).Spearman(ranked))
		}
		if !a.Value.Exists() {
			return nil
		}
		a.strength = math.Abs(float64(a.Value))
		return a
	}
}

// codesOf gives each row a category: its value, or the bin of a number among
// at most 32 with equally many values; -1 where missing.
func codesOf(c *table.Column, d *described) (codes []int32, n int) {
	codes = make([]int32, c.Len())
	switch c.Kind {
	case table.String:
		dense := map[uint32]int32{}
		for i, code := range c.Codes {
			codes[i] = -1
			if c.Missing(i) {
				continue
			}
			k, ok := dense[code]
			if !ok {
				k = int32(len(dense))
				dense[code] = k
			}
			codes[i] = k
		}
		return codes, len(dense)
	case table.Bool:
		for i, v := range c.Bools {
			switch {
			case c.Missing(i):
				codes[i] = -1
			case v:
				codes[i] = 1
			}
		}
		return codes, 2
	}
	edges := quantileEdges(d.sorted, min(32, max(2, len(d.sorted)/20)))
	for i, v := range c.Numbers() {
		codes[i] = -1
		if !math.IsNaN(v) {
			k, _ := slices.BinarySearchFunc(edges, v, func(edge, v float64) int {
				if edge <= v {
					return -1
				}
				return 1
			})
			codes[i] = int32(k)
		}
	}
	return codes, len(edges) + 1
}

// quantileEdges are the distinct inner edges of bins with equally many values;
// of few distinct values each has its own bin.
func quantileEdges(sorted []float64, bins int) []float64 {
	distinct := []float64{}
	for i, v := range sorted {
		if i == 0 || v != sorted[i-1] {
			if distinct = append(distinct, v); len(distinct) > 32 {
				break
			}
		}
	}
	if len(distinct) > 0 && len(distinct) <= 32 {
		return distinct[1:]
	}
	var edges []float64
	for k := 1; k < bins; k++ {
		if q := density.Quantile(sorted, float64(k)/float64(bins)); len(edges) == 0 || q > edges[len(edges)-1] {
			edges = append(edges, q)
		}
	}
	return edges
}
