package crossval

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn/metrics"
)

// A Bag chooses, of candidates that come one after the other, those whose mean
// prediction does best on the folds' test rows, which none of them was fitted on:
// greedy selection with replacement from a library of the best (Caruana et al.,
// "Ensemble selection from libraries of models", 2004).
//
// It is never worse for more candidates: what it holds after the first n of them
// depends on these alone, and is replaced only by what has a better score.
type Bag struct {
	e       *Evaluator
	sign    float64 // a score times sign is the better the greater it is
	library []shelved
	picks   map[int]int // how often each candidate was picked
	sums    [][]float64 // of the picks' predictions, by fold
	score   float64
	seen    int
}

// shelved is a candidate of the library.
type shelved struct {
	number  int
	score   float64
	outputs [][]float64
}

const (
	mostShelved = 20 // candidates that are chosen from
	mostPicks   = 30 // in a bag
	atATime     = 3  // picks for each new candidate
)

// NewBag makes a bag that is empty.
func (e *Evaluator) NewBag() *Bag {
	greater, _ := metrics.Greater(e.o.Metric)
	b := &Bag{e: e, sign: -1, picks: map[int]int{}}
	if greater {
		b.sign = 1
	}
	return b
}

// Score is that of the bag: the mean of the folds' scores.
func (b *Bag) Score() float64 { return b.score }

// Picks tells how often each candidate was picked, by number.
func (b *Bag) Picks() map[int]int { return maps.Clone(b.picks) }

// Admits tells whether a candidate of that score would be chosen from: only then
// Add looks at its predictions.
func (b *Bag) Admits(score float64) bool {
	return len(b.library) < mostShelved || b.sign*score > b.sign*b.library[len(b.library)-1].score
}

// Add takes in the next candidate: its score and its predictions, fold by fold,
// as Result's Outputs. Numbers are different.
func (b *Bag) Add(number int, score float64, outputs [][]float64) error {
	b.seen++
	if b.Admits(score) {
		if len(outputs) != len(b.e.data.Folds) {
			return fmt.Errorf("candidate %d has predictions for %d folds of %d", number, len(outputs), len(b.e.data.Folds))
		}
		b.library = append(b.library, shelved{number, score, outputs})
		slices.SortStableFunc(b.library, func(x, y shelved) int { return cmp.Compare(b.sign*y.score, b.sign*x.score) })
		b.library = b.library[:min(len(b.library), mostShelved)]
		if best := &b.library[0]; best.number == number && b.better(score) {
			b.picks, b.sums, b.score = map[int]int{number: 1}, clone(outputs), score
		}
		if err := b.grow(atATime); err != nil {
			return err
		}
	}
	// After 10, 20, 40, ... candidates another is chosen from nothing, which may do better.
	if n := b.seen / 10; b.seen%10 == 0 && n&(n-1) == 0 {
		return b.anew()
	}
	return nil
}

func (b *Bag) better(score float64) bool {
	return len(b.picks) == 0 || b.sign*score > b.sign*b.score
}

// size is the number of picks.
func (b *Bag) size() int {
	n := 0
	for _, k := range b.picks {
		n += k
	}
	return n
}

// grow picks the candidate that makes the bag best, while that makes it better.
func (b *Bag) grow(most int) error {
	for range most {
		if b.size() >= mostPicks {
			return nil
		}
		at, score, err := b.next()
		if err != nil || at < 0 || !b.better(score) {
			return err
		}
		b.pick(at, score)
	}
	return nil
}

// next is the place in the library of the pick that would do best; -1 for none.
func (b *Bag) next() (at int, score float64, err error) {
	at, score = -1, math.Inf(-1)
	for i := range b.library {
		v, err := b.with(&b.library[i])
		if err != nil {
			return -1, 0, err
		}
		if at < 0 || b.sign*v > b.sign*score {
			at, score = i, v
		}
	}
	return at, score, nil
}

func (b *Bag) pick(at int, score float64) {
	c := &b.library[at]
	b.picks[c.number]++
	b.score = score
	for k, sum := range b.sums {
		for i, v := range c.outputs[k] {
			sum[i] += v
		}
	}
}

// with is the score of the bag with one pick more.
func (b *Bag) with(c *shelved) (float64, error) {
	n := float64(b.size() + 1)
	scores := make([]float64, len(c.outputs))
	for k, out := range c.outputs {
		mean := make([]float64, len(out))
		for i, v := range out {
			mean[i] = (b.sums[k][i] + v) / n
		}
		var err error
		if scores[k], err = b.e.measure(k, b.e.data.Y.Take(b.e.data.Folds[k].Test), mean); err != nil {
			return 0, err
		}
	}
	return Mean(scores), nil
}

// anew picks from nothing, also where a pick makes it worse for now, and keeps
// the best on the way if it is better than what there is.
func (b *Bag) anew() error {
	if len(b.library) == 0 {
		return nil
	}
	first := &b.library[0]
	other := &Bag{e: b.e, sign: b.sign, library: b.library, picks: map[int]int{first.number: 1}, sums: clone(first.outputs), score: first.score}
	for other.size() < mostPicks/2 {
		at, score, err := other.next()
		if err != nil {
			return err
		}
		other.pick(at, score)
		if b.better(other.score) {
			b.picks, b.sums, b.score = maps.Clone(other.picks), clone(other.sums), other.score
		}
	}
	return nil
}

func clone(v [][]float64) [][]float64 {
	out := make([][]float64, len(v))
	for i := range v {
		out[i] = slices.Clone(v[i])
	}
	return out
}
