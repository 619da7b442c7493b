package main

import (
	"path/filepath"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
)

// load reads what the peer's script wrote, or MNIST.
func load(dir, name string) (*learn.Matrix, *learn.Target, error) {
	switch filepath.Base(dir) + " " + name {
	case "mnist train":
		return compare.Digits("train")
	case "mnist test":
		return compare.Digits("t10k")
	}
	values, err := compare.Floats(filepath.Join(dir, name+".y"))
	if err != nil {
		return nil, nil, err
	}
	x, err := compare.Columns(filepath.Join(dir, name+".x"), len(values))
	if filepath.Base(dir) == "value" {
		return x, &learn.Target{Task: learn.Regression, Values: values}, err
	}
	return x, compare.Classes(values), err
}

// score is the accuracy, for regression R2.
func score(p []float64, outputs int, y *learn.Target) float64 {
	if y.Task == learn.Classification {
		right := 0
		for i, l := range learn.Argmax(p, outputs) {
			if l == y.Labels[i] {
				right++
			}
		}
		return float64(right) / float64(y.Len())
	}
	var mean, residual, total float64
	for _, v := range y.Values {
		mean += v / float64(y.Len())
	}
	for i, v := range y.Values {
		residual += (v - p[i]) * (v - p[i])
		total += (v - mean) * (v - mean)
	}
	return 1 - residual/total
}
