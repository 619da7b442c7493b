// Package bayes is the naive Bayes classifier: features are taken to say
// something about the class each by itself.
package bayes

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
)

// NaiveBayes are the parameters. Gaussian: a feature is normal within a class
// (scikit-learn's GaussianNB). Multinomial: features are counts, as of words,
// and a row's are drawn with the class's frequencies (MultinomialNB). A zero
// Distribution, Smoothing or Alpha means its default.
type NaiveBayes struct {
	Distribution string  `json:"distribution,omitempty" default:"gaussian" enum:"gaussian,multinomial" doc:"gaussian: features are normal within a class; multinomial: features are counts, as of words, and never negative"`
	Smoothing    float64 `json:"var_smoothing,omitempty" default:"1e-9" min:"0" max:"1" doc:"gaussian: this share of the largest variance of a feature is added to all variances"`
	Alpha        float64 `json:"alpha,omitempty" default:"1" min:"0" max:"1e6" doc:"multinomial: added to all counts"`
	EqualPriors  bool    `json:"equal_priors,omitempty" default:"false" doc:"classes are as probable before the features are known, rather than as frequent as in the training rows"`
}

// Fit learns from all rows at once; see [Partial] for rows that come in parts.
func (n NaiveBayes) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	if y.Task != learn.Classification {
		return nil, fmt.Errorf("naive bayes: the task is %s: it is for classification", y.Task)
	}
	p, err := n.Begin(x.Names, y.Classes)
	if err == nil {
		err = p.Add(x, y, opts)
	}
	if err != nil {
		return nil, err
	}
	if opts != nil && opts.Progress != nil {
		opts.Progress(1, 1)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return p.Model()
}

// A Partial is what has been learned of the rows so far: sums a class and
// feature. After the same rows it makes the same model as Fit, but for rounding.
type Partial struct {
	NaiveBayes
	names   []string
	classes []string
	weights []float64   // of the rows of each class
	first   [][]float64 // a class: of each feature the weighted mean (gaussian) or sum
	second  [][]float64 // gaussian: and the weighted sum of squared distances from it
	rows    float64     // what follows is of all rows, unweighted, for the smoothing
	mean    []float64
	squares []float64
}

// Begin makes a Partial that has seen no row yet, of these features and classes.
func (n NaiveBayes) Begin(features, classes []string) (*Partial, error) {
	if n.Distribution == "" {
		n.Distribution = "gaussian"
	}
	if n.Smoothing == 0 {
		n.Smoothing = 1e-9
	}
	if n.Alpha == 0 {
		n.Alpha = 1
	}
	switch {
	case n.Distribution != "gaussian" && n.Distribution != "multinomial":
		return nil, fmt.Errorf("naive bayes: distribution is %q: want gaussian or multinomial", n.Distribution)
	case !(n.Smoothing > 0) || math.IsInf(n.Smoothing, 0) || !(n.Alpha > 0) || math.IsInf(n.Alpha, 0):
		return nil, fmt.Errorf("naive bayes: var_smoothing is %v and alpha %v: want positive numbers", n.Smoothing, n.Alpha)
	case len(features) == 0 || len(classes) < 2:
		return nil, fmt.Errorf("naive bayes: %d features and %d classes: want at least 1 and 2", len(features), len(classes))
	}
	p := &Partial{NaiveBayes: n, names: features, classes: classes, weights: make([]float64, len(classes)),
		mean: make([]float64, len(features)), squares: make([]float64, len(features))}
	for range classes {
		p.first = append(p.first, make([]float64, len(features)))
		p.second = append(p.second, make([]float64, len(features)))
	}
	return p, nil
}

// Add learns from more rows. Where it returns an error it has learned nothing of them.
func (p *Partial) Add(x *learn.Matrix, y *learn.Target, opts *learn.Options) error {
	if err := p.add(x, y, opts); err != nil {
		return fmt.Errorf("naive bayes: %w", err)
	}
	return nil
}

