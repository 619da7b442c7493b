// Package neighbors predicts a row from the training rows that are nearest to it.
package neighbors

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/distance"
	"github.com/runnel-dev/runnel/learn/parallel"
)

// Kind is the kind of the models' State.
const Kind = "neighbors"

// Most is how many numbers, rows times features, a model may keep: 128 MiB.
const Most = 1 << 24

// Neighbors are the parameters of k nearest neighbours: the class probabilities
// of a row are the shares of its K nearest training rows, its value is their
// mean (scikit-learn's KNeighborsClassifier and KNeighborsRegressor). Distances
// are Euclidean, so features should be scaled. Of rows that are as far the first
// are taken. A zero field means its default.
type Neighbors struct {
	K       int    `json:"k,omitempty" default:"5" min:"1" max:"10000" doc:"how many of the nearest rows are asked"`
	Weights string `json:"weights,omitempty" default:"uniform" enum:"uniform,distance" doc:"all count the same, or each by the inverse of its distance"`
}

// A Model is the training rows.
type Model struct {
	task     learn.Task
	k        int
	inverse  bool // weigh by the inverse of the distance
	outputs  int
	features int
	rows     []float64 // one after the other
	labels   []int32
	values   []float64
	weights  []float64 // of the training rows; nil: all 1
	tree     *tree     // nil: all rows are looked at
	tiles    []float64 // all rows, where there is no tree
}

// Fit keeps the rows that weigh anything. A sample weight multiplies what a row
// counts for; it does not make more neighbours of it.
func (n Neighbors) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	m, err := n.fit(x, y, opts)
	if err != nil {
		return nil, fmt.Errorf("neighbors: %w", err)
	}
	if opts != nil && opts.Progress != nil {
		opts.Progress(1, 1)
	}
	return m, ctx.Err()
}

func (n Neighbors) fit(x *learn.Matrix, y *learn.Target, opts *learn.Options) (*Model, error) {
	if x.Rows > Most/max(1, len(x.Columns)) {
		return nil, fmt.Errorf("%d rows of %d features are %d numbers, and a model keeps all: it keeps %d at most, so take fewer rows, or another estimator", x.Rows, len(x.Columns), x.Rows*len(x.Columns), Most)
	}
	if err := learn.CheckFit(x, y, opts); err != nil {
		return nil, err
	}
	if n.K == 0 {
		n.K = 5
	}
	if n.Weights == "" {
		n.Weights = "uniform"
	}
	if n.K < 1 {
		return nil, fmt.Errorf("k is %d: want at least 1", n.K)
	}
	if n.Weights != "uniform" && n.Weights != "distance" {
		return nil, fmt.Errorf("weights is %q: want uniform or distance", n.Weights)
	}
	m := &Model{task: y.Task, k: n.K, inverse: n.Weights == "distance", outputs: 1, features: len(x.Columns)}
	if opts != nil {
		m.weights = opts.Weights
	}
	if err := learn.CheckWeights(m.weights); err != nil {
		return nil, err
	}
	for j, col := range x.Columns {
		for i, v := range col {
			if v != v && (m.weights == nil || m.weights[i] > 0) {
				return nil, fmt.Errorf("feature %q is missing in row %d: impute first", x.Names[j], i)
			}
		}
	}
	x, y, m.weights = learn.WithWeight(x, y, m.weights)
	m.rows = make([]float64, x.Rows*m.features)
	for j, col := range x.Columns {
		for i, v := range col {
			m.rows[i*m.features+j] = v
		}
	}
	if y.Task == learn.Classification {
		m.outputs = len(y.Classes)
		m.labels = append([]int32{}, y.Labels...)
	} else {
		m.values = append([]float64{}, y.Values...)
	}
	m.index()
	return m, nil
}

