// Package decompose finds the few directions in which data varies most.
package decompose

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/moments"
)

// A PCA is a principal component analysis of standardised features: each is
// shifted by its mean and divided by its population standard deviation, and a
// missing value is the mean. Directions and shares are those of scikit-learn's
// PCA after SimpleImputer and StandardScaler.
type PCA struct {
	Mean       []float64   // of each feature, missing values left out
	Scale      []float64   // of each feature; 1 where it is constant
	Components [][]float64 // unit vectors, strongest first; the entry of largest size is positive
	Variance   []float64   // variance along each component (n - 1)
	Share      []float64   // of the total variance, of each component
}

// FitPCA finds the first components directions, or as many as there are
// features. It takes features^2 x rows time and features^2 space.
func FitPCA(x *learn.Matrix, components int) (*PCA, error) {
	p := len(x.Columns)
	switch {
	case p == 0:
		return nil, fmt.Errorf("no features to decompose")
	case x.Rows < 2:
		return nil, fmt.Errorf("%d row(s) to decompose: want at least 2", x.Rows)
	case components < 1:
		return nil, fmt.Errorf("%d components asked for: want at least 1", components)
	}
	pca := &PCA{Mean: make([]float64, p), Scale: make([]float64, p)}
	standard := moments.Standard{Rows: x.Rows}
	for j, col := range x.Columns {
		pca.Mean[j], pca.Scale[j] = meanAndScale(col)
		standard.Columns = append(standard.Columns, filled(col, pca.Mean[j]))
		standard.Inverse = append(standard.Inverse, 1/pca.Scale[j])
	}
	standard.Center = pca.Mean
	products, err := standard.Products(context.Background(), 1)
	if err != nil {
		return nil, err
	}
	cov, total := make([][]float64, p), 0.0
	for i := range cov {
		cov[i] = products[i*p : (i+1)*p]
		for j := range cov[i] {
			cov[i][j] /= float64(x.Rows - 1)
		}
		total += cov[i][i]
	}
	values, vectors, err := eigen(cov)
	if err != nil {
		return nil, fmt.Errorf("the covariance of %d features: %w", p, err)
	}
	for k := range min(components, p) {
		c := vectors[k]
		orient(c)
		variance := max(0, values[k])
		pca.Components = append(pca.Components, c)
		pca.Variance = append(pca.Variance, variance)
		share := 0.0
		if total > 0 {
			share = variance / total
		}
		pca.Share = append(pca.Share, share)
	}
	return pca, nil
}

// Project gives each row's coordinate along each component: one slice a component.
func (p *PCA) Project(x *learn.Matrix) [][]float64 {
	out := make([][]float64, len(p.Components))
	for k := range out {
		out[k] = make([]float64, x.Rows)
	}
	for j, col := range x.Columns {
		z := p.standardise(j, col)
		for k, c := range p.Components {
			w := c[j]
			for i, v := range z {
				out[k][i] += float64(w * v)
			}
		}
	}
	return out
}

func (p *PCA) standardise(j int, col []float64) []float64 {
	z := make([]float64, len(col))
	for i, v := range col {
		if v == v { // a missing value is the mean
			z[i] = (v - p.Mean[j]) / p.Scale[j]
		}
	}
	return z
}

// meanAndScale are the mean of a feature, and its population standard deviation once
// missing values are the mean.
func meanAndScale(col []float64) (mean, scale float64) {
	first, sum, n := firstOf(col), 0.0, 0
	for _, v := range col {
		if v == v {
			sum += v - first // so that values far from zero keep their digits
			n++
		}
	}
	if n == 0 {
		return 0, 1
	}
	mean, sum = first+sum/float64(n), 0
	for _, v := range col {
		if v == v {
			sum += float64((v - mean) * (v - mean))
		}
	}
	scale = math.Sqrt(sum / float64(len(col)))
	if scale <= 1e-15*math.Abs(mean) { // constant: what is left is the mean's rounding
		return first, 1
	}
	return mean, scale
}

func firstOf(col []float64) float64 {
	for _, v := range col {
		if v == v {
			return v
		}
	}
	return 0
}

// filled is a column whose missing values are the mean: itself where it has none.
func filled(col []float64, mean float64) []float64 {
	var out []float64
	for i, v := range col {
		if v != v {
			if out == nil {
				out = slices.Clone(col)
			}
			out[i] = mean
		}
	}
	if out == nil {
		return col
	}
	return out
}

// orient fixes the sign of a direction: the entry of largest size is positive.
func orient(c []float64) {
	best := 0
	for j, v := range c {
		if math.Abs(v) > math.Abs(c[best])+1e-12 {
			best = j
		}
	}
	if c[best] < 0 {
		for j := range c {
			c[j] = -c[j]
		}
	}
}
