package linear

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/portable"
	"github.com/runnel-dev/runnel/learn/splitmix"
	"github.com/runnel-dev/runnel/learn/vector"
)

// sgdRows are the rows that have weight, row-major, in the order of the first round.
type sgdRows struct {
	values   []float64
	features int
	rows     int
	target   []float64
	labels   []int32
	weights  []float64 // nil: all 1
	class    []float64 // of each class: the weight of its rows, where they are those to tell
}

func (r *sgdRows) row(i int) []float64 { return r.values[i*r.features : (i+1)*r.features] }

func (r *sgdRows) weight(i int) float64 {
	if r.weights == nil {
		return 1
	}
	return r.weights[i]
}

// newRows copies the rows, shuffled by rng unless that is nil.
func newRows(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options, rng *splitmix.Source) (*sgdRows, error) {
	if err := learn.CheckShape(x, y, opts); err != nil {
		return nil, err
	}
	var weights []float64
	if opts != nil {
		if err := learn.CheckWeights(opts.Weights); err != nil {
			return nil, err
		}
		weights = opts.Weights
	}
	var order []int // the rows that have weight
	for i := range x.Rows {
		if weights == nil || weights[i] > 0 {
			order = append(order, i)
		}
	}
	if rng != nil {
		shuffle(order, rng)
	}
	r := &sgdRows{features: len(x.Columns), rows: len(order), target: taken(y.Values, order), labels: taken(y.Labels, order), weights: taken(weights, order)}
	to := make([]int, x.Rows) // the place of each row, from 1
	for k, i := range order {
		to[i] = k + 1
	}
	r.values = make([]float64, len(order)*r.features)
	var unfit atomic.Bool
	err := parallel.Each(ctx, opts.ThreadCount(), blocks(x.Rows), func(_, task int) {
		from, end := task*block, min((task+1)*block, x.Rows)
		to, bad := to[from:end], false
		for j, column := range x.Columns {
			for i, v := range column[from:end] {
				bad = bad || v-v != 0
				if k := to[i]; k > 0 {
					r.values[(k-1)*r.features+j] = v
				}
			}
		}
		if bad {
			unfit.Store(true)
		}
	})
	if err != nil {
		return nil, err
	}
	if unfit.Load() {
		for j, column := range x.Columns {
			if slices.ContainsFunc(column, func(v float64) bool { return !finite(v) }) {
				return nil, unusable(x, j)
			}
		}
	}
	return r, nil
}

// taken are the values of rows in an order; nil of none.
func taken[T any](values []T, order []int) []T {
	if values == nil {
		return nil
	}
	out := make([]T, len(order))
	for k, i := range order {
		out[k] = values[i]
	}
	return out
}

func shuffle(order []int, rng *splitmix.Source) {
	for i := len(order) - 1; i > 0; i-- {
		j := rng.Below(uint32(i + 1))
		order[i], order[j] = order[j], order[i]
	}
}

// together is how many rows, of those that are too many for the cache, keep
// together when the order of a round is drawn: they were drawn before the first
// round, and what lies together in memory is there much sooner.
const together = 16

// reorder draws the order of a round: that of the runs of rows that keep together,
// and that within each of them.
func (r *sgdRows) reorder(order []int, rng *splitmix.Source) {
	size := 1
	if len(r.values) > 1<<17 {
		size = together
	}
	runs := make([]int, (r.rows+size-1)/size)
	for i := range runs {
		runs[i] = i * size
	}
	shuffle(runs, rng)
	order = order[:0]
	for _, from := range runs {
		start := len(order)
		for i := from; i < min(from+size, r.rows); i++ {
			order = append(order, i)
		}
		shuffle(order[start:], rng)
	}
}

// ahead is how many rows before its turn one is fetched from memory, where rows are
// in no order.
const ahead = 4

// A descent is that of one score.
type descent struct {
	SGD
	rows  *sgdRows
	class int32 // told from all others; -1 for values
	both  bool  // there is one other class only
	w     []float64
	b     float64
	t     float64 // the step's number, from 1
	seed  uint64

	scale float64   // of w: it is scale * what w has
	eta   float64   // length of a step
	first float64   // number of the first step of optimal
	u     float64   // what the penalty on sizes has come to,
	q     []float64 // and what of it each coefficient has had
}

