package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"syscall"
	"time"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/boost"
)

// predicted is how many rows are predicted at once.
const predicted = 100_000

// measure fits on the data in a folder, with 2 threads.
func measure(dir, profile string) (r result, err error) {
	x, y, err := load(dir, "train")
	if err != nil {
		return r, err
	}
	testX, testY, err := load(dir, "test")
	if err != nil {
		return r, err
	}
	if profile != "" {
		file, err := os.Create(profile)
		if err != nil {
			return r, err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return r, err
		}
	}
	start, busy := time.Now(), processorTime()
	m, err := boost.New().Fit(context.Background(), x, y, &learn.Options{Threads: 2})
	if err != nil {
		return r, err
	}
	r.Fit, r.Busy = time.Since(start).Seconds(), processorTime()-busy
	pprof.StopCPUProfile()
	r.Score = auc(m.Predict(testX), testY.Labels)
	rows := make([]int, min(predicted, testX.Rows))
	for i := range rows {
		rows[i] = i
	}
	many, one := testX.Take(rows), testX.Take(rows[:1])
	start, busy = time.Now(), processorTime()
	m.Predict(many)
	r.Predict, r.PredictBusy = time.Since(start).Seconds(), processorTime()-busy
	r.Row = math.Inf(1)
	for range 50 { // the best of some, which other work on the machine spares
		start = time.Now()
		for range 10 {
			m.Predict(one)
		}
		r.Row = min(r.Row, time.Since(start).Seconds()/10)
	}
	return r, nil
}

// load reads what the peers' script wrote: columns and targets of float64.
func load(dir, name string) (*learn.Matrix, *learn.Target, error) {
	labels, err := floats(filepath.Join(dir, name+".y"))
	if err != nil {
		return nil, nil, err
	}
	values, err := floats(filepath.Join(dir, name+".x"))
	if err != nil {
		return nil, nil, err
	}
	x, y := &learn.Matrix{Rows: len(labels)}, &learn.Target{Task: learn.Classification, Classes: []string{"0", "1"}}
	for from := 0; from < len(values); from += x.Rows {
		x.Names = append(x.Names, fmt.Sprint("x", len(x.Names)))
		x.Columns = append(x.Columns, values[from:from+x.Rows])
	}
	for _, v := range labels {
		y.Labels = append(y.Labels, int32(v))
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

// auc is the area under the ROC curve of two classes' probabilities, ties halved.
func auc(p []float64, labels []int32) float64 {
	order := make([]int, len(labels))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p[2*a+1], p[2*b+1]) })
	var ranks, ones float64
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && p[2*order[to]+1] == p[2*order[from]+1] {
			to++
		}
		for _, i := range order[from:to] {
			if labels[i] == 1 {
				ranks += float64(from+to+1) / 2
				ones++
			}
		}
		from = to
	}
	return (ranks - ones*(ones+1)/2) / (ones * (float64(len(order)) - ones))
}

// processorTime is what this process has used, in seconds.
func processorTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return math.NaN()
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
