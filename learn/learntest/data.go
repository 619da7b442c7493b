package learntest

import (
	"fmt"
	"math/rand/v2"

	"github.com/runnel-dev/runnel/learn"
)

// Data makes a small problem that any estimator of the task can learn: four
// standard normal features, and
//   - regression: a target that is linear in the first two with a tenth of noise;
//   - classification: three classes, which that value is cut into;
//   - clustering: three groups far from each other in the first two, of which four,
//     two and one of seven rows are;
//   - anomaly_detection: every twentieth row, from 19 on, lies far out.
//
// For recommendation there are two columns instead, the numbers of a user and of
// an item: row i is of user i % (rows / 12), who mostly comes to the items that
// have the same remainder by 3.
func Data(task learn.Task, rows int, seed uint64) (*learn.Matrix, *learn.Target) {
	rng := rand.New(rand.NewPCG(seed, 1))
	if task == learn.Recommendation {
		return visits(rows, rng), &learn.Target{Task: task, Rows: rows}
	}
	x := &learn.Matrix{Rows: rows}
	for j := range 4 {
		col := make([]float64, rows)
		for i := range col {
			col[i] = rng.NormFloat64()
		}
		x.Names = append(x.Names, fmt.Sprintf("x%d", j))
		x.Columns = append(x.Columns, col)
	}
	y := &learn.Target{Task: task}
	switch task {
	case learn.Classification:
		y.Classes = []string{"low", "middle", "high"}
	case learn.Clustering:
		y.Rows = rows
		for i := range rows {
			x.Columns[group(i)/2][i] += float64(12 * float64(group(i)))
		}
		return x, y
	case learn.AnomalyDetection:
		y.Rows = rows
		for i := 19; i < rows; i += 20 {
			for _, col := range x.Columns {
				col[i] *= 8
			}
		}
		return x, y
	}
	for i := range rows {
		v := float64(2*x.Columns[0][i]) - x.Columns[1][i] + float64(0.1*rng.NormFloat64())
		switch {
		case task == learn.Regression:
			y.Values = append(y.Values, v)
		case v < -1:
			y.Labels = append(y.Labels, 0)
		case v < 1:
			y.Labels = append(y.Labels, 1)
		default:
			y.Labels = append(y.Labels, 2)
		}
	}
	return x, y
}

// group is the one that row i of Data is of.
func group(i int) int { return [...]int{0, 0, 1, 0, 2, 0, 1}[i%7] }

// items is how many there are to recommend.
const items = 18

func visits(rows int, rng *rand.Rand) *learn.Matrix {
	user, item := make([]float64, rows), make([]float64, rows)
	for i := range rows {
		u := i % max(1, rows/12)
		at := 3*rng.IntN(items/3) + u%3
		if rng.IntN(6) == 0 {
			at = rng.IntN(items)
		}
		user[i], item[i] = float64(u), float64(at)
	}
	return &learn.Matrix{Names: []string{"user", "item"}, Columns: [][]float64{user, item}, Rows: rows}
}

// binary makes two classes of three: the middle one joins the low one.
func binary(y *learn.Target) *learn.Target {
	out := &learn.Target{Task: y.Task, Classes: []string{"low", "high"}, Labels: make([]int32, len(y.Labels))}
	for i, l := range y.Labels {
		out.Labels[i] = l / 2
	}
	return out
}

// scaled is x with every value multiplied.
func scaled(x *learn.Matrix, by float64) *learn.Matrix {
	out := clone(x)
	for _, col := range out.Columns {
		for i := range col {
			col[i] *= by
		}
	}
	return out
}

// with is x with one more feature.
func with(x *learn.Matrix, name string, col []float64) *learn.Matrix {
	return &learn.Matrix{
		Names:   append(append([]string{}, x.Names...), name),
		Columns: append(append([][]float64{}, x.Columns...), col),
		Rows:    x.Rows,
	}
}

func clone(x *learn.Matrix) *learn.Matrix {
	out := &learn.Matrix{Names: append([]string{}, x.Names...), Rows: x.Rows}
	for _, col := range x.Columns {
		out.Columns = append(out.Columns, append([]float64{}, col...))
	}
	return out
}

// repeat lists row i of n, in order, times(i) times.
func repeat(n int, times func(i int) int) []int {
	var rows []int
	for i := range n {
		for range times(i) {
			rows = append(rows, i)
		}
	}
	return rows
}

func full(n int, v float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}
