package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/linear"
)

// measure does the fit, with 2 threads.
func (j job) measure(profile string) (r result, err error) {
	x, y, err := j.load()
	if err != nil {
		return r, err
	}
	var m learn.Model
	cost, err := compare.Measure(func() error {
		return compare.Profile(profile, func() (err error) {
			m, err = j.estimator.Fit(context.Background(), x, y, &learn.Options{Threads: 2})
			return err
		})
	})
	if err != nil {
		return r, err
	}
	fitted := m.(*linear.Model)
	return result{Fit: cost.Wall, Busy: cost.Busy, Coefficients: fitted.Coefficients()[0], Intercept: fitted.Intercepts()[0]}, nil
}

// load reads what the peer's script wrote.
func (j job) load() (*learn.Matrix, *learn.Target, error) {
	file := "y"
	if j.classes {
		file = "class"
	}
	target, err := compare.Floats(filepath.Join(folder, file))
	if err != nil {
		return nil, nil, err
	}
	values, err := compare.Floats(filepath.Join(folder, "x"))
	if err != nil {
		return nil, nil, err
	}
	all := len(target)
	rows := all
	if j.rows > 0 {
		rows = j.rows
	}
	x, y := &learn.Matrix{Rows: rows}, &learn.Target{Task: learn.Regression, Values: target[:rows]}
	for from := 0; from < len(values); from += all {
		x.Names = append(x.Names, fmt.Sprint("x", len(x.Names)))
		x.Columns = append(x.Columns, values[from:from+rows])
	}
	if j.classes {
		y = &learn.Target{Task: learn.Classification, Classes: []string{"0", "1"}}
		for _, v := range target[:rows] {
			y.Labels = append(y.Labels, int32(v))
		}
	}
	return x, y, nil
}

// objective is what the fit minimises, the mean loss and the penalty.
func (j job) objective(x *learn.Matrix, y *learn.Target, r result) float64 {
	scores := make([]float64, x.Rows)
	for i := range scores {
		scores[i] = r.Intercept
	}
	sum := 0.0
	for f, w := range r.Coefficients {
		for i, v := range x.Columns[f] {
			scores[i] += w * v
		}
		sum += float64(x.Rows) * (j.l1*math.Abs(w) + j.l2*w*w/2)
	}
	for i, z := range scores {
		if !j.classes {
			sum += (y.Values[i] - z) * (y.Values[i] - z) / 2
			continue
		}
		sum += math.Log1p(math.Exp(-math.Abs(z))) + max(0, z) - z*float64(y.Labels[i])
	}
	return sum / float64(x.Rows)
}

// apart is how far coefficients are from others, as a share of the largest.
func apart(a, b []float64) float64 {
	most, size := 0.0, 0.0
	for i, v := range a {
		most, size = max(most, math.Abs(v-b[i])), max(size, math.Abs(b[i]))
	}
	return most / size
}
