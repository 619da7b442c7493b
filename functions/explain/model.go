package explain

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/baseline"
	"github.com/runnel-dev/runnel/learn/cluster"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/explain"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/neural"
	"github.com/runnel-dev/runnel/table"
)

// The methods by which predictions are explained.
const (
	TreeSHAP           = "tree_shap"                // exact, by the paths of the trees
	InterventionalSHAP = "interventional_tree_shap" // exact, against background rows: of trees that do not say how many training rows came where

	LinearSHAP = "linear_shap" // exact, where features are independent
	KernelSHAP = "kernel_shap" // by predictions alone, against background rows

	MemberSHAP       = "member_shap"        // the sum of members' values, each exact against background rows
	MemberKernelSHAP = "member_kernel_shap" // the same, but for members that are explained by Kernel SHAP

	IntegratedGradients = "integrated_gradients" // of a network, from the mean of background rows
)

// The scales of what is explained.
const (
	Probability = "probability"
	LogOdds     = "log_odds"      // of the second of two classes
	Score       = "score"         // of a class: its probability is e^score over the sum of all classes'
	RestOdds    = "log_odds_rest" // of a class against all others
	Margin      = "margin"        // of a class: from -1, where it is impossible, to 1, where it is sure, and beyond
	Nearness    = "nearness"      // of a cluster: by how much the squared distance from its centre is below the mean of those from all centres
	LogScore    = "log2_score"    // of an anomaly: its score is 2 to that
	LogValue    = "log_value"
	Value       = "value"
)

// An Explanation says what each raw column adds to the predictions of some rows.
type Explanation struct {
	Dataset   string   `json:"dataset,omitempty"`
	Target    string   `json:"target"`
	Estimator string   `json:"estimator,omitempty"`
	Method    string   `json:"method"`
	Scale     string   `json:"scale"`            // of base and values
	Subset    string   `json:"subset,omitempty"` // that the rows are of
	Rows      []int    `json:"rows"`             // their numbers in the dataset, from 0
	Columns   []Column `json:"columns"`          // the most important first
	Outputs   []Output `json:"outputs"`

	Permuted *Permuted `json:"permuted,omitempty"`

	cells *table.Table // the rows, in their raw form, as the model takes them
}

// An Output is a class, or the value of a regression. The base plus a row's
// values is what the model says of the row, on the scale of the explanation.
type Output struct {
	Class       string      `json:"class,omitempty"`
	Base        float64     `json:"base"`
	Importances []float64   `json:"importances"` // the mean size of the values of each column
	Values      [][]float64 `json:"values"`      // rows x columns
}

// Total is what the model says of a row.
func (o *Output) Total(row int) float64 {
	sum := o.Base
	size := math.Abs(sum)
	for _, v := range o.Values[row] {
		sum += v
		size += math.Abs(v)
	}
	if math.Abs(sum) < 1e-14*size {
		return 0 // what is left of 0 when numbers are rounded
	}
	return sum
}

// Rows explains a model's predictions for raw rows. background are raw rows that
// those of a model without trees, or of trees that were read from ONNX, are compared with; nil: what the transformers
// make of a row of missing values.
func Rows(ctx context.Context, m *model.Model, rows, background *table.Table, opts *explain.Options) (*Explanation, error) {
	cells, err := m.CheckInput(rows)
	if err != nil {
		return nil, err
	}
	if cells.Rows() == 0 {
		return nil, fmt.Errorf("there are no rows to explain")
	}
	x, err := features(m, cells)
	if err != nil {
		return nil, err
	}
	e := &Explanation{Target: m.Target, cells: cells}
	values, classes, err := e.values(ctx, m, x, background, opts)
	if err != nil {
		return nil, err
	}
	columns, of, err := columnsOf(m, cells)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(columns))
	for g, c := range columns {
		names[g] = c.Name
	}
	if values, err = values.Grouped(names, of); err != nil {
		return nil, err
	}
	e.fill(values, columns, classes)
	for i := range cells.Rows() {
		e.Rows = append(e.Rows, i)
	}
	return e, nil
}

