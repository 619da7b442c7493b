package boost

import (
	"math/bits"

	"github.com/runnel-dev/runnel/learn/splitmix"
)

// A drawer chooses the rows that a round's trees are grown on. What it says of a
// row depends on the seed, the round and the row, on nothing else.
type drawer struct {
	state     uint64
	threshold uint64 // of 64 random bits: rows that get less are drawn
	// large are the gradients from which on a row is taken anyhow, and amplify is
	// what the words of the others are multiplied by; 0: rows are drawn alike.
	large   int64
	amplify float64
}

// share is a threshold of that probability.
func share(p float64) uint64 {
	if p >= 1 {
		return 1<<64 - 1
	}
	return uint64(p * (1 << 64))
}

// drawer chooses how the rows of a round are drawn: nil takes all.
func (t *trainer) drawer(round int) *drawer {
	b := t.boosting
	rng := splitmix.Stream(t.seed, round)
	d := &drawer{state: rng.Next()}
	switch {
	case b.GOSS && float64(round) >= 1/b.LearningRate:
		rest := 1 - b.GOSSTop
		if rest <= b.GOSSOther {
			return nil
		}
		d.threshold, d.amplify = share(b.GOSSOther/rest), rest/b.GOSSOther
		d.large = t.large(b.GOSSTop)
	case b.Subsample < 1:
		d.threshold = share(b.Subsample)
	default:
		return nil
	}
	return d
}

// draw says whether a row is drawn.
func (d *drawer) draw(row uint32) bool {
	rng := splitmix.Source{State: d.state + uint64(row)*0x9e3779b97f4a7c15}
	rng.Next()
	return rng.Next() < d.threshold
}

// size is the sum of a row's gradients, over the outputs.
func (t *trainer) size(row int) int64 {
	sum := int64(0)
	for _, words := range t.margins.words {
		g := gradient(words[row])
		sum += max(g, -g)
	}
	return sum
}

// steps of sizes: 64 to a doubling.
const sizeSteps = 64 * 64

// sizeStep grows with a size, by one for each 64th of a doubling or so.
func sizeStep(size int64) int {
	e := bits.Len64(uint64(size))
	if e <= 6 {
		return int(size)
	}
	return (e-6)*64 + int(uint64(size)>>(e-7)&63)
}

// large is the size that so much of the rows have at least, not more of them.
func (t *trainer) large(share float64) int64 {
	counts := make([][sizeSteps]int, t.team.size)
	t.blocks(func(worker, from, to int) {
		for r := from; r < to; r++ {
			counts[worker][sizeStep(t.size(r))]++
		}
	})
	left := int(share * float64(t.data.rows))
	for step := sizeSteps - 1; step >= 0; step-- {
		for i := range counts {
			left -= counts[i][step]
		}
		if left < 0 {
			return int64(step + 1)
		}
	}
	return 0
}

// sample divides each worker's rows into those that are drawn and the others,
// makes up for these in the words of the drawn, and returns the words' totals.
func (t *trainer) sample(d *drawer) totals {
	parts := make([]totals, t.team.size)
	t.team.each(func(i int) {
		w := t.grower.workers[i]
		w.drawn, w.out = w.drawn[:0], w.out[:0]
		for _, r := range w.all {
			large := d.amplify > 0 && int64(sizeStep(t.size(int(r)))) >= d.large
			if !large && !d.draw(r) {
				w.out = append(w.out, r)
				continue
			}
			w.drawn = append(w.drawn, r)
			for _, words := range t.margins.words {
				g, h := gradient(words[r]), hessian(words[r])
				if d.amplify > 0 && !large {
					g, h = round(float64(float64(g)*d.amplify)), round(float64(float64(h)*d.amplify))
					words[r] = pack(g, h)
				}
				parts[i].gradient += max(g, -g)
				parts[i].hessian += h
			}
		}
	})
	var sums totals
	for _, part := range parts {
		sums.add(part)
	}
	return sums
}

func round(v float64) int64 {
	if v < 0 {
		return int64(v - 0.5)
	}
	return int64(v + 0.5)
}

// choose draws a share of n things, at least one, in ascending order.
func choose(n int, share float64, rng splitmix.Source) []int {
	k := max(1, int(float64(share*float64(n))+0.5))
	out := make([]int, 0, k)
	for i := range n { // Knuth's selection sampling
		if int(rng.Below(uint32(n-i))) < k-len(out) {
			out = append(out, i)
		}
	}
	return out
}
