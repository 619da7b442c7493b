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
func (j job) measure(part compare.Part) (r compare.Side, err error) {
	x, y, err := j.load()
	if err != nil {
		return r, err
	}
	var m learn.Model
	cost, err := part.Measure(func() (err error) {
		m, err = j.estimator.Fit(context.Background(), x, y, &learn.Options{Threads: 2})
		return err
	})
	if err != nil {
		return r, err
	}
	fitted := m.(*linear.Model)
	return compare.Side{Fit: cost.Wall, Busy: cost.Busy, Coefficients: fitted.Coefficients()[0], Intercept: fitted.Intercepts()[0]}, nil
}

func (j job) lines(name, peer string, ours, theirs []compare.Side) ([]compare.Line, error) {
	x, y, err := j.load()
	if err != nil {
		return nil, err
	}
	l := compare.Fits(name, peer, ours, theirs)
	l.Result = fmt.Sprintf("objective %.9g / %.9g; coefficients differ by %.1e of the largest",
		j.objective(x, y, ours[0]), j.objective(x, y, theirs[0]), apart(ours[0].Coefficients, theirs[0].Coefficients))
	return []compare.Line{l}, nil
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
	x, err := compare.Columns(filepath.Join(folder, "x"), len(target))
	if err != nil {
		return nil, nil, err
	}
	if j.rows > 0 {
		x.Rows, target = j.rows, target[:j.rows]
		for f, c := range x.Columns {
			x.Columns[f] = c[:j.rows]
		}
	}
	if j.classes {
		return x, compare.Classes(target), nil
	}
	return x, &learn.Target{Task: learn.Regression, Values: target}, nil
}

// objective is what the fit minimises, the mean loss and the penalty.
func (j job) objective(x *learn.Matrix, y *learn.Target, r compare.Side) float64 {
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
