package linear

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/portable"
)

// A Model is a fitted linear model of any of the kinds.
type Model struct {
	kind         string
	classes      int       // outputs; 1 for a regression
	seen         []int32   // of classes: the classes that the fit had rows of, rising
	coefficients []float64 // rows x features, row-major; see Coefficients
	intercepts   []float64
	features     int
	converged    bool
	iterations   int
	loss         string  // sgd
	steps        float64 // sgd: the number of the next step
}

// Kinds lists the kinds of the models' States.
func Kinds() []string {
	return []string{KindLinear, KindRidge, KindLasso, KindElasticNet, KindLogistic, KindSGD}
}

// iterative says that a fit of that kind may not converge.
func iterative(kind string) bool { return kind != KindLinear && kind != KindRidge }

// Kind is what kind of model it is.
func (m *Model) Kind() string { return m.kind }

// Loss is the loss that SGD descended, "" for the other kinds.
func (m *Model) Loss() string { return m.loss }

// Coefficients returns one row for a regression or two classes, where the score
// is that of the second class against the first, and otherwise one row a class
// that the fit had rows of.
func (m *Model) Coefficients() [][]float64 {
	var out [][]float64
	for r := range m.intercepts {
		out = append(out, slices.Clone(m.row(r)))
	}
	return out
}

// Intercepts returns what is added to the score, one a row of Coefficients.
func (m *Model) Intercepts() []float64 { return slices.Clone(m.intercepts) }

// Seen returns the classes that the fit had rows of: the others have the
// probability 0. It is nil for a regression.
func (m *Model) Seen() []int32 { return slices.Clone(m.seen) }

// Converged says whether the fit ended because the optimum was reached, and
// after how many iterations; the closed forms always do, after 0.
func (m *Model) Converged() (bool, int) { return m.converged, m.iterations }

func (m *Model) row(r int) []float64 { return m.coefficients[r*m.features : (r+1)*m.features] }

// Outputs implements learn.Model.
func (m *Model) Outputs() int { return m.classes }

// Predict implements learn.Model. A row with a missing value is predicted as NaN.
func (m *Model) Predict(x *learn.Matrix) []float64 {
	d := &design{columns: x.Columns[:m.features], center: make([]float64, m.features), rows: x.Rows}
	out := make([]float64, x.Rows*m.classes)
	parts := blocks(x.Rows)
	_ = parallel.Each(context.Background(), runtime.GOMAXPROCS(0), parts, func(_, b int) {
		start := b * block
		rows := min(block, x.Rows-start)
		z := make([]float64, rows*len(m.intercepts))
		for r, c := range m.intercepts {
			d.scores(start, m.row(r), c, z[r*rows:(r+1)*rows])
		}
		m.outputs(z, rows, out[start*m.classes:(start+rows)*m.classes])
	})
	return out
}

// outputs turns scores, one run of rows a row of coefficients, into predictions.
func (m *Model) outputs(z []float64, rows int, out []float64) {
	switch {
	case m.seen == nil:
		copy(out, z)
	case len(m.seen) == 1:
		for i := range rows {
			out[i*m.classes+int(m.seen[0])] = 1
		}
	case len(m.seen) == 2:
		no, yes := int(m.seen[0]), int(m.seen[1])
		for i, z := range z {
			p := m.share(z)
			out[i*m.classes+no], out[i*m.classes+yes] = 1-p, p
		}
	default:
		p := make([]float64, len(m.seen))
		for i := range rows {
			for k := range p {
				p[k] = z[k*rows+i]
			}
			m.shares(p)
			for k, class := range m.seen {
				out[i*m.classes+int(class)] = p[k]
			}
		}
	}
}

// share is the probability of a class by its score against all others. Where the
// loss has a margin, it rises along that from 0 to 1; a millionth of it is the
// sigmoid, which tells apart what lies beyond.
func (m *Model) share(z float64) float64 {
	p := portable.Sigmoid(z)
	if m.kind == KindLogistic || m.loss == "log_loss" {
		return p
	}
	return float64((1-1e-6)*(max(-1, min(1, z))+1)/2) + float64(1e-6*p)
}

// shares turns the scores of all classes into probabilities.
func (m *Model) shares(z []float64) {
	if m.kind == KindLogistic {
		portable.Softmax(z)
		return
	}
	sum := 0.0
	for k, v := range z {
		z[k] = m.share(v)
		sum += z[k]
	}
	for k := range z {
		if z[k] /= sum; sum < 1e-300 {
			z[k] = 1 / float64(len(z))
		}
	}
}