// values explains a feature matrix, and says of which class each output is. Of
// two classes the second is explained: the first is its mirror image.
func (e *Explanation) values(ctx context.Context, m *model.Model, x *learn.Matrix, background *table.Table, opts *explain.Options) (*explain.Values, []string, error) {
	e.Scale = Value
	switch estimator := m.Estimator.(type) {
	case ensemble.Opener:
		e.Method = TreeSHAP
		open := estimator.Ensemble()
		open.Features = m.Features
		switch {
		case open.Link == ensemble.Log:
			e.Scale = LogValue
		case open.Link == ensemble.Logistic:
			e.Scale = LogOdds
		case open.Link == ensemble.Softmax:
			e.Scale = Score
		case m.Task == learn.Classification:
			e.Scale = Probability
		case m.Task == learn.AnomalyDetection:
			e.Scale = LogScore
		}
		trees, err := explain.NewTrees(open)
		if err != nil {
			return nil, nil, err
		}
		var v *explain.Values
		if trees.Covered() {
			v, err = trees.Explain(ctx, x, opts)
		} else {
			v, err = e.against(ctx, m, trees, background, x, opts)
		}
		if err != nil {
			return nil, nil, err
		}
		v, classes := ofClasses(v, m.Classes)
		return v, classes, nil
	case *baseline.Model:
		return nil, nil, &notExplained{m.Estimator.State().Kind}
	}
	b, err := e.compared(m, background)
	if err != nil {
		return nil, nil, err
	}
	switch estimator := m.Estimator.(type) {
	case *linear.Model:
		e.Method = LinearSHAP
		v, err := explain.Linear(estimator.Coefficients(), estimator.Intercepts(), b, x)
		if err != nil || m.Task != learn.Classification {
			return v, []string{""}, err
		}
		seen := classesOf(m, estimator.Seen())
		bySGD := estimator.Kind() == linear.KindSGD
		switch {
		case bySGD && estimator.Loss() != "log_loss":
			e.Scale = Margin
		case len(seen) <= 2:
			e.Scale = LogOdds
		case bySGD:
			e.Scale = RestOdds
		default:
			e.Scale = Score
		}
		v, classes := ofClasses(v, seen)
		return v, classes, nil
	case *cluster.Clusters:
		if estimator.Outputs() < 2 {
			return nil, nil, &notExplained{cluster.Kind}
		}
		e.Method, e.Scale = LinearSHAP, Nearness
		coefficients, intercepts := estimator.Scores()
		v, err := explain.Linear(coefficients, intercepts, b, x)
		if err != nil {
			return nil, nil, err
		}
		names := make([]string, len(intercepts))
		for k := range names {
			names[k] = fmt.Sprintf("cluster %d", k)
		}
		v, classes := ofClasses(v, names)
		return v, classes, nil
	case *neural.Model:
		e.Method = IntegratedGradients
		v, err := explain.Integrated(ctx, estimator.Gradients, b, x, opts)
		if err != nil || m.Task != learn.Classification {
			return v, []string{""}, err
		}
		seen := classesOf(m, estimator.Seen)
		if e.Scale = LogOdds; len(seen) > 2 {
			e.Scale = Score
		}
		v, classes := ofClasses(v, seen)
		return v, classes, nil
	default:
		if b.Rows > mostKernel {
			b = b.Take(sample(allRows(b.Rows), mostKernel, m.Seed))
		}
		if c, combined := estimator.(*combine.Model); combined {
			if s, ok := composed(m, c); ok {
				if e.Method = MemberSHAP; len(s.others) > 0 {
					e.Method = MemberKernelSHAP
				}
				e.Scale = s.scale
				v, err := e.byMembers(ctx, m, s, b, x, opts)
				if err != nil {
					return nil, nil, err
				}
				v, classes := ofClasses(v, s.classes)
				return v, classes, nil
			}
		}
		e.Method = KernelSHAP
		if m.Task == learn.Classification {
			e.Scale = Probability
		}
		v, err := e.byColumn(ctx, m, b, x, opts)
		if err != nil {
			return nil, nil, err
		}
		v, classes := ofClasses(v, m.Classes)
		return v, classes, nil
	}
}