// index makes what finds the nearest rows: a tree where there are few features
// and many rows, since in many dimensions every branch has to be looked into.
func (m *Model) index() {
	rows := len(m.rows) / m.features
	if m.features <= 10 && rows >= 1000 && m.k <= rows/16 {
		m.tree = newTree(m.rows, m.features)
		return
	}
	m.tiles = distance.Tiles(m.rows, m.features, 1, nil)
}

// Outputs implements learn.Model.
func (m *Model) Outputs() int { return m.outputs }

// Predict implements learn.Model. It takes rows x training rows x features time
// in the worst case, on all processors. A row that is not at a finite squared
// distance from any training row has no neighbours, and no number is predicted.
func (m *Model) Predict(x *learn.Matrix) []float64 {
	out := make([]float64, x.Rows*m.outputs)
	blocks := (x.Rows + distance.Wide - 1) / distance.Wide
	threads := min(runtime.GOMAXPROCS(0), blocks)
	finders := make([]*finder, threads)
	_ = parallel.Each(context.Background(), threads, blocks, func(thread, b int) { // nothing cancels it
		if finders[thread] == nil {
			finders[thread] = m.finder()
		}
		f := finders[thread]
		start := b * distance.Wide
		n := min(distance.Wide, x.Rows-start)
		f.find(x, start, n)
		for i := range n {
			m.answer(&f.lists[i], out[(start+i)*m.outputs:][:m.outputs])
		}
	})
	return out
}

// A finder finds the nearest rows of a block of rows, in memory of its own.
type finder struct {
	*Model
	block, squared, row []float64
	lists               []nearest
}

const several = 16 * distance.Tile // training rows that are looked at together

func (m *Model) finder() *finder {
	return &finder{Model: m, block: make([]float64, m.features*distance.Wide), squared: make([]float64, several*distance.Wide),
		row: make([]float64, m.features), lists: make([]nearest, distance.Wide)}
}

// find fills the lists of n rows.
func (f *finder) find(x *learn.Matrix, start, n int) {
	for j, col := range x.Columns {
		to := f.block[j*distance.Wide:][:distance.Wide]
		clear(to[copy(to, col[start:start+n]):])
	}
	for i := range n {
		f.lists[i].reset(min(f.k, len(f.rows)/f.features))
	}
	if f.tree == nil {
		f.all(n)
		return
	}
	for i := range n {
		for j := range f.row {
			f.row[j] = f.block[j*distance.Wide+i]
		}
		f.tree.search(f.row, &f.lists[i])
	}
}

// all looks at every training row, some at a time.
func (f *finder) all(n int) {
	rows := len(f.rows) / f.features
	for from := 0; from < rows; from += several {
		tiles := f.tiles[from*f.features : min((from+several)*f.features, len(f.tiles))]
		distance.Squared(f.block, f.features, n, tiles, f.squared)
		for c := range min(several, rows-from) {
			for i, d := range f.squared[c*distance.Wide:][:n] {
				if d < f.lists[i].worst {
					f.lists[i].insert(d, int32(from+c))
				}
			}
		}
	}
}

// answer weighs what the neighbours say.
func (m *Model) answer(list *nearest, out []float64) {
	same := false // some are where the row is: only they count then
	for _, d := range list.squared {
		same = same || d == 0
	}
	total, mean := 0.0, 0.0
	for i, r := range list.rows {
		w := 1.0
		if m.weights != nil {
			w = m.weights[r]
		}
		if m.inverse {
			switch d := list.squared[i]; {
			case same && d > 0 || math.IsInf(d, 0):
				continue
			case !same:
				w = float64(w * (math.Sqrt(list.squared[0]) / math.Sqrt(d))) // its own for the nearest
			}
		}
		total += w
		if m.task == learn.Classification {
			out[m.labels[r]] += w
		} else {
			mean += float64(w * m.values[r])
		}
	}
	if total == 0 { // there are none
		for k := range out {
			out[k] = math.NaN()
		}
		return
	}
	if m.task != learn.Classification {
		out[0] = mean / total
		return
	}
	for k := range out {
		out[k] /= total
	}
}