// State implements learn.Model.
func (m *Model) State() learn.State {
	s := learn.State{
		Kind:   m.kind,
		Params: map[string]any{},
		Tensors: map[string]learn.Tensor{
			"coefficients": {Shape: []int{len(m.intercepts), m.features}, Data: slices.Clone(m.coefficients)},
			"intercepts":   {Shape: []int{len(m.intercepts)}, Data: slices.Clone(m.intercepts)},
		},
	}
	if iterative(m.kind) {
		s.Params["converged"] = m.converged
		s.Params["iterations"] = float64(m.iterations)
	}
	if m.kind == KindSGD {
		s.Params["loss"], s.Params["steps"] = m.loss, m.steps
	}
	if m.seen != nil {
		s.Params["classes"] = float64(m.classes)
		s.Tensors["seen"] = learn.Tensor{Shape: []int{len(m.seen)}, Data: slices.Clone(m.seen)}
	}
	return s
}

// FromState restores a model of any of the kinds, and refuses a state that Fit
// cannot have made.
func FromState(s learn.State) (learn.Model, error) {
	m := &Model{kind: s.Kind, classes: 1, converged: true}
	if !slices.Contains(Kinds(), s.Kind) {
		return nil, fmt.Errorf("linear: a state of kind %q, want one of %q", s.Kind, Kinds())
	}
	bad := func(format string, args ...any) (learn.Model, error) {
		return nil, fmt.Errorf("%s: "+format, append([]any{s.Kind}, args...)...)
	}
	w, b := s.Tensors["coefficients"], s.Tensors["intercepts"]
	var ok bool
	if m.coefficients, ok = w.Data.([]float64); !ok {
		return bad("the tensor coefficients is missing or not of float64")
	}
	if m.intercepts, ok = b.Data.([]float64); !ok {
		return bad("the tensor intercepts is missing or not of float64")
	}
	if len(w.Shape) != 2 || w.Shape[1] < 1 || w.Shape[0] != len(m.intercepts) || len(m.intercepts) == 0 ||
		len(m.coefficients)/w.Shape[1] != w.Shape[0] || len(m.coefficients)%w.Shape[1] != 0 ||
		len(b.Shape) != 1 || b.Shape[0] != len(m.intercepts) {
		return bad("%d coefficients of shape %v do not go with %d intercepts of shape %v", len(m.coefficients), w.Shape, len(m.intercepts), b.Shape)
	}
	m.features = w.Shape[1]
	if iterative(s.Kind) {
		iterations, _ := s.Params["iterations"].(float64)
		m.converged, _ = s.Params["converged"].(bool)
		if iterations != math.Trunc(iterations) || !(iterations >= 0 && iterations <= math.MaxInt32) {
			return bad("%v iterations", s.Params["iterations"])
		}
		m.iterations = int(iterations)
	}
	ofClasses := s.Kind == KindLogistic
	if s.Kind == KindSGD {
		m.loss, _ = s.Params["loss"].(string)
		m.steps, _ = s.Params["steps"].(float64)
		_, ofClasses = s.Tensors["seen"]
		if !slices.Contains(losses(ofClasses), m.loss) || !(m.steps >= 1) || !finite(m.steps) {
			return bad("the loss %q in step %v", m.loss, m.steps)
		}
	}
	rows := 1
	if ofClasses {
		classes, _ := s.Params["classes"].(float64)
		seen := s.Tensors["seen"]
		if m.seen, ok = seen.Data.([]int32); !ok || len(m.seen) == 0 || len(seen.Shape) != 1 || seen.Shape[0] != len(m.seen) {
			return bad("the tensor seen is missing or no list of int32")
		}
		if classes != math.Trunc(classes) || classes < 2 || classes > math.MaxInt32 {
			return bad("%v classes", s.Params["classes"])
		}
		m.classes = int(classes)
		for i, class := range m.seen {
			if class < 0 || int(class) >= m.classes || i > 0 && class <= m.seen[i-1] {
				return bad("class %d is out of order or none of the %d", class, m.classes)
			}
		}
		if len(m.seen) > 2 {
			rows = len(m.seen)
		}
	}
	if len(m.intercepts) != rows {
		return bad("%d rows of coefficients, want %d", len(m.intercepts), rows)
	}
	if err := m.check(nil); err != nil {
		return bad("%w", err)
	}
	m.coefficients, m.intercepts, m.seen = slices.Clone(m.coefficients), slices.Clone(m.intercepts), slices.Clone(m.seen)
	return m, nil
}

// check reports a coefficient that is no finite number.
func (m *Model) check(names []string) error {
	for i, v := range m.coefficients {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			name := fmt.Sprint(i % m.features)
			if names != nil {
				name = fmt.Sprintf("%q", names[i%m.features])
			}
			return fmt.Errorf("the coefficient of feature %s is %v: rescale the feature", name, v)
		}
	}
	for _, v := range m.intercepts {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("the intercept is %v: rescale the features", v)
		}
	}
	return nil
}
