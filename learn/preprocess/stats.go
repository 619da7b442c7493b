package preprocess

import (
	"math"
	"slices"
)

// finite returns the finite values of v, in order, in a new slice.
func finite(v []float64) []float64 {
	out := make([]float64, 0, len(v))
	for _, x := range v {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			out = append(out, x)
		}
	}
	return out
}

// mean is the mean of the finite values of v and how many they are; 0 for none.
// Values are summed in order about the first, so that large offsets cost no digits.
func mean(v []float64) (m float64, n int) {
	first, sum := math.NaN(), 0.0
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			continue
		}
		if n == 0 {
			first = x
		}
		sum += x - first
		n++
	}
	if n == 0 {
		return 0, 0
	}
	return first + sum/float64(n), n
}

// variance is the population variance of the finite values of v about m.
func variance(v []float64, m float64) float64 {
	sum, n := 0.0, 0
	for _, x := range v {
		if d := x - m; !math.IsNaN(d) && !math.IsInf(d, 0) {
			sum += float64(d * d)
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// quantiles returns the quantiles of v by linear interpolation, as pandas and
// numpy do it (Hyndman and Fan's type 7). v has no NaN, is not empty, and is
// reordered. qs ascend.
func quantiles(v []float64, qs ...float64) []float64 {
	out := make([]float64, len(qs))
	from := 0
	for i, q := range qs {
		at := float64(len(v)-1) * q
		lo := int(at)
		selectNth(v[from:], lo-from)
		a := v[lo]
		from = lo
		if lo+1 == len(v) {
			out[i] = a
			continue
		}
		b := slices.Min(v[lo+1:])
		out[i] = lerp(a, b, at-float64(lo))
	}
	return out
}

// lerp interpolates from a to b as numpy does: from the nearer end.
func lerp(a, b, t float64) float64 {
	d := b - a
	if t >= 0.5 {
		return b - float64(d*(1-t))
	}
	return a + float64(d*t)
}

// selectNth reorders v so that v[n] is what it would be in sorted order, with
// nothing greater before it and nothing less behind it (Hoare's quickselect).
func selectNth(v []float64, n int) {
	lo, hi := 0, len(v)-1
	for hi-lo > 24 {
		// Median of nine spread positions: fixed, so the work is deterministic.
		step := (hi - lo) / 8
		pivot := median3(median3(v[lo], v[lo+step], v[lo+2*step]),
			median3(v[lo+3*step], v[lo+4*step], v[lo+5*step]),
			median3(v[lo+6*step], v[lo+7*step], v[hi]))
		i, j := lo, hi
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			hi = j
		case n >= i:
			lo = i
		default:
			return
		}
	}
	slices.Sort(v[lo : hi+1])
}

func median3(a, b, c float64) float64 { return max(min(a, b), min(max(a, b), c)) }

// mode is the most frequent value of v, the least of equals as in scikit-learn.
// v has no NaN, is not empty, and is sorted by the call.
func mode(v []float64) float64 {
	slices.Sort(v)
	best, count := v[0], 0
	for i := 0; i < len(v); {
		j := i + 1
		for j < len(v) && v[j] == v[i] {
			j++
		}
		if j-i > count {
			best, count = v[i], j-i
		}
		i = j
	}
	return best
}

func nans(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}
