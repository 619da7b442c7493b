package preprocess

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// Matrix takes the named columns of a table as a feature matrix; nil names all
// of them. Columns are shared with the table where they are float64 already.
func Matrix(t *table.Table, features []string) (*learn.Matrix, error) {
	if features == nil {
		features = t.Names()
	}
	m := &learn.Matrix{Names: features, Columns: make([][]float64, len(features)), Rows: t.Rows()}
	cur := cursor{t: t}
	for j, name := range features {
		i, err := cur.find(name)
		if err != nil {
			return nil, err
		}
		if m.Columns[j], err = numbersOf(t.Columns[i]); err != nil {
			return nil, fmt.Errorf("%w: encode it first (one-hot, ordinal, target, frequency or tfidf)", err)
		}
	}
	return m, nil
}

// Numeric lists the columns of a table that a [Matrix] can hold, in order.
func Numeric(t *table.Table) []string {
	var names []string
	for _, c := range t.Columns {
		if numberLike(c) {
			names = append(names, c.Name)
		}
	}
	return names
}

// DecideTask says whether a column as a target makes classification or
// regression, and why. Strings and bools are classes; so are whole numbers with
// at most 20 distinct values that are each found 5 times on average.
func DecideTask(c *table.Column) (task learn.Task, reason string) {
	switch c.Kind {
	case table.String, table.Bool:
		return learn.Classification, fmt.Sprintf("%q holds values of type %s", c.Name, c.Kind)
	case table.Time:
		return learn.Regression, fmt.Sprintf("%q holds times", c.Name)
	}
	seen, n := map[float64]bool{}, 0
	for _, v := range c.Numbers() {
		if v != v {
			continue
		}
		if n++; v != math.Trunc(v) {
			return learn.Regression, fmt.Sprintf("%q holds numbers that are not whole", c.Name)
		}
		if seen[v] = true; len(seen) > 20 {
			return learn.Regression, fmt.Sprintf("%q holds whole numbers with more than 20 distinct values", c.Name)
		}
	}
	if n < 5*len(seen) && len(seen) > 2 {
		return learn.Regression, fmt.Sprintf("%q holds %d distinct whole numbers in only %d rows", c.Name, len(seen), n)
	}
	return learn.Classification, fmt.Sprintf("%q holds %d distinct whole numbers", c.Name, len(seen))
}

// Classes lists the values of a column in the order that a model's classes have:
// numbers ascending, false before true, strings by code point.
func Classes(c *table.Column) []string {
	values, _ := countCategories(c)
	return values
}

// Target takes a column of a table as what is to be predicted. classes are the
// classes of a classification; nil takes the column's own, by [Classes].
//
// Rows without a target value come back as absent, in ascending order: they
// have the label -1 or the value NaN, and have to be left out of a fit (see
// [Without]). So are infinite values of a regression. A value that is none of
// the given classes is an error.
func Target(t *table.Table, name string, task learn.Task, classes []string) (y *learn.Target, absent []int, err error) {
	if !task.Supervised() {
		return &learn.Target{Task: task, Rows: t.Rows()}, nil, nil
	}
	c := t.Column(name)
	if c == nil {
		return nil, nil, fmt.Errorf("target: %w", noColumn(t, name))
	}
	switch task {
	case learn.Regression:
		return regressionTarget(c)
	case learn.Classification:
	default:
		return nil, nil, fmt.Errorf("task is %q: want %q or %q", task, learn.Classification, learn.Regression)
	}
	if classes == nil {
		classes = Classes(c)
	}
	y = &learn.Target{Task: task, Classes: classes, Labels: lookup(c, indexOf(classes))}
	for i, k := range y.Labels {
		switch k {
		case missing:
			absent = append(absent, i)
		case unseen:
			// A number may be written in two ways: 1 as a class may be 1.0 or "1" here.
			if k = classOfNumber(c, i, classes); k < 0 {
				return nil, nil, fmt.Errorf("target %q is %q in row %d: want one of the classes %s", name, c.Text(i), i+1, list(classes))
			}
			y.Labels[i] = k
		}
	}
	return y, absent, nil
}

// Weights takes a column as sample weights; "" stands for none, all of them 1.
func Weights(t *table.Table, name string) ([]float64, error) {
	if name == "" {
		return nil, nil
	}
	c := t.Column(name)
	if c == nil {
		return nil, fmt.Errorf("weight: %w", noColumn(t, name))
	}
	weights, err := numbersOf(c)
	if err != nil {
		return nil, fmt.Errorf("weight: %w", err)
	}
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("weight %q is %q in row %d: want a number of at least 0", name, c.Text(i), i+1)
		}
	}
	return weights, nil
}

func classOfNumber(c *table.Column, i int, classes []string) int32 {
	v, err := strconv.ParseFloat(c.Text(i), 64)
	if err != nil {
		return unseen
	}
	return int32(slices.IndexFunc(classes, func(class string) bool {
		w, err := strconv.ParseFloat(class, 64)
		return err == nil && v == w
	}))
}

func regressionTarget(c *table.Column) (*learn.Target, []int, error) {
	v, err := numbersOf(c)
	if err != nil {
		return nil, nil, fmt.Errorf("target of a regression: %w", err)
	}
	y := &learn.Target{Task: learn.Regression, Values: slices.Clone(v)}
	var absent []int
	for i, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			y.Values[i] = math.NaN()
			absent = append(absent, i)
		}
	}
	return y, absent, nil
}

// Without lists the rows 0 to n-1 that are not in absent, which ascends.
func Without(n int, absent []int) []int {
	kept := make([]int, 0, n-len(absent))
	for i := range n {
		if len(absent) > 0 && absent[0] == i {
			absent = absent[1:]
			continue
		}
		kept = append(kept, i)
	}
	return kept
}

func list[T cmp.Ordered](values []T) string {
	if len(values) > 12 {
		return fmt.Sprintf("%v and %d more", values[:12], len(values)-12)
	}
	return fmt.Sprint(values)
}
