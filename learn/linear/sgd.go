package linear

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// SGD is a linear model fitted by stochastic gradient descent: row after row, it
// goes a step down the loss of the row. It is scikit-learn's SGDClassifier and
// SGDRegressor (Bottou 2010; for the penalty on sizes Tsuruoka, Tsujii, Ananiadou
// 2009), and finds the same where rows are taken in their order. A model of more
// classes than two has a score each, of the class against all others.
//
// It is for more rows than there is time for: PartialFit goes on from a model.
// Features should be of a scale, about 1.
type SGD struct {
	Loss         string  `json:"loss" default:"auto" enum:"auto,log_loss,hinge,modified_huber,squared_error,huber,epsilon_insensitive" doc:"What is descended: log_loss, hinge or modified_huber for classes, the others for values; auto is log_loss or squared_error."`
	Alpha        float64 `json:"alpha" default:"1e-4" min:"0" doc:"Strength of the penalty on the coefficients."`
	L1Ratio      float64 `json:"l1_ratio" default:"0" min:"0" max:"1" doc:"Share of the penalty on the coefficients' sizes, which makes some of them 0; the rest is on their squares."`
	LearningRate string  `json:"learning_rate" default:"auto" enum:"auto,optimal,invscaling,constant,adaptive" doc:"Length of a step: optimal falls with 1 / (alpha t), invscaling is eta0 / t^power_t, adaptive a fifth of what it was where the loss stays; auto is optimal for classes, invscaling for values."`
	Eta0         float64 `json:"eta0" default:"0.01" min:"0" doc:"Length of the first step, but of optimal."`
	PowerT       float64 `json:"power_t" default:"0.25" min:"0" doc:"How fast steps get shorter with invscaling."`
	Epsilon      float64 `json:"epsilon" default:"0.1" min:"0" doc:"What huber takes for small, and epsilon_insensitive for nothing."`
	MaxIter      int     `json:"max_iter" default:"1000" min:"1" doc:"Most rounds over the rows."`
	Tolerance    float64 `json:"tolerance" default:"1e-3" min:"0" doc:"What a round must improve the mean loss by."`
	Patience     int     `json:"patience" default:"5" min:"1" doc:"Rounds without such an improvement after which it ends."`
	ClassWeight  string  `json:"class_weight" default:"none" enum:"none,balanced" doc:"balanced: every class counts as much as any other."`
	NoShuffle    bool    `json:"no_shuffle" default:"false" doc:"Take the rows in their order, in every round."`
	NoIntercept  bool    `json:"no_intercept" default:"false" doc:"Let the score be 0 where all features are 0."`
}

// NewSGD is an SGD with the default parameters.
func NewSGD() SGD {
	return SGD{Loss: "auto", Alpha: 1e-4, LearningRate: "auto", Eta0: 0.01, PowerT: 0.25, Epsilon: 0.1,
		MaxIter: 1000, Tolerance: 1e-3, Patience: 5, ClassWeight: "none"}
}

// losses lists those of classes, or of values; the first is the usual one.
func losses(ofClasses bool) []string {
	if ofClasses {
		return []string{"log_loss", "hinge", "modified_huber"}
	}
	return []string{"squared_error", "huber", "epsilon_insensitive"}
}

// of fills in what is auto, and checks.
func (p SGD) of(task learn.Task) (SGD, error) {
	suited, rate := losses(task == learn.Classification), "invscaling"
	if task == learn.Classification {
		rate = "optimal"
	}
	if p.Loss == "auto" || p.Loss == "" {
		p.Loss = suited[0]
	}
	if p.LearningRate == "auto" || p.LearningRate == "" {
		p.LearningRate = rate
	}
	for name, v := range map[string]float64{"alpha": p.Alpha, "eta0": p.Eta0, "power_t": p.PowerT, "epsilon": p.Epsilon, "tolerance": p.Tolerance} {
		if !(v >= 0) || math.IsInf(v, 0) {
			return p, fmt.Errorf("%s is %v, not a number of at least 0", name, v)
		}
	}
	switch {
	case !slices.Contains(suited, p.Loss):
		return p, fmt.Errorf("loss is %q, and the target is of %s: use one of %q", p.Loss, task, suited)
	case !slices.Contains([]string{"optimal", "invscaling", "constant", "adaptive"}, p.LearningRate):
		return p, fmt.Errorf("learning_rate is %q: use optimal, invscaling, constant or adaptive", p.LearningRate)
	case p.LearningRate == "optimal" && p.Alpha == 0:
		return p, fmt.Errorf("alpha is 0, by which the learning rate optimal divides: use another, or a small alpha")
	case p.LearningRate != "optimal" && p.Eta0 == 0:
		return p, fmt.Errorf("eta0 is 0: no step would go anywhere")
	case !(p.L1Ratio >= 0 && p.L1Ratio <= 1):
		return p, fmt.Errorf("l1_ratio is %v, not from 0 to 1", p.L1Ratio)
	case p.ClassWeight != "" && p.ClassWeight != "none" && p.ClassWeight != "balanced":
		return p, fmt.Errorf("class_weight is %q: use none or balanced", p.ClassWeight)
	case p.MaxIter < 1 || p.Patience < 1:
		return p, fmt.Errorf("max_iter is %d and patience %d, not at least 1", p.MaxIter, p.Patience)
	}
	return p, nil
}

// Fit implements learn.Estimator. A class that no row is of, or only rows of
// weight 0, gets the probability 0.
func (p SGD) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	p, err := p.of(y.Task)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", KindSGD, err)
	}
	m, err := p.fit(ctx, nil, p.MaxIter, x, y, opts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", KindSGD, err)
	}
	return m, nil
}

