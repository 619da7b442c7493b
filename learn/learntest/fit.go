package learntest

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/learn"
)

// fitChecks are about what can be fitted and what is refused.
var fitChecks = []check{
	{"learns", learns},
	{"refuses", refusals},
	{"one row", oneRow},
	{"constant columns", constantColumns},
	{"absent class", absentClass},
	{"missing values", missingValues},
	{"magnitudes", magnitudes},
	{"inputs untouched", inputsUntouched},
	{"cancelled", cancelled},
	{"progress", progress},
}

func learns(t *testing.T, s suite) {
	if s.Blind {
		t.Skip("the estimator does not look at the features")
	}
	x, y := Data(s.task, 400, 2)
	m := s.fit(t, x, y, nil)
	p := predict(t, m, x, s.task)
	if !s.task.Supervised() {
		if share := found(s.task, x.Rows, m.Outputs(), p); share < s.Accuracy {
			t.Errorf("a share of %.3f is found, want %.3f", share, s.Accuracy)
		}
		return
	}
	if s.task == learn.Classification {
		for _, y := range []*learn.Target{y, binary(y)} {
			m := s.fit(t, x, y, nil)
			if m.Outputs() != len(y.Classes) {
				t.Fatalf("%d outputs for %d classes", m.Outputs(), len(y.Classes))
			}
			right := 0
			for i, l := range learn.Argmax(predict(t, m, x, s.task), m.Outputs()) {
				if l == y.Labels[i] {
					right++
				}
			}
			if accuracy := float64(right) / float64(x.Rows); accuracy < s.Accuracy {
				t.Errorf("accuracy %.3f of %d classes on the training rows, want %.3f", accuracy, len(y.Classes), s.Accuracy)
			}
		}
		return
	}
	if m.Outputs() != 1 {
		t.Fatalf("%d outputs for a regression", m.Outputs())
	}
	mean := 0.0
	for _, v := range y.Values {
		mean += v / float64(len(y.Values))
	}
	var residual, total float64
	for i, v := range y.Values {
		residual += float64((v - p[i]) * (v - p[i]))
		total += float64((v - mean) * (v - mean))
	}
	if r2 := 1 - residual/total; r2 < s.R2 {
		t.Errorf("R2 %.3f on the training rows, want %.3f", r2, s.R2)
	}
}

// found is the share of what there is to find in Data, which the outputs of each
// row tell.
func found(task learn.Task, rows, outputs int, p []float64) float64 {
	right, of := 0, 0
	switch task {
	case learn.Clustering: // a distance from each centre; a group is in the cluster that most of it is in
		var in [3]map[int]int
		for i := range rows {
			nearest := 0
			for k := range outputs {
				if p[i*outputs+k] < p[i*outputs+nearest] {
					nearest = k
				}
			}
			if in[group(i)] == nil {
				in[group(i)] = map[int]int{}
			}
			in[group(i)][nearest]++
		}
		taken := map[int]bool{}
		for _, sizes := range in {
			most := 0
			for k, n := range sizes {
				if n > sizes[most] {
					most = k
				}
			}
			if !taken[most] { // two groups in one cluster are one that is found
				right += sizes[most]
			}
			taken[most] = true
		}
		of = rows
	case learn.AnomalyDetection: // a score, higher where a row lies further out: pairs in the right order
		for i := 19; i < rows; i += 20 {
			for j := range rows {
				if j%20 != 19 {
					of++
					if p[i*outputs] > p[j*outputs] {
						right++
					}
				}
			}
		}
	case learn.Recommendation: // the score of each item, of users who are numbered as rows: the likeliest item's kind
		users := rows / 12
		for u, item := range learn.Argmax(p[:users*outputs], outputs) {
			if of++; int(item)%3 == u%3 {
				right++
			}
		}
	}
	return float64(right) / float64(of)
}

