package decompose

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/portable"
	"github.com/runnel-dev/runnel/learn/splitmix"
	"github.com/runnel-dev/runnel/learn/vector"
)

// SVD are the parameters of a truncated singular value decomposition: the
// directions in which rows extend most, from zero (scikit-learn's TruncatedSVD),
// or from their mean, which makes them principal components (its PCA). A zero
// field means its default.
//
// The directions are found in the span of what rows have in common with random
// ones (Halko, Martinsson and Tropp, "Finding structure with randomness", 2011).
// Where features are no more than Components + Extra the result is exact.
type SVD struct {
	Components int  // how many directions; 2 by default
	Extra      int  // random directions beyond these; 10 by default
	Rounds     int  // how often the span is improved; 7 by default
	Centre     bool // take the features' means from them first
}

// Directions are what a decomposition found. They are immutable and safe for
// concurrent use.
type Directions struct {
	Names      []string
	Mean       []float64   // what is taken from the features: 0 each unless centred
	Components [][]float64 // unit vectors, strongest first; the entry of largest size is positive
	Singular   []float64   // singular values
	Variance   []float64   // of the rows along each: by n - 1 if centred, else by n
	Share      []float64   // of the features' total variance
}

// Fit finds the directions. It takes rows x features x (Components + Extra) time a
// round, a number a row for each of these, and a copy of the rows; where rows are many
// and features few, rows x features^2 time and no copy, unless a direction that is
// asked for is a thousand times weaker than the strongest.
func (s SVD) Fit(ctx context.Context, x *learn.Matrix, opts *learn.Options) (*Directions, error) {
	s.Components, s.Extra, s.Rounds = cmp.Or(s.Components, 2), cmp.Or(s.Extra, 10), cmp.Or(s.Rounds, 7)
	p := len(x.Columns)
	switch {
	case p == 0 || x.Rows < 2:
		return nil, fmt.Errorf("%d rows of %d features to decompose: want at least 2 and 1", x.Rows, p)
	case s.Components < 1 || s.Extra < 0 || s.Rounds < 0:
		return nil, fmt.Errorf("%d components, %d extra and %d rounds: want at least 1, 0 and 0", s.Components, s.Extra, s.Rounds)
	}
	d := &Directions{Names: x.Names, Mean: make([]float64, p)}
	w := &work{ctx: ctx, threads: opts.ThreadCount(), rows: x.Rows, x: x, means: d.Mean}
	total, err := w.measure(s.Centre)
	if err != nil {
		return nil, err
	}
	width := min(s.Components+s.Extra, p, x.Rows)
	var seed uint64
	if opts != nil {
		seed = opts.Seed
	}
	right, singular, exact := w.random(width, seed), []float64(nil), false
	orthonormal(right)
	few := p <= 2*width*s.Rounds && x.Rows >= 2*p
	if few {
		if right, singular, exact, err = w.byProducts(right, s); err != nil {
			return nil, err
		}
	}
	if !exact {
		if !few && width < p && width < x.Rows { // else they span all there is, or nearly so
			for range s.Rounds {
				left := w.times(right)
				orthonormal(left)
				right = w.transposed(left)
				orthonormal(right)
			}
		}
		left := w.times(right)
		orthonormal(left)
		right = w.transposed(left) // B transposed, where B = left x the matrix
		singular = hestenes(right)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for k := range min(s.Components, width) {
		if singular[k] <= 1e-14*singular[0] {
			break // the rows have no further direction
		}
		c := right[k]
		orient(c)
		d.Components = append(d.Components, c)
		d.Singular = append(d.Singular, singular[k]/w.scale)
	}
	d.vary(x, s.Centre, total)
	return d, nil
}

// byProducts finds directions by the products of the features among each other,
// which are less work than the rounds where features are few and rows many
// (scikit-learn's covariance_eigh). Their singular values are the squares of the
// rows'. What is weaker than a thousandth of the strongest has lost too many digits
// to that, more than six of sixteen: the directions are not exact then, but a
// beginning, from which Fit goes one round over the rows.
func (w *work) byProducts(right [][]float64, s SVD) (directions [][]float64, singular []float64, exact bool, err error) {
	gram, err := w.gram()
	if err != nil {
		return nil, nil, false, err
	}
	width := len(right)
	if gram.rows <= 128 {
		right = gram.x.Columns
	} else {
		for range 4 * s.Rounds {
			right = gram.times(right)
			orthonormal(right)
		}
		right = gram.times(right)
	}
	singular = hestenes(right)
	for k, v := range singular {
		singular[k] = math.Sqrt(v)
	}
	return right[:width], singular[:width], singular[min(s.Components, width)-1] >= 1e-3*singular[0], nil
}

// vary computes how much the rows vary along each direction.
func (d *Directions) vary(x *learn.Matrix, centred bool, total float64) {
	n := float64(x.Rows)
	if centred {
		total *= n / (n - 1)
	}
	var along [][]float64
	if !centred {
		along = d.Project(x)
	}
	for k, s := range d.Singular {
		variance := s / (n - 1) * s
		if !centred {
			mean := 0.0
			for _, v := range along[k] {
				mean += v / n
			}
			variance = 0
			for _, v := range along[k] {
				variance += (v - mean) * (v - mean) / n
			}
		}
		share := 0.0
		if total > 0 {
			share = variance / total
		}
		d.Variance, d.Share = append(d.Variance, variance), append(d.Share, share)
	}
}

// Project gives each row's coordinate along each direction: one slice a direction.
func (d *Directions) Project(x *learn.Matrix) [][]float64 {
	out := make([][]float64, len(d.Components))
	for k, c := range d.Components {
		out[k] = make([]float64, x.Rows)
		for j, col := range x.Columns {
			w, mean := c[j], d.Mean[j]
			for i, v := range col {
				out[k][i] += float64(w * (v - mean))
			}
		}
	}
	return out
}

// random are directions drawn from the normal distribution.
func (w *work) random(width int, seed uint64) [][]float64 {
	rng := splitmix.Stream(seed, width)
	out := make([][]float64, width)
	for k := range out {
		out[k] = make([]float64, len(w.means))
		for j := range out[k] {
			out[k][j] = normal(&rng)
		}
	}
	return out
}

// normal draws by Marsaglia's polar method.
func normal(rng *splitmix.Source) float64 {
	for {
		u, v := float64(2*rng.Unit())-1, float64(2*rng.Unit())-1
		if s := float64(u*u) + float64(v*v); s > 0 && s < 1 {
			return u * math.Sqrt(-2*portable.Log(s)/s)
		}
	}
}

// orthonormal makes vectors orthogonal and of length 1, by Gram and Schmidt's
// method, twice; what has nothing of its own becomes 0.
func orthonormal(vectors [][]float64) {
	for k, v := range vectors {
		before := math.Sqrt(vector.Inner(v, v))
		for range 2 {
			for _, u := range vectors[:k] {
				vector.Add(v, -vector.Inner(u, v), u)
			}
		}
		length := math.Sqrt(vector.Inner(v, v))
		if length <= 1e-13*before {
			clear(v)
			continue
		}
		for i := range v {
			v[i] /= length
		}
	}
}

// hestenes turns vectors against each other until they are orthogonal (one-sided
// Jacobi; Golub and Van Loan, section 8.6), makes their lengths 1 and sorts them
// by what they were, which it returns.
func hestenes(v [][]float64) []float64 {
	for turned, sweep := true, 0; turned && sweep < 60; sweep++ {
		turned = false
		for a := range v {
			for b := a + 1; b < len(v); b++ {
				aa, bb, ab := vector.Inner(v[a], v[a]), vector.Inner(v[b], v[b]), vector.Inner(v[a], v[b])
				if math.Abs(ab) <= 1e-15*math.Sqrt(aa)*math.Sqrt(bb) {
					continue
				}
				turned = true
				theta := (bb - aa) / (2 * ab)
				t := 1 / (math.Abs(theta) + math.Sqrt(1+float64(theta*theta)))
				if theta < 0 {
					t = -t
				}
				c := 1 / math.Sqrt(1+float64(t*t))
				turn(v[a], v[b], c, t*c)
			}
		}
	}
	lengths := make([]float64, len(v))
	order := make([]int, len(v))
	for k := range v {
		lengths[k], order[k] = math.Sqrt(vector.Inner(v[k], v[k])), k
	}
	sorting.Stable(order, func(a, b int) int { return cmp.Compare(lengths[b], lengths[a]) })
	sorted, out := make([][]float64, len(v)), make([]float64, len(v))
	for k, from := range order {
		sorted[k], out[k] = v[from], lengths[from]
		for i := range sorted[k] {
			if out[k] > 0 {
				sorted[k][i] /= out[k]
			}
		}
	}
	copy(v, sorted)
	return out
}