// PartialFit goes on from a model that SGD made, by one round over more rows, and
// returns another; nil starts anew. The rows' features and classes are those of the
// model's fit; a class that it has not seen any row of is taken up. The model need
// not be of the same parameters but for the loss.
func (p SGD) PartialFit(ctx context.Context, m *Model, x *learn.Matrix, y *learn.Target, opts *learn.Options) (*Model, error) {
	fail := func(err error) (*Model, error) { return nil, fmt.Errorf("%s: going on: %w", KindSGD, err) }
	p, err := p.of(y.Task)
	if err != nil {
		return fail(err)
	}
	switch {
	case p.ClassWeight == "balanced":
		return fail(fmt.Errorf("some rows do not tell what balances the classes: give them weights"))
	case m != nil && (m.kind != KindSGD || m.loss != p.Loss):
		return fail(fmt.Errorf("the model is of kind %s and loss %q, want %s and %q", m.kind, m.loss, KindSGD, p.Loss))
	case m != nil && (m.features != len(x.Columns) || m.kind == KindSGD && y.Task == learn.Classification && m.classes != len(y.Classes)):
		return fail(fmt.Errorf("the model is of %d features and %d classes, the rows of %d and %d", m.features, m.classes, len(x.Columns), len(y.Classes)))
	}
	out, err := p.fit(ctx, m, 1, x, y, opts)
	if err != nil {
		return fail(err)
	}
	return out, nil
}

// fit makes some rounds, from a model where it is not nil. Parameters are checked.
func (p SGD) fit(ctx context.Context, from *Model, rounds int, x *learn.Matrix, y *learn.Target, opts *learn.Options) (*Model, error) {
	seed := uint64(from.rounds())
	if opts != nil {
		seed += opts.Seed
	}
	var rng *splitmix.Source
	if !p.NoShuffle {
		stream := splitmix.Stream(^seed, 0)
		rng = &stream
	}
	r, err := newRows(ctx, x, y, opts, rng)
	if err != nil {
		return nil, err
	}
	m := &Model{kind: KindSGD, loss: p.Loss, classes: 1, features: len(x.Columns), steps: 1, converged: true}
	scores := 1
	if y.Task == learn.Classification {
		m.classes = len(y.Classes)
		if scores, err = m.see(from, r, p.ClassWeight == "balanced"); err != nil {
			return nil, err
		}
	}
	m.coefficients, m.intercepts = make([]float64, scores*m.features), make([]float64, scores)
	if from != nil {
		m.steps, m.iterations = from.steps, from.iterations
		m.take(from)
	}
	progress := func(int) {}
	if opts != nil && opts.Progress != nil {
		var one sync.Mutex
		done := 0
		progress = func(more int) {
			one.Lock()
			defer one.Unlock()
			done += more
			opts.Progress(done, scores*rounds)
		}
	}
	made, errs := make([]int, scores), make([]error, scores)
	tight := make([]bool, scores)
	err = parallel.Each(ctx, opts.ThreadCount(), scores, func(_, k int) {
		if m.classes > 1 && len(m.seen) < 2 {
			progress(rounds)
			return
		}
		d := descent{SGD: p, rows: r, class: -1, w: m.row(k), b: m.intercepts[k], t: m.steps, seed: seed}
		if m.classes > 1 {
			d.class = m.seen[k]
		}
		if len(m.seen) == 2 {
			d.class, d.both = m.seen[1], true
		}
		made[k], tight[k], errs[k] = d.run(ctx, rounds, progress)
		m.intercepts[k] = d.b
		progress(rounds - made[k])
	})
	for _, e := range errs {
		if err == nil {
			err = e
		}
	}
	if err != nil {
		return nil, err
	}
	most := slices.Max(made)
	m.iterations += most
	m.steps += float64(float64(most) * float64(r.rows))
	for k := range tight {
		m.converged = m.converged && (tight[k] || made[k] == 0)
	}
	return m, m.check(x.Names)
}

// rounds is how many have been made over the rows.
func (m *Model) rounds() int {
	if m == nil {
		return 0
	}
	return m.iterations
}

// see lists the classes that there have been rows of, balances them where asked
// to, and returns the number of scores that tell them apart.
func (m *Model) see(from *Model, r *sgdRows, balanced bool) (scores int, err error) {
	weight := make([]float64, m.classes)
	total := 0.0
	for i := range r.rows {
		weight[r.labels[i]] += r.weight(i)
		total += r.weight(i)
	}
	for c, w := range weight {
		if w > 0 || from != nil && slices.Contains(from.seen, int32(c)) {
			m.seen = append(m.seen, int32(c))
		}
	}
	r.class = make([]float64, m.classes)
	for c := range r.class {
		if r.class[c] = 1; balanced && weight[c] > 0 {
			r.class[c] = total / weight[c] / float64(len(m.seen))
		}
	}
	if len(m.seen) > 2 {
		return len(m.seen), nil
	}
	return 1, nil
}

// take takes over the scores of a model of the same classes or fewer.
func (m *Model) take(from *Model) {
	if len(from.seen) == len(m.seen) {
		copy(m.coefficients, from.coefficients)
		copy(m.intercepts, from.intercepts)
		return
	}
	if len(from.seen) == 1 {
		return // one class has no score
	}
	for k, c := range from.seen {
		row, by := k, 1.0
		if len(from.seen) == 2 { // the score is that of the second; the first's is its mirror image
			row, by = 0, float64(2*k-1)
		}
		at := slices.Index(m.seen, c)
		m.intercepts[at] = by * from.intercepts[row]
		for j, v := range from.row(row) {
			m.row(at)[j] = by * v
		}
	}
}
