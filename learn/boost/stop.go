package boost

import (
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	rowsplit "github.com/runnel-dev/runnel/learn/split"
)

// holdOut takes the rows for early stopping out of all, by the seed; of classes, as
// many of each as their share is. It returns nil where there is no early stopping.
func (b *Boosting) holdOut(all *sample, seed uint64) (*sample, error) {
	if !b.EarlyStopping {
		return nil, nil
	}
	fractions := rowsplit.Fractions{Validation: b.Validation}
	parts, err := []rowsplit.Part(nil), error(nil)
	if all.y.Task == learn.Classification {
		parts, _, err = rowsplit.Stratified(all.y.Labels, all.y.Classes, fractions, seed)
	} else {
		parts, err = rowsplit.Random(all.x.Rows, fractions, seed)
	}
	if err != nil {
		return nil, fmt.Errorf("the rows for early stopping: %w", err)
	}
	held, rest := all.take(rowsplit.Rows(parts, rowsplit.Validation)), all.take(rowsplit.Rows(parts, rowsplit.Train))
	if held.x.Rows == 0 {
		return nil, fmt.Errorf("a validation_fraction of %v of %d rows leaves none to stop early by: turn early_stopping off, or the fraction up", b.Validation, all.x.Rows)
	}
	*all = rest
	return &held, nil
}

func (s *sample) take(rows []int) sample {
	out := sample{x: s.x.Take(rows), y: s.y.Take(rows)}
	if s.weights != nil {
		out.weights = make([]float64, len(rows))
		for i, r := range rows {
			out.weights[i] = s.weights[r]
		}
	}
	return out
}

// A judge tells from rows that no tree is grown on when to stop.
type judge struct {
	data    *data
	loss    loss
	margins margins
	total   float64 // of the weights
	best    float64
	round   int // of the best
}

func (b *Boosting) newJudge(d *data, held *sample, base []float64) (*judge, error) {
	l, err := b.newLoss(held.y)
	if err != nil {
		return nil, err
	}
	j := &judge{data: d, loss: l, margins: margins{weights: held.weights}, best: math.Inf(1)}
	for _, start := range base {
		j.margins.of = append(j.margins.of, slices.Repeat([]float64{start}, d.rows))
	}
	for i := range d.rows {
		j.total += j.margins.weight(i)
	}
	return j, nil
}

// add takes the trees of a round, and says whether the loss was better before for
// too long.
func (j *judge) add(t *trainer, trees []*grown, round int) (stop bool) {
	blocks := (j.data.rows + blockRows - 1) / blockRows
	sums := make([]float64, blocks)
	t.team.each(func(worker int) {
		for i := worker; i < blocks; i += t.team.size {
			from, to := i*blockRows, min((i+1)*blockRows, j.data.rows)
			for k, tree := range trees {
				of := j.margins.of[k]
				for r := from; r < to; r++ {
					of[r] += tree.value[tree.leaf(j.data.bins[r*j.data.stride:])]
				}
			}
			sums[i] = j.loss.risk(&j.margins, from, to)
		}
	})
	loss := 0.0
	for _, s := range sums { // in order, for the same bits
		loss += s
	}
	if loss /= j.total; loss < j.best-t.boosting.Tolerance || round == 0 {
		j.best, j.round = loss, round
	}
	return round-j.round >= t.boosting.Patience
}