func refusals(t *testing.T, s suite) {
	x, y := Data(s.task, 30, 3)
	if !s.features() {
		s.refuses(t, x.Take(nil), y.Take(nil), nil)
		return
	}
	set := func(v float64) *learn.Matrix {
		out := clone(x)
		out.Columns[2][7] = v
		return out
	}
	weights := func(v float64) *learn.Options {
		w := full(x.Rows, 1)
		w[5] = v
		return &learn.Options{Weights: w}
	}
	ragged := clone(x)
	ragged.Columns[1] = ragged.Columns[1][:20]
	cases := []struct {
		name string
		x    *learn.Matrix
		y    *learn.Target
		opts *learn.Options
	}{
		{"no rows", x.Take(nil), y.Take(nil), nil},
		{"no features", &learn.Matrix{Rows: x.Rows}, y, nil},
		{"a shorter target", x, y.Take([]int{0, 1, 2}), nil},
		{"a shorter column", ragged, y, nil},
		{"infinity", set(math.Inf(1)), y, nil},
		{"too few weights", x, y, &learn.Options{Weights: full(3, 1)}},
		{"a negative weight", x, y, weights(-1)},
		{"a NaN weight", x, y, weights(math.NaN())},
		{"an infinite weight", x, y, weights(math.Inf(1))},
		{"no weight at all", x, y, &learn.Options{Weights: full(x.Rows, 0)}},
	}
	if s.Unweighted {
		cases = append(cases[:5], cases[5])
		cases[5].name, cases[5].opts = "weights", &learn.Options{Weights: full(x.Rows, 1)}
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { s.refuses(t, c.x, c.y, c.opts) })
	}
	if !s.task.Supervised() {
		return
	}
	t.Run("bad target", func(t *testing.T) {
		bad := y.Take(repeat(y.Len(), func(int) int { return 1 }))
		if s.task == learn.Regression {
			bad.Values[4] = math.NaN()
			s.refuses(t, x, bad, nil)
			return
		}
		bad.Labels[4] = 3
		s.refuses(t, x, bad, nil)
		bad.Labels[4] = -1
		s.refuses(t, x, bad, nil)
		s.refuses(t, x, &learn.Target{Task: s.task, Classes: []string{"only"}, Labels: make([]int32, x.Rows)}, nil)
	})
}

// oneRow may be refused or fitted, but a fitted one predicts.
func oneRow(t *testing.T, s suite) {
	x, y := Data(s.task, 1, 4)
	m, err := s.make().Fit(t.Context(), x, y, nil)
	if err != nil {
		return
	}
	predict(t, m, x, s.task)
}

func constantColumns(t *testing.T, s suite) {
	if s.Blind || !s.features() {
		t.Skip("the estimator does not look at features")
	}
	x, y := Data(s.task, 120, 5)
	p := predict(t, s.fit(t, with(x, "constant", full(x.Rows, 3.5)), y, nil), with(x, "constant", full(x.Rows, -8)), s.task)
	if slices.Min(p) == slices.Max(p) {
		t.Error("a constant column keeps the others from being learned")
	}
	constant := &learn.Matrix{Names: []string{"a", "b"}, Columns: [][]float64{full(x.Rows, 1), full(x.Rows, 0)}, Rows: x.Rows}
	m := s.fit(t, constant, y, nil)
	p = predict(t, m, constant, s.task)
	sameBits(t, "equal rows", p[:m.Outputs()], p[len(p)-m.Outputs():])
}

// absentClass: a fold may lack a class, and the outputs stay.
func absentClass(t *testing.T, s suite) {
	if s.task != learn.Classification {
		t.Skip("the task has no classes")
	}
	x, y := Data(s.task, 200, 6)
	for absent := range int32(3) {
		rows := repeat(x.Rows, func(i int) int {
			if y.Labels[i] == absent {
				return 0
			}
			return 1
		})
		m := s.fit(t, x.Take(rows), y.Take(rows), nil)
		if m.Outputs() != 3 {
			t.Fatalf("%d outputs, want one for each of 3 classes, seen or not", m.Outputs())
		}
		for i, l := range learn.Argmax(predict(t, m, x, s.task), 3) {
			if l == absent {
				t.Fatalf("row %d is predicted to be of class %d, which no training row is of", i, l)
			}
		}
	}
}

