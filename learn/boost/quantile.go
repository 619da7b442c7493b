package boost

import (
	"cmp"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
)

// pinball is the loss whose minimum is a quantile: the absolute error where it is
// the median.
type pinball struct {
	values      []float64
	q           float64
	above, less float64 // the gradient where the margin is above the value, and below
}

func newPinball(y *learn.Target, q float64) *pinball {
	return &pinball{values: y.Values, q: q, above: 1 - q, less: -q}
}

// newAbsolute scales the loss of the median, as others do, to be the absolute error.
func newAbsolute(y *learn.Target) *pinball {
	return &pinball{values: y.Values, q: 0.5, above: 1, less: -1}
}

func (l *pinball) base(weights []float64) []float64 {
	return []float64{quantile(slices.Clone(l.values), weights, l.q)}
}

func (l *pinball) link() ensemble.Link { return ensemble.Identity }

func (l *pinball) flat() bool { return true }

func (l *pinball) bound(float64, float64) (gradient, hessian float64) { return 1, 1 }

func (l *pinball) fill(m *margins, from, to int) (reach float64, t totals) {
	words := m.words[0][from:to]
	for i, f := range m.of[0][from:to] {
		g := 0.0
		switch v := l.values[from+i]; {
		case f > v:
			g = l.above
		case f < v:
			g = l.less
		}
		w := m.weight(from + i)
		m.put(&t, &words[i], g*w, w)
	}
	return 0, t
}

func (l *pinball) risk(m *margins, from, to int) float64 {
	sum := 0.0
	for i, f := range m.of[0][from:to] {
		d := f - l.values[from+i]
		sum += float64(max(l.above*d, l.less*d) * m.weight(from+i))
	}
	return sum
}

// leaf is the quantile of what rows of these margins lack.
func (l *pinball) leaf(rows []uint32, margins, weights []float64) float64 {
	lacks := make([]float64, len(rows))
	var w []float64
	if weights != nil {
		w = make([]float64, len(rows))
	}
	for i, r := range rows {
		lacks[i] = l.values[r] - margins[r]
		if w != nil {
			w[i] = weights[r]
		}
	}
	return quantile(lacks, w, l.q)
}

// quantile is the least value that values of the share q are not above; in the
// middle to the next where they are exactly that share. It reorders values.
func quantile(values, weights []float64, q float64) float64 {
	if weights != nil {
		return weightedQuantile(values, weights, q)
	}
	at := q * float64(len(values))
	k := int(at)
	if float64(k) < at {
		k++
	}
	k = max(k, 1)
	v := nth(values, k-1)
	if float64(k) == at && k < len(values) {
		return v + float64((slices.Min(values[k:])-v)/2)
	}
	return v
}

func weightedQuantile(values, weights []float64, q float64) float64 {
	order := make([]int32, len(values))
	total := 0.0
	for i, w := range weights {
		order[i] = int32(i)
		total += w
	}
	// Equal values in an order of their own, so that the sums are the same in any.
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(values[a], values[b]), cmp.Compare(weights[a], weights[b]))
	})
	sum := 0.0
	for i, row := range order {
		sum += weights[row]
		if sum > q*total || i == len(order)-1 {
			return values[row]
		}
		if sum == q*total && sum > 0 {
			v := values[row]
			return v + float64((values[order[i+1]]-v)/2)
		}
	}
	return 0
}

// nth moves the value that has k smaller ones to its place, those not above it
// before it (Hoare, "Algorithm 65: Find", 1961).
func nth(values []float64, k int) float64 {
	lo, hi := 0, len(values)-1
	for lo < hi {
		pivot := median3(values[lo], values[lo+(hi-lo)/2], values[hi])
		i, j := lo, hi
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for values[j] > pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return values[k]
		}
	}
	return values[k]
}

func median3(a, b, c float64) float64 { return max(min(a, b), min(max(a, b), c)) }
