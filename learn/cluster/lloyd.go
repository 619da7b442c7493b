package cluster

import (
	"context"
	"math"

	"github.com/runnel-dev/runnel/learn/distance"
	"github.com/runnel-dev/runnel/learn/parallel"
)

// A state is where one start has come to. Centres are as points are: shifted
// and scaled.
type state struct {
	k          int
	centers    []float64 // k x features
	labels     []int32   // -1 before the first pass
	sums       []float64 // k x features: of the rows of each cluster, weighted
	weights    []float64 // and of their weights
	members    []int     // how many rows of a cluster weigh more than 0
	iterations int
	inertia    float64
}

func (f *fit) start(centers []float64) *state {
	k := len(centers) / len(f.points.columns)
	s := &state{k: k, centers: centers, labels: make([]int32, f.points.rows),
		sums: make([]float64, len(centers)), weights: make([]float64, k), members: make([]int, k)}
	for i := range s.labels {
		s.labels[i] = -1
	}
	return s
}

// A change is what one chunk of rows adds to the sums. Chunks do not depend on
// the number of threads, and are added up in their order.
type change struct {
	sums, weights []float64
	members       []int
	rows          int // that changed their cluster
	inertia       float64
}

// chunk is how many rows a chunk has: at most 64 chunks hold all.
func (f *fit) chunk() int {
	return max(4096, (f.points.rows+64*wide-1)/(64*wide)*wide)
}

// each runs do for every block of every chunk, chunks in parallel.
func (f *fit) each(ctx context.Context, do func(thread, chunk, start, rows int, block []float64)) error {
	size := f.chunk()
	return parallel.Each(ctx, f.threads, (f.points.rows+size-1)/size, func(thread, chunk int) {
		block := f.block(thread)
		for start := chunk * size; start < min((chunk+1)*size, f.points.rows); start += wide {
			do(thread, chunk, start, f.points.block(start, block), block)
		}
	})
}

func (f *fit) changes(s *state) []change {
	size := f.chunk()
	out := make([]change, (f.points.rows+size-1)/size)
	for i := range out {
		out[i] = change{sums: make([]float64, len(s.sums)), weights: make([]float64, s.k), members: make([]int, s.k)}
	}
	return out
}

// move takes row i of a block, of weight w, from one cluster to another; -1 is none.
func (c *change) move(block []float64, i int, w float64, from, to int32) {
	if w == 0 {
		return
	}
	features := len(block) / wide
	if to >= 0 {
		c.weights[to] += w
		c.members[to]++
		for j, sums := 0, c.sums[int(to)*features:][:features]; j < len(sums); j++ {
			sums[j] += float64(w * block[j*wide+i])
		}
	}
	if from >= 0 {
		c.weights[from] -= w
		c.members[from]--
		for j, sums := 0, c.sums[int(from)*features:][:features]; j < len(sums); j++ {
			sums[j] -= float64(w * block[j*wide+i])
		}
	}
}

// lloyd moves rows to their nearest centre and centres to the mean of their
// rows, until neither moves. A pass only adds what changed.
func (f *fit) lloyd(ctx context.Context, s *state) error {
	enough := f.Tolerance * f.variance
	for s.iterations < f.MaxIter {
		moved, err := f.assign(ctx, s)
		if err != nil {
			return err
		}
		s.iterations++
		empty, err := f.refill(ctx, s)
		if err != nil {
			return err
		}
		shift := f.recenter(s)
		f.report(s.iterations)
		if moved == 0 || shift <= enough && !empty {
			break
		}
	}
	return f.resum(ctx, s)
}

// assign gives each row the label of its nearest centre, brings the sums up to
// date, and counts the rows that changed.
func (f *fit) assign(ctx context.Context, s *state) (int, error) {
	find := f.nearest(s)
	changes := f.changes(s)
	err := f.each(ctx, func(_, chunk, start, rows int, block []float64) {
		c := &changes[chunk]
		var labels [wide]int32
		find.Of(block, rows, &labels)
		for i, old := range s.labels[start:][:rows] {
			if label := labels[i]; label != old {
				c.move(block, i, f.weight(start+i), old, label)
				s.labels[start+i] = label
				c.rows++
			}
		}
	})
	if err != nil {
		return 0, err
	}
	return s.add(changes), nil
}

func (f *fit) nearest(s *state) *distance.Nearest {
	return distance.NewNearest(s.centers, len(f.points.columns))
}