func missingValues(t *testing.T, s suite) {
	if s.Blind || !s.features() {
		t.Skip("the estimator does not look at features")
	}
	x, y := Data(s.task, 300, 7)
	x = clone(x)
	for i := range x.Rows {
		if i%5 == 0 {
			x.Columns[2][i] = math.NaN()
		}
	}
	if !s.Missing {
		if text := s.refuses(t, x, y, nil); !strings.Contains(text, "x2") {
			t.Errorf("the error does not name the feature x2: %s", text)
		}
		return
	}
	m := s.fit(t, x, y, nil)
	predict(t, m, x, s.task)
	all := with(x, "nothing", full(x.Rows, math.NaN()))
	predict(t, s.fit(t, all, y, nil), all, s.task)

	// A feature that had no missing values may lack them later.
	clean, y := Data(s.task, 300, 8)
	predict(t, s.fit(t, clean, y, nil), x, s.task)

	if !s.task.Supervised() {
		return
	}
	// That a value is missing can be all there is to know.
	for i := range y.Len() {
		y = y.Take(repeat(y.Len(), func(int) int { return 1 }))
		x.Columns[0][i] = math.NaN()
		if s.task == learn.Classification {
			y.Labels[i] = int32(i % 2 * 2)
		} else {
			y.Values[i] = float64(i % 2)
		}
		if i%2 == 0 {
			x.Columns[0][i] = clean.Columns[0][i]
		}
	}
	one := &learn.Matrix{Names: x.Names[:1], Columns: x.Columns[:1], Rows: x.Rows}
	m = s.fit(t, one, y, nil)
	p := predict(t, m, one, s.task)
	if last := m.Outputs() - 1; p[last] > 0.2 || p[m.Outputs()+last] < 0.8 {
		t.Errorf("a row with the value is predicted as %.3f and one without it as %.3f, want about 0 and 1", p[last], p[m.Outputs()+last])
	}
}

func magnitudes(t *testing.T, s suite) {
	if !s.features() {
		t.Skip("the estimator does not look at features")
	}
	x, y := Data(s.task, 100, 9)
	for _, by := range []float64{1e150, 1e12, 1e-12, 1e-150, 1e-308} {
		// What is fitted on such values is the estimator's affair; that it ends,
		// and that it is finite or refused, is ours.
		m, err := s.make().Fit(t.Context(), scaled(x, by), y, nil)
		if err == nil {
			predict(t, m, scaled(x, by), s.task)
		}
		if s.task == learn.Regression && by < 1e100 {
			big := y.Take(repeat(y.Len(), func(int) int { return 1 }))
			for i := range big.Values {
				big.Values[i] *= by
			}
			predict(t, s.fit(t, x, big, nil), x, s.task)
		}
	}
}

func inputsUntouched(t *testing.T, s suite) {
	x, y := Data(s.task, 100, 10)
	var w []float64
	if !s.Unweighted {
		w = full(x.Rows, 1)
		w[3] = 2
	}
	wasX, wasW := clone(x), slices.Clone(w)
	wasY := y.Take(repeat(x.Rows, func(int) int { return 1 }))
	m := s.fit(t, x, y, &learn.Options{Weights: w})
	m.Predict(x)
	for j := range x.Columns {
		sameBits(t, "column "+x.Names[j], wasX.Columns[j], x.Columns[j])
	}
	sameBits(t, "weights", wasW, w)
	sameBits(t, "target", wasY.Values, y.Values)
	if !slices.Equal(wasY.Labels, y.Labels) {
		t.Error("the labels were written to")
	}
}

func cancelled(t *testing.T, s suite) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	x, y := Data(s.task, 20_000, 11)
	start := time.Now()
	if _, err := s.make().Fit(ctx, x, y, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a fit under a cancelled context returns the error %v, want %v", err, context.Canceled)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a fit under a cancelled context takes %v", took)
	}
	// In the middle: a fit that is not done before must stop soon after.
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	start = time.Now()
	if _, err := s.make().Fit(ctx, x, y, nil); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a fit that runs out of time returns the error %v, want %v", err, context.DeadlineExceeded)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a fit goes on for %v after the context ends", took)
	}
}

func progress(t *testing.T, s suite) {
	x, y := Data(s.task, 200, 12)
	last, of, inside := 0, 0, 0
	s.fit(t, x, y, &learn.Options{Threads: 2, Progress: func(done, total int) {
		// Written without a lock: the race detector sees two calls at once.
		if inside++; inside != 1 {
			t.Error("two calls at once")
		}
		if done < last || done > total || (of != 0 && of != total) {
			t.Errorf("%d of %d after %d of %d", done, total, last, of)
		}
		last, of = done, total
		inside--
	}})
	if last != of {
		t.Errorf("the last report is %d of %d", last, of)
	}
}
