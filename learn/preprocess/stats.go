package preprocess

import (
	"math"
	"slices"
)

// finite returns the finite values of v, in order, in a new slice.
func finite(v []float64) []float64 {
	out := make([]float64, 0, len(v))
	for _, x := range v {
		if x-x == 0 { // NaN for NaN and the infinities
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
		if x-x != 0 { // not finite
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
		if d := x - m; d-d == 0 {
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
		at := float64(float64(len(v)-1) * q)
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
	if math.IsInf(d, 0) {
		return float64(a*(1-t)) + float64(b*t)
	}
	if t >= 0.5 {
		return b - float64(d*(1-t))
	}
	return a + float64(d*t)
}

// selectNth reorders v so that v[n] is what it would be in sorted order, with
// nothing greater before it and nothing less behind it: Floyd and Rivest's
// algorithm 489 (CACM 18(3), 1975), which reads v little more than once.
func selectNth(v []float64, n int) {
	for lo, hi := 0, len(v)-1; lo < hi; {
		if hi-lo > 600 { // find v[n] within a sample about n first: it parts the rest near its ends
			size, place := float64(hi-lo+1), float64(n-lo+1)
			z := math.Log(size)
			sample := float64(.5 * math.Exp(2*z/3))
			spread := float64(.5 * math.Sqrt(z*sample*(size-sample)/size))
			if place < size/2 {
				spread = -spread
			}
			from := max(lo, int(float64(n)-place*sample/size+spread))
			to := min(hi, int(float64(n)+(size-place)*sample/size+spread))
			selectNth(v[from:to+1], n-from)
		}
		pivot := v[n]
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
}

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