func (s *state) add(changes []change) int {
	moved := 0
	for _, c := range changes {
		for i, v := range c.sums {
			s.sums[i] += v
		}
		for i, v := range c.weights {
			s.weights[i] += v
			s.members[i] += c.members[i]
		}
		moved += c.rows
	}
	return moved
}

// recenter moves the centres to the means of their rows, and returns by how much
// all did, squared. A cluster without rows stays.
func (f *fit) recenter(s *state) float64 {
	features, shift := len(f.points.columns), 0.0
	for c := range s.k {
		if s.members[c] == 0 || s.weights[c] <= 0 {
			continue
		}
		for j := c * features; j < (c+1)*features; j++ {
			to := s.sums[j] / s.weights[c]
			d := to - s.centers[j]
			shift += float64(d * d)
			s.centers[j] = to
		}
	}
	return shift
}

// resum computes the sums anew, without what rounding left of rows that came and
// went, and so the centres.
func (f *fit) resum(ctx context.Context, s *state) error {
	changes := f.changes(s)
	err := f.each(ctx, func(_, chunk, start, rows int, block []float64) {
		for i, label := range s.labels[start:][:rows] {
			changes[chunk].move(block, i, f.weight(start+i), -1, label)
		}
	})
	if err != nil {
		return err
	}
	clear(s.sums)
	clear(s.weights)
	clear(s.members)
	s.add(changes)
	f.recenter(s)
	return nil
}

// refill gives each cluster that has lost its rows the row that is farthest from
// its own centre, as scikit-learn does, and says whether there was any.
func (f *fit) refill(ctx context.Context, s *state) (bool, error) {
	var distances []float64
	features := len(f.points.columns)
	row := make([]float64, features*wide)
	for c := range s.k {
		if s.members[c] > 0 {
			continue
		}
		if distances == nil {
			distances = make([]float64, f.points.rows)
			err := f.each(ctx, func(_, _, start, rows int, block []float64) {
				own(s.centers, block, s.labels[start:][:rows], distances[start:][:rows])
			})
			if err != nil {
				return false, err
			}
		}
		far := -1
		for i, d := range distances {
			if d > 0 && f.weight(i) > 0 && s.members[s.labels[i]] > 1 && (far < 0 || d > distances[far]) {
				far = i
			}
		}
		if far < 0 {
			return false, nil // there are not as many different rows
		}
		distances[far] = 0
		for j, col := range f.points.columns {
			row[j*wide] = (col[far] - f.points.mean[j]) * f.points.scale
		}
		all := change{sums: s.sums, weights: s.weights, members: s.members}
		all.move(row, 0, f.weight(far), s.labels[far], int32(c))
		s.labels[far] = int32(c)
	}
	return distances != nil, nil
}

// own computes the squared distance of each row of a block to its own centre.
func own(centers, block []float64, labels []int32, out []float64) {
	features := len(block) / wide
	clear(out)
	for j := range features {
		for i, x := range block[j*wide:][:len(out)] {
			d := x - centers[int(labels[i])*features+j]
			out[i] += float64(d * d)
		}
	}
}

// measure labels the rows by the centres as they have become, and sums up the
// distances and the weights of each cluster.
func (f *fit) measure(ctx context.Context, s *state) error {
	find := f.nearest(s)
	changes := f.changes(s)
	err := f.each(ctx, func(_, chunk, start, rows int, block []float64) {
		c := &changes[chunk]
		var labels [wide]int32
		find.Of(block, rows, &labels)
		copy(s.labels[start:][:rows], labels[:])
		var distances [wide]float64
		own(s.centers, block, labels[:rows], distances[:rows])
		for i, label := range labels[:rows] {
			w := f.weight(start + i)
			c.weights[label] += w
			c.inertia += float64(w * distances[i])
		}
	})
	clear(s.weights)
	s.inertia = 0
	for _, c := range changes {
		for i, w := range c.weights {
			s.weights[i] += w
		}
		s.inertia += c.inertia
	}
	return err
}

// result is a state in the features' own units.
func (f *fit) result(s *state, names []string) *Clusters {
	features := len(names)
	c := &Clusters{Names: names, Sizes: s.weights, Iterations: s.iterations,
		Inertia: s.inertia / f.points.scale / f.points.scale}
	for k := range s.k {
		center := make([]float64, features)
		for j := range center {
			center[j] = s.centers[k*features+j]/f.points.scale + f.points.mean[j]
		}
		c.Centers = append(c.Centers, center)
	}
	if math.IsInf(c.Inertia, 0) {
		c.Inertia = math.MaxFloat64
	}
	return c
}
