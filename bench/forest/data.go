package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/runnel-dev/runnel/learn"
)

const features = 20

// load reads what the peer's script wrote: columns and targets of float64.
func load(dir, name string) (*learn.Matrix, *learn.Target, error) {
	values, err := floats(filepath.Join(dir, name+".x"))
	if err != nil {
		return nil, nil, err
	}
	x := &learn.Matrix{Rows: len(values) / features}
	for j := range features {
		x.Names = append(x.Names, fmt.Sprint("x", j))
		x.Columns = append(x.Columns, values[j*x.Rows:(j+1)*x.Rows])
	}
	if values, err = floats(filepath.Join(dir, name+".y")); err != nil {
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

func floats(path string) ([]float64, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(raw)/8)
	for i := range out {
		out[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return out, nil
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
