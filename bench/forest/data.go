package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
)

const features = 20

// load reads what the peer's script wrote: columns and targets of float64.
func load(dir, name string) (*learn.Matrix, *learn.Target, error) {
	if filepath.Base(dir) == "mnist" {
		return images(name)
	}
	values, err := compare.Floats(filepath.Join(dir, name+".x"))
	if err != nil {
		return nil, nil, err
	}
	x := &learn.Matrix{Rows: len(values) / features}
	for j := range features {
		x.Names = append(x.Names, fmt.Sprint("x", j))
		x.Columns = append(x.Columns, values[j*x.Rows:(j+1)*x.Rows])
	}
	if values, err = compare.Floats(filepath.Join(dir, name+".y")); err != nil {
		return nil, nil, err
	}
	if filepath.Base(dir) == "value" {
		return x, &learn.Target{Task: learn.Regression, Values: values}, nil
	}
	y := &learn.Target{Task: learn.Classification}
	for _, v := range values {
		y.Labels = append(y.Labels, int32(v))
		for len(y.Classes) <= int(v) {
			y.Classes = append(y.Classes, fmt.Sprint(len(y.Classes)))
		}
	}
	return x, y, nil
}

// images reads MNIST: a feature a pixel.
func images(name string) (*learn.Matrix, *learn.Target, error) {
	if name == "test" {
		name = "t10k"
	}
	labels, err := os.ReadFile(filepath.Join(mnist, name+"-labels-idx1-ubyte"))
	if err != nil {
		return nil, nil, err
	}
	pixels, err := os.ReadFile(filepath.Join(mnist, name+"-images-idx3-ubyte"))
	if err != nil {
		return nil, nil, err
	}
	labels, pixels = labels[8:], pixels[16:]
	x, y := &learn.Matrix{Rows: len(labels)}, &learn.Target{Task: learn.Classification}
	for digit := range 10 {
		y.Classes = append(y.Classes, fmt.Sprint(digit))
	}
	for _, l := range labels {
		y.Labels = append(y.Labels, int32(l))
	}
	size := len(pixels) / x.Rows
	for j := range size {
		col := make([]float64, x.Rows)
		for i := range col {
			col[i] = float64(pixels[i*size+j])
		}
		x.Names, x.Columns = append(x.Names, fmt.Sprint("pixel", j)), append(x.Columns, col)
	}
	return x, y, nil
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
