package explain

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// Permutation measures how much worse a model gets when a feature's values are
// dealt out anew among the rows (Breiman, "Random forests", 2001).
type Permutation struct {
	Repeats int    // 0: 5
	Seed    uint64 // of the permutations
}

// An Importance is by how much a metric gets worse, on average over the repeats.
type Importance struct {
	Name string
	Mean float64
	Std  float64 // of the repeats
	Each []float64
}

// Importances permutes groups of columns, each by itself, and measures predictions
// by score, for which greater is better, or not. The groups' columns are permuted
// together: those that one raw column became belong together.
func (s Permutation) Importances(ctx context.Context, predict Predict, x *learn.Matrix, names []string, groups [][]int,
	score func(predicted []float64) float64, greater bool, opts *Options) ([]Importance, error) {
	if len(names) != len(groups) {
		return nil, fmt.Errorf("%d names for %d groups", len(names), len(groups))
	}
	for g, group := range groups {
		for _, j := range group {
			if j < 0 || j >= len(x.Columns) {
				return nil, fmt.Errorf("group %q has column %d of %d", names[g], j, len(x.Columns))
			}
		}
	}
	repeats := s.Repeats
	if repeats == 0 {
		repeats = 5
	}
	if repeats < 0 || x.Rows == 0 {
		return nil, fmt.Errorf("%d repeats on %d rows: both must be positive", s.Repeats, x.Rows)
	}
	whole := score(predict(x))
	out := make([]Importance, len(groups))
	for g := range out {
		out[g] = Importance{Name: names[g], Each: make([]float64, repeats)}
	}
	err := parallel.Each(ctx, opts.threads(), len(groups)*repeats, func(_, i int) {
		g := i / repeats
		random := splitmix.Stream(s.Seed, i)
		order := make([]int, x.Rows)
		for r := range order {
			k := int(random.Below(uint32(r + 1)))
			order[r], order[k] = order[k], r
		}
		permuted := *x
		permuted.Columns = append([][]float64(nil), x.Columns...)
		for _, j := range groups[g] {
			col := make([]float64, x.Rows)
			for r, from := range order {
				col[r] = x.Columns[j][from]
			}
			permuted.Columns[j] = col
		}
		worse := score(predict(&permuted)) - whole
		if greater {
			worse = -worse
		}
		out[g].Each[i%repeats] = worse
	})
	if err != nil {
		return nil, err
	}
	for g := range out {
		im := &out[g]
		im.Mean = means(im.Each, repeats)[0]
		squares := 0.0
		for _, v := range im.Each {
			squares += float64((v - im.Mean) * (v - im.Mean))
		}
		im.Std = math.Sqrt(squares / float64(repeats))
	}
	return out, nil
}