// run makes rounds over the rows, and says how many, and whether it ended because
// they no longer helped.
func (d *descent) run(ctx context.Context, rounds int, progress func(more int)) (made int, converged bool, err error) {
	typical := math.Sqrt(1 / math.Sqrt(d.Alpha))
	d.scale, d.eta, d.first = 1, d.Eta0, 1/(typical*d.Alpha)
	if d.L1Ratio > 0 {
		d.q = make([]float64, len(d.w))
	}
	order := make([]int, d.rows.rows)
	for i := range order {
		order[i] = i
	}
	rng := splitmix.Stream(d.seed, int(d.class+1))
	best, worse := math.Inf(1), 0
	for made < rounds {
		if !d.NoShuffle {
			d.rows.reorder(order, &rng)
		}
		sum := 0.0
		for n, i := range order {
			if n%1024 == 0 && ctx.Err() != nil {
				return made, false, ctx.Err()
			}
			if n+ahead < len(order) {
				vector.Fetch(d.rows.row(order[n+ahead]))
			}
			sum += d.step(i)
		}
		made++
		for j := range d.w {
			d.w[j] *= d.scale
		}
		d.scale = 1
		squares, sizes := vector.Inner(d.w, d.w), 0.0
		for _, v := range d.w {
			sizes += math.Abs(v)
		}
		if !finite(d.b) || !finite(squares) {
			return made, false, fmt.Errorf("the coefficients grew beyond all bounds in round %d: scale the features, or take a lower eta0", made)
		}
		if progress(1); rounds == 1 {
			break
		}
		loss := sum/float64(len(order)) + float64(d.Alpha*(float64(float64((1-d.L1Ratio)*squares)/2)+float64(d.L1Ratio*sizes)))
		if worse++; !(loss > best-d.Tolerance) {
			worse = 0
		}
		best = min(best, loss)
		if worse >= d.Patience {
			if d.LearningRate != "adaptive" || d.eta <= 1e-6 {
				return made, true, nil
			}
			d.eta, worse = d.eta/5, 0
		}
	}
	return made, false, nil
}

// step goes a step down the loss of a row, and returns that loss.
func (d *descent) step(i int) float64 {
	x := d.rows.row(i)
	score := float64(d.scale*vector.Inner(d.w, x)) + d.b
	switch d.LearningRate {
	case "optimal":
		d.eta = 1 / (d.Alpha * (d.first + d.t - 1))
	case "invscaling":
		d.eta = d.Eta0 / portable.Pow(d.t, d.PowerT)
	}
	d.t++
	y, weight := 0.0, d.rows.weight(i)
	if d.class < 0 {
		y = d.rows.target[i]
	} else {
		label := d.rows.labels[i]
		if y = -1; label == d.class {
			y = 1
		}
		if y > 0 || d.both {
			weight *= d.rows.class[label]
		}
	}
	loss, slope := d.lossAt(y, score)
	by := float64(-d.eta * max(-1e12, min(1e12, slope)) * weight)
	if d.L1Ratio < 1 {
		if d.scale *= max(0, 1-float64(float64((1-d.L1Ratio)*d.eta)*d.Alpha)); d.scale < 1e-9 {
			for j := range d.w {
				d.w[j] *= d.scale
			}
			d.scale = 1
		}
	}
	if by != 0 {
		vector.Add(d.w, by/d.scale, x)
		if !d.NoIntercept {
			d.b += by
		}
	}
	if d.q != nil {
		d.truncate()
	}
	return loss
}

// truncate takes from each coefficient what the penalty on sizes has come to, and
// lets none cross 0.
func (d *descent) truncate() {
	d.u += float64(float64(d.L1Ratio*d.eta) * d.Alpha)
	for j, was := range d.w {
		now := was
		if was > 0 {
			now = max(0, was-(d.u+d.q[j])/d.scale)
		} else if was < 0 {
			now = min(0, was+(d.u-d.q[j])/d.scale)
		}
		d.w[j] = now
		d.q[j] += float64(d.scale * (now - was))
	}
}

// lossAt is the loss of a score where y is the truth, and its derivative.
func (d *descent) lossAt(y, score float64) (loss, slope float64) {
	z, r := float64(y*score), score-y
	switch d.Loss {
	case "log_loss":
		t := portable.Exp(-math.Abs(z))
		loss = max(0, -z) + portable.Log(1+t)
		if z > 0 {
			return loss, -y * t / (1 + t)
		}
		return loss, -y / (1 + t)
	case "hinge":
		if z <= 1 {
			return 1 - z, -y
		}
		return 0, 0
	case "modified_huber":
		switch {
		case z >= 1:
			return 0, 0
		case z >= -1:
			return float64((1 - z) * (1 - z)), -2 * y * (1 - z)
		}
		return -4 * z, -4 * y
	case "huber":
		if math.Abs(r) <= d.Epsilon {
			return float64(r*r) / 2, r
		}
		return float64(d.Epsilon*math.Abs(r)) - float64(float64(d.Epsilon*d.Epsilon)/2), d.Epsilon * sign(r)
	case "epsilon_insensitive":
		if math.Abs(r) <= d.Epsilon {
			return 0, 0
		}
		return math.Abs(r) - d.Epsilon, sign(r)
	}
	return float64(r*r) / 2, r
}
