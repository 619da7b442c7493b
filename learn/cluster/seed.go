package cluster

import (
	"context"
	"math"

	"github.com/runnel-dev/runnel/learn/distance"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/portable"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// A seeding chooses rows as the first centres: each with a probability in
// proportion to its squared distance from those that are chosen, the best of a
// few such draws (Arthur and Vassilvitskii, "k-means++: the advantages of careful
// seeding", 2007; greedy, as scikit-learn does it).
//
// All rows are read once a centre: at the same time they learn of the centre that
// was chosen last, and what would be left of their distances by each candidate
// for the next. A block's distances are brought up to date by itself where a row
// is drawn from it.
type seeding struct {
	*fit
	closest    []float64 // squared distance to the nearest centre so far; 0 after the last row
	weights    []float64 // of a block whose rows all weigh 1
	last       []float64 // the centre that was chosen last
	candidates int
	sums       []float64 // a block: what its rows' distances would sum to, by candidate
}

func (f *fit) plusPlus(ctx context.Context, rng *splitmix.Source) (*state, error) {
	p := f.points
	features, blocks := len(p.columns), (p.rows+wide-1)/wide
	s := &seeding{fit: f, closest: make([]float64, blocks*wide), weights: make([]float64, wide)}
	for i := range p.rows {
		s.closest[i] = math.Inf(1)
	}
	for i := range s.weights {
		s.weights[i] = 1
	}
	draws := 2 + int(portable.Log(float64(f.K)))
	s.sums = make([]float64, blocks*draws)
	centers := make([]float64, features, f.K*features)
	p.row(s.first(rng), centers)
	s.last = centers
	// The distances from the first centre: the sums of a candidate that is that centre.
	if err := s.pass(ctx, centers); err != nil {
		return nil, err
	}
	left := make([]float64, blocks) // of the distances, a block
	best := 0
	candidates := make([]float64, 0, draws*features)
	for {
		total := 0.0
		for b := range left {
			left[b] = s.sums[b*s.candidates+best]
			total += left[b]
		}
		if len(centers) == f.K*features || total == 0 {
			break
		}
		candidates = candidates[:0]
		for range draws {
			n := len(candidates)
			candidates = candidates[:n+features]
			p.row(s.draw(left, float64(total*rng.Unit())), candidates[n:])
		}
		if err := s.pass(ctx, candidates); err != nil {
			return nil, err
		}
		best = s.best()
		s.last = candidates[best*features:][:features]
		centers = append(centers, s.last...)
		s.last = centers[len(centers)-features:]
	}
	return f.start(centers), nil
}

// random draws rows as the first centres by their weights, none twice: fewer than
// K where fewer weigh anything.
func (f *fit) random(rng *splitmix.Source) *state {
	weights := make([]float64, f.points.rows)
	for i := range weights {
		weights[i] = f.weight(i)
	}
	features, total := len(f.points.columns), sum(weights)
	var centers []float64
	for len(centers) < f.K*features {
		i := pick(weights, total*rng.Unit())
		if weights[i] == 0 {
			break
		}
		total -= weights[i]
		weights[i] = 0
		centers = append(centers, make([]float64, features)...)
		f.points.row(i, centers[len(centers)-features:])
	}
	return f.start(centers)
}

func sum(v []float64) float64 {
	total := 0.0
	for _, x := range v {
		total += x
	}
	return total
}

// first draws a row by its weight.
func (s *seeding) first(rng *splitmix.Source) int {
	if s.Weights == nil {
		return int(rng.Unit() * float64(s.points.rows))
	}
	return pick(s.Weights, sum(s.Weights)*rng.Unit())
}

// pick is where the running sum of v passes a point; the last that adds to it
// where rounding lets none.
func pick(v []float64, point float64) int {
	last, sum := 0, 0.0
	for i, x := range v {
		if x > 0 {
			last = i
		}
		if sum += x; sum > point {
			return i
		}
	}
	return last
}

// draw finds the row at a point of the running sum of weighted distances.
func (s *seeding) draw(left []float64, point float64) int {
	b := pick(left, point)
	for _, x := range left[:b] {
		point -= x
	}
	distances := make([]float64, tile*wide)
	s.update(0, b, distance.Tiles(s.last, len(s.points.columns), 1, nil), distances)
	weighted := make([]float64, wide)
	weights := s.blockWeights(b, weighted)
	for i, d := range s.closest[b*wide:][:wide] {
		weighted[i] = float64(d * weights[i])
	}
	return b*wide + pick(weighted, point)
}

// blockWeights are the weights of a block's rows, in memory of their own if need be.
func (s *seeding) blockWeights(b int, into []float64) []float64 {
	if s.Weights == nil {
		return s.weights
	}
	n := copy(into, s.Weights[b*wide:])
	clear(into[n:])
	return into
}

// update computes the distances of a block's rows to centres, and lets the rows
// know of the first.
func (s *seeding) update(thread, b int, tiles, distances []float64) {
	block := s.block(thread)
	rows := s.points.block(b*wide, block)
	distance.Squared(block, len(s.points.columns), rows, tiles, distances)
	closest := s.closest[b*wide:][:rows]
	for i, d := range distances[:rows] {
		if d < closest[i] {
			closest[i] = d
		}
	}
}

// pass lets all rows know of the last centre, and sums up for each candidate.
func (s *seeding) pass(ctx context.Context, candidates []float64) error {
	features := len(s.points.columns)
	s.candidates = len(candidates) / features
	all := distance.Tiles(append(append([]float64{}, s.last...), candidates...), features, 1, nil)
	const several = 32 // blocks a task
	blocks := len(s.closest) / wide
	return parallel.Each(ctx, s.threads, (blocks+several-1)/several, func(thread, task int) {
		distances := make([]float64, len(all)/features*wide)
		weights := make([]float64, wide)
		lanes := make([]float64, 8*s.candidates)
		for b := task * several; b < min((task+1)*several, blocks); b++ {
			s.update(thread, b, all, distances)
			clear(lanes)
			distance.Closer(s.closest[b*wide:][:wide], s.blockWeights(b, weights), distances[wide:], lanes)
			for c := range s.candidates {
				l := lanes[c*8:][:8]
				s.sums[b*s.candidates+c] = ((l[0] + l[1]) + (l[2] + l[3])) + ((l[4] + l[5]) + (l[6] + l[7]))
			}
		}
	})
}

// best is the candidate that leaves the least of the distances, the first of equals.
func (s *seeding) best() int {
	totals := make([]float64, s.candidates)
	for at := 0; at < len(s.sums); at += s.candidates {
		for c := range totals {
			totals[c] += s.sums[at+c]
		}
	}
	best := 0
	for c, t := range totals {
		if t < totals[best] {
			best = c
		}
	}
	return best
}