func (p *Partial) add(x *learn.Matrix, y *learn.Target, opts *learn.Options) error {
	if y.Task != learn.Classification {
		return fmt.Errorf("the task is %s: it is for classification", y.Task)
	}
	if len(x.Columns) != len(p.names) || len(y.Classes) != len(p.classes) {
		return fmt.Errorf("%d features and %d classes, want %d and %d", len(x.Columns), len(y.Classes), len(p.names), len(p.classes))
	}
	if err := learn.CheckFit(x, y, opts); err != nil {
		return err
	}
	var weights []float64
	if opts != nil {
		weights = opts.Weights
	}
	if err := learn.CheckWeights(weights); err != nil {
		return err
	}
	for j, col := range x.Columns {
		for i, v := range col {
			switch {
			case v != v:
				return fmt.Errorf("feature %q is missing in row %d: impute first", x.Names[j], i)
			case v < 0 && p.Distribution == "multinomial":
				return fmt.Errorf("feature %q is %v in row %d: counts are not negative, so leave such features out, or take the gaussian distribution", x.Names[j], v, i)
			case math.Abs(v) > largest:
				return fmt.Errorf("feature %q is %v in row %d, too large to square: scale or cap it first", x.Names[j], v, i)
			}
		}
	}
	x, y, weights = learn.WithWeight(x, y, weights)
	if p.Distribution == "multinomial" {
		p.count(x, y, weights)
	} else {
		p.moments(x, y, weights)
	}
	return nil
}

const largest = 1e120 // its square times as many rows as there may be is finite

func weight(weights []float64, i int) float64 {
	if weights == nil {
		return 1
	}
	return weights[i]
}

func (p *Partial) count(x *learn.Matrix, y *learn.Target, weights []float64) {
	for i, l := range y.Labels {
		p.weights[l] += weight(weights, i)
	}
	for j, col := range x.Columns {
		for i, l := range y.Labels {
			p.first[l][j] += float64(weight(weights, i) * col[i])
		}
	}
}

// moments merges the means and squared distances of these rows with those of the
// rows before (Chan, Golub and LeVeque 1979).
func (p *Partial) moments(x *learn.Matrix, y *learn.Target, weights []float64) {
	classes := len(p.classes)
	total := make([]float64, classes)
	for i, l := range y.Labels {
		total[l] += weight(weights, i)
	}
	rows := float64(x.Rows)
	for j, col := range x.Columns {
		mean, squares := make([]float64, classes), make([]float64, classes)
		all, allSquares := 0.0, 0.0
		for i, l := range y.Labels {
			mean[l] += float64(weight(weights, i) / total[l] * col[i])
			all += col[i] / rows
		}
		for i, l := range y.Labels {
			d, e := col[i]-mean[l], col[i]-all
			squares[l] += float64(weight(weights, i) * float64(d*d))
			allSquares += float64(e * e)
		}
		for k := range classes {
			if total[k] > 0 {
				merge(&p.first[k][j], &p.second[k][j], p.weights[k], mean[k], squares[k], total[k])
			}
		}
		merge(&p.mean[j], &p.squares[j], p.rows, all, allSquares, rows)
	}
	for k, w := range total {
		p.weights[k] += w
	}
	p.rows += rows
}

func merge(mean, squares *float64, before, moreMean, moreSquares, more float64) {
	d := moreMean - *mean
	share := more / (before + more)
	*mean += float64(d * share)
	*squares += moreSquares + float64(float64(d*d)*float64(before*share))
}

// Model is the classifier of the rows so far, of which there must be some.
func (p *Partial) Model() (learn.Model, error) {
	total := 0.0
	for _, w := range p.weights {
		total += w
	}
	if total == 0 {
		return nil, fmt.Errorf("naive bayes: there were no rows yet")
	}
	m := &Model{multinomial: p.Distribution == "multinomial", features: len(p.names), priors: make([]float64, len(p.weights))}
	seen := 0.0
	for _, w := range p.weights {
		if w > 0 {
			seen++
		}
	}
	for k, w := range p.weights {
		if m.priors[k] = w / total; p.EqualPriors && w > 0 {
			m.priors[k] = 1 / seen
		}
	}
	if m.multinomial {
		p.frequencies(m)
	} else {
		p.normals(m)
	}
	m.prepare()
	return m, nil
}

func (p *Partial) frequencies(m *Model) {
	for _, counts := range p.first {
		sum := 0.0
		for _, c := range counts {
			sum += c + p.Alpha
		}
		for _, c := range counts {
			m.first = append(m.first, (c+p.Alpha)/sum)
		}
	}
}

func (p *Partial) normals(m *Model) {
	widest := 0.0
	for _, s := range p.squares {
		widest = max(widest, s/p.rows)
	}
	extra := float64(p.Smoothing * widest)
	if extra < least { // nothing varies
		extra = max(p.Smoothing, least)
	}
	for k, w := range p.weights {
		m.first = append(m.first, p.first[k]...)
		for _, s := range p.second[k] {
			if w > 0 {
				m.second = append(m.second, s/w+extra)
			} else {
				m.second = append(m.second, extra)
			}
		}
	}
}

const least = 1e-300 // of a variance
