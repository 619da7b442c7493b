package cluster

import (
	"context"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// seed chooses the first centres: from all rows, or for mini-batches from a
// sample of three batches.
func (f *fit) seed(ctx context.Context, rng *splitmix.Source) (*state, error) {
	n := 3 * max(f.Batch, f.K)
	if f.Init == "random" {
		return f.random(rng), nil
	}
	if f.Batch == 0 || n >= f.points.rows {
		return f.plusPlus(ctx, rng)
	}
	rows := make([]int, n)
	for i := range rows {
		rows[i] = int(rng.Unit() * float64(f.points.rows))
	}
	few := *f
	opts, points := *f.Options, *f.points
	if f.Weights != nil {
		opts.Weights = make([]float64, n)
		total := 0.0
		for i, r := range rows {
			opts.Weights[i] = f.Weights[r]
			total += f.Weights[r]
		}
		if total == 0 { // all that weighs anything was missed
			return f.plusPlus(ctx, rng)
		}
	}
	x := (&learn.Matrix{Columns: points.columns, Rows: points.rows}).Take(rows)
	points.columns, points.rows = x.Columns, x.Rows
	few.Options, few.points = &opts, &points
	s, err := few.plusPlus(ctx, rng)
	if err != nil {
		return nil, err
	}
	return f.start(s.centers), nil
}

// batches moves centres towards the means of rows that are drawn a batch at a
// time, each centre by less the more rows it has seen (Sculley, "Web-scale
// k-means clustering", 2010). Like scikit-learn it puts centres that see few
// rows somewhere else now and then, and stops after ten batches in which the
// mean distance, smoothed, did not improve.
func (f *fit) batches(ctx context.Context, s *state, rng *splitmix.Source) error {
	const patience, rare = 10, 0.01
	alpha := min(1, 2*float64(f.Batch)/(float64(f.points.rows)+1))
	var smooth, least float64
	worse, since := 0, 0
	rows := make([]int, f.Batch)
	for step := range f.steps() {
		if err := ctx.Err(); err != nil {
			return err
		}
		for i := range rows {
			rows[i] = int(rng.Unit() * float64(f.points.rows))
		}
		mean := f.batch(s, rows)
		s.iterations = 1 + int(float64(step+1)*float64(f.Batch)/float64(f.points.rows))
		f.report(step + 1)
		if since += f.Batch; since >= 10*s.k {
			f.replant(s, rows, rare, rng)
			since = 0
		}
		switch step {
		case 0: // the first centres are what it measures
			continue
		case 1:
			smooth, least = mean, mean
			continue
		}
		smooth = float64(smooth*(1-alpha)) + float64(mean*alpha)
		if smooth < least {
			least, worse = smooth, 0
		} else if worse++; worse >= patience {
			return nil
		}
	}
	return nil
}

// batch moves the centres by some rows, and returns the rows' mean squared
// distance before that.
func (f *fit) batch(s *state, rows []int) float64 {
	features := len(f.points.columns)
	find, block := f.nearest(s), f.block(0)
	c := change{sums: make([]float64, len(s.sums)), weights: make([]float64, s.k), members: make([]int, s.k)}
	total, weight := 0.0, 0.0
	for start := 0; start < len(rows); start += wide {
		part := rows[start:min(start+wide, len(rows))]
		for j, col := range f.points.columns {
			to, mean := block[j*wide:(j+1)*wide], f.points.mean[j]
			clear(to)
			for i, r := range part {
				to[i] = (col[r] - mean) * f.points.scale
			}
		}
		var labels [wide]int32
		var distances [wide]float64
		find.Of(block, len(part), &labels)
		own(s.centers, block, labels[:len(part)], distances[:len(part)])
		for i, r := range part {
			w := f.weight(r)
			c.move(block, i, w, -1, labels[i])
			total += float64(w * distances[i])
			weight += w
		}
	}
	for k := range s.k {
		if c.members[k] == 0 {
			continue
		}
		before := s.weights[k]
		s.weights[k] += c.weights[k]
		for j := k * features; j < (k+1)*features; j++ {
			s.centers[j] = (float64(s.centers[j]*before) + c.sums[j]) / s.weights[k]
		}
	}
	if weight == 0 {
		return 0
	}
	return total / weight
}

// replant puts the centres that saw fewer rows than a share of what the most
// frequent saw, half a batch of them at most, onto rows of the batch.
func (f *fit) replant(s *state, rows []int, share float64, rng *splitmix.Source) {
	most := 0.0
	for _, w := range s.weights {
		most = max(most, w)
	}
	least := most
	var poor []int
	for k, w := range s.weights {
		if w >= share*most {
			least = min(least, w)
		} else if len(poor) < len(rows)/2 {
			poor = append(poor, k)
		}
	}
	features := len(f.points.columns)
	for n, k := range poor {
		at := n + int(rng.Unit()*float64(len(rows)-n)) // none twice
		rows[n], rows[at] = rows[at], rows[n]
		f.points.row(rows[n], s.centers[k*features:][:features])
		s.weights[k] = least
	}
}
