package preprocess

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// donors holds the training rows that kNN imputation takes its values from,
// column after column, NaN where missing.
type donors struct {
	rows    int
	columns [][]float64
}

// sampleDonors takes p.Donors of t's rows, chosen by the seed, in their order.
func sampleDonors(t *table.Table, names []string, p Impute, opts *learn.Options) *donors {
	n := t.Rows()
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	if n > p.Donors {
		var seed uint64
		if opts != nil {
			seed = opts.Seed
		}
		r := rand.New(rand.NewPCG(seed, 0x6b6e6e))
		r.Shuffle(n, func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		rows = rows[:p.Donors]
		sorting.Ordered(rows)
	}
	d := &donors{rows: len(rows), columns: make([][]float64, len(names))}
	for j, name := range names {
		v := t.Column(name).Numbers()
		d.columns[j] = make([]float64, len(rows))
		for i, r := range rows {
			d.columns[j][i] = v[r]
		}
	}
	return d
}

func (d *donors) tensor() learn.Tensor {
	return learn.Tensor{Shape: []int{len(d.columns), d.rows}, Data: slices.Concat(d.columns...)}
}

func (f *imputer) restoreDonors(s learn.State) error {
	shape := s.Tensors["donors"].Shape
	if len(shape) != 2 || shape[0] != len(f.Joint) || shape[1] < 0 {
		return fmt.Errorf("donors of shape %v for %d columns", shape, len(f.Joint))
	}
	v, err := floats(s, "donors", shape...)
	if err != nil {
		return err
	}
	f.donors = &donors{rows: shape[1], columns: make([][]float64, shape[0])}
	for j := range f.donors.columns {
		f.donors.columns[j] = v[j*shape[1] : (j+1)*shape[1]]
	}
	return nil
}

// neighbors is the scratch space of one goroutine's search.
type neighbors struct {
	*donors
	k        int
	distance []float64
	apart    []int32 // how many of the row's columns a donor lacks
	best     []int
	row      []float64
}

func (f *imputer) newNeighbors() *neighbors {
	if f.donors == nil {
		return nil
	}
	n := f.donors.rows
	k := min(f.Params.Neighbors, n)
	return &neighbors{donors: f.donors, k: k, distance: make([]float64, n), apart: make([]int32, n), best: make([]int, 0, k+1)}
}

// fill fills a row's missing values by the mean of that column over the nearest
// donors that have it. Distance is nan_euclidean (Dixon 1979): over the columns
// that both rows have, scaled up for those that they have not. Among equally
// near donors the first is taken. Where no donor can be compared, fills it is.
func (s *neighbors) fill(row, fills []float64) {
	s.row = append(s.row[:0], row...)
	const block = 1024 // donors whose distances stay in the nearest cache
	for from := 0; from < s.rows; from += block {
		s.measure(from, min(from+block, s.rows))
	}
	for j := range row {
		if row[j] != row[j] {
			row[j] = s.mean(j, fills[j])
		}
	}
}

// measure computes the squared distance of the row from some of the donors, up
// to a factor; NaN where they share no column.
func (s *neighbors) measure(from, to int) {
	distance, apart := s.distance[from:to], s.apart[from:to]
	clear(distance)
	clear(apart)
	present := int32(0)
	for j, x := range s.row {
		if x != x {
			continue
		}
		present++
		for d, y := range s.columns[j][from:to] {
			if diff := x - y; diff == diff {
				distance[d] += float64(diff * diff)
			} else {
				apart[d]++
			}
		}
	}
	for d := range distance {
		distance[d] /= float64(present - apart[d]) // 0/0 is NaN
	}
}

func (s *neighbors) mean(j int, none float64) float64 {
	best, values := s.best[:0], s.columns[j]
	for d, dist := range s.distance {
		if len(best) == s.k && !(dist < s.distance[best[s.k-1]]) || dist != dist || values[d] != values[d] {
			continue
		}
		at := len(best)
		for at > 0 && dist < s.distance[best[at-1]] {
			at--
		}
		best = slices.Insert(best, at, d)
		best = best[:min(len(best), s.k)]
	}
	if len(best) == 0 {
		return none
	}
	sum := 0.0
	for _, d := range best {
		sum += values[d]
	}
	return sum / float64(len(best))
}