// mostAgainst is how many background rows trees are explained against.
const mostAgainst = 100

// against explains trees by raw columns against background rows.
func (e *Explanation) against(ctx context.Context, m *model.Model, trees *explain.Trees, background *table.Table, x *learn.Matrix, opts *explain.Options) (*explain.Values, error) {
	e.Method = InterventionalSHAP
	b, err := e.compared(m, background)
	if err != nil {
		return nil, err
	}
	names, of, err := namesOf(m, e.cells)
	if err != nil {
		return nil, err
	}
	v, err := trees.GroupsAgainst(ctx, b.Take(sample(allRows(b.Rows), mostAgainst, m.Seed)), x, names, of, opts)
	if err != nil {
		return nil, err
	}
	return perFeature(v, m.Features, of), nil
}

// covered reports whether trees say how many training rows came where; false of
// what are no trees.
func covered(m *model.Model) bool {
	open, ok := m.Estimator.(ensemble.Opener)
	if !ok {
		return false
	}
	trees := open.Ensemble()
	trees.Features = m.Features
	t, err := explain.NewTrees(trees)
	return err == nil && t.Covered()
}

// classesOf are the names of classes.
func classesOf(m *model.Model, classes []int32) []string {
	out := make([]string, len(classes))
	for i, k := range classes {
		out[i] = m.Classes[k]
	}
	return out
}

// mostKernel is how many background rows Kernel SHAP compares with: it predicts
// some thousand sets of features for each.
const mostKernel = 50

func allRows(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// compared is the features of background rows.
func (e *Explanation) compared(m *model.Model, background *table.Table) (*learn.Matrix, error) {
	if background == nil {
		background = &table.Table{Columns: make([]*table.Column, len(e.cells.Columns))}
		for j, c := range e.cells.Columns {
			background.Columns[j] = c.Take([]int{0})
			background.Columns[j].SetMissing(0)
		}
	}
	t, err := m.CheckInput(background)
	if err != nil {
		return nil, err
	}
	return features(m, t)
}

// notExplained says that there is nothing to explain a kind of model by.
type notExplained struct{ kind string }

func (e *notExplained) Error() string {
	return fmt.Sprintf("a model of kind %q is not explained: its prediction does not depend on the features", e.kind)
}

// ofClasses leaves one output of two, and names each.
func ofClasses(v *explain.Values, classes []string) (*explain.Values, []string) {
	if len(classes) == 0 {
		return v, []string{""}
	}
	if len(classes) != 2 {
		return v, classes
	}
	if v.Outputs() == 2 {
		one := &explain.Values{Features: v.Features, Rows: v.Rows, Base: v.Base[1:]}
		for i := range v.Rows {
			one.Added = append(one.Added, v.Of(i, 1)...)
		}
		v = one
	}
	return v, classes[1:]
}

// fill takes the values of columns, which it puts in the order of their importance.
func (e *Explanation) fill(v *explain.Values, columns []Column, classes []string) {
	total := make([]float64, len(columns))
	importances := make([][]float64, v.Outputs())
	for k := range importances {
		importances[k] = v.Importances(k)
		for g, w := range importances[k] {
			total[g] += w
		}
	}
	order := explain.Order(total)
	for _, g := range order {
		e.Columns = append(e.Columns, columns[g])
	}
	for k, class := range classes {
		o := Output{Class: class, Base: v.Base[k]}
		for _, g := range order {
			o.Importances = append(o.Importances, importances[k][g])
		}
		for i := range v.Rows {
			row := make([]float64, len(order))
			for c, g := range order {
				row[c] = v.Of(i, k)[g]
			}
			o.Values = append(o.Values, row)
		}
		e.Outputs = append(e.Outputs, o)
	}
}
