// Package density estimates how values are distributed: quantiles, histograms,
// Gaussian kernel densities and two-dimensional grids of counts.
//
// Every function takes finite values only. "Sorted" means in ascending order.
package density

import (
	"math"

	"github.com/runnel-dev/runnel/learn/portable"
)

// Quantile is the q-quantile of sorted values by linear interpolation between
// the closest ranks (numpy's and pandas' default; type 7 of Hyndman and Fan,
// 1996). It is NaN for no values.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := float64(q * float64(len(sorted)-1))
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	lo, hi := sorted[i], sorted[i+1]
	return lo + float64((at-float64(i))*(hi-lo))
}

// Edges chooses equal bins for a histogram of sorted values as numpy.histogram
// does for bins="auto" (version 2.4): the smaller of Sturges' width and that of
// Freedman and Diaconis (1981), the latter at least half of range/sqrt(n). There
// are at most most bins; len(edges) is one more than the number of bins.
//
// Values a step apart (0: any values) get bins some steps wide whose edges lie
// between the values, so that each bin holds equally many of them.
func Edges(sorted []float64, step float64, most int) []float64 {
	n := len(sorted)
	if n == 0 {
		return nil
	}
	lo, hi := sorted[0], sorted[n-1]
	span := hi - lo
	switch {
	case span == 0:
		pad := max(0.5, math.Abs(lo)*1e-9)
		return []float64{max(lo-pad, -math.MaxFloat64), min(hi+pad, math.MaxFloat64)}
	case math.IsInf(span, 0):
		return []float64{lo, hi}
	}
	width := binWidth(sorted, span)
	if step > 0 {
		return steppedEdges(lo, hi, step, width, most)
	}
	bins := most
	if b := math.Ceil(span / width); b < float64(most) {
		bins = max(int(b), 1)
	}
	return linspace(lo, hi, bins+1)
}

func binWidth(sorted []float64, span float64) float64 {
	n := float64(len(sorted))
	sturges := span / (portable.Log2(n) + 1)
	iqr := Quantile(sorted, 0.75) - Quantile(sorted, 0.25)
	return min(max(2*iqr*portable.Pow(n, -1.0/3), span/math.Sqrt(n)/2), sturges)
}

func steppedEdges(lo, hi, step, width float64, most int) []float64 {
	places := math.Round((hi-lo)/step) + 1
	each := max(1, math.Round(width/step), math.Ceil(places/float64(most)))
	bins := int(math.Ceil(places / each))
	edges := make([]float64, bins+1)
	for i := range edges {
		edges[i] = lo - float64(step/2) + float64(float64(i)*each*step)
	}
	return edges
}

// Step is the distance between neighbours of sorted values that repeat at a few
// evenly spaced places, as readings of a coarse instrument do; 0 where values
// are spread more freely.
func Step(sorted []float64) float64 {
	const most = 100 // places
	step, distinct := math.Inf(1), 1
	for i := 1; i < len(sorted) && distinct <= most; i++ {
		if gap := sorted[i] - sorted[i-1]; gap > 0 {
			distinct++
			step = min(step, gap)
		}
	}
	if distinct < 2 || len(sorted) < 10*distinct {
		return 0
	}
	lo, hi := sorted[0], sorted[len(sorted)-1]
	if (hi-lo)/step > most || max(-lo, hi) > math.MaxFloat64/4 { // edges would overflow
		return 0
	}
	for i := 1; i < len(sorted); i++ {
		if at := (sorted[i] - sorted[0]) / step; math.Abs(at-math.Round(at)) > 0.2 {
			return 0
		}
	}
	return step
}

func linspace(lo, hi float64, n int) []float64 {
	out := make([]float64, n)
	step := (hi - lo) / float64(n-1)
	for i := range out {
		out[i] = lo + float64(float64(i)*step)
	}
	out[n-1] = hi
	return out
}

// Histogram counts sorted values between edges. A value on an edge belongs to
// the bin above it, one on the last edge to the last bin.
func Histogram(sorted, edges []float64) []int64 {
	if len(edges) < 2 {
		return nil
	}
	counts := make([]int64, len(edges)-1)
	bin, last := 0, len(counts)-1
	for _, v := range sorted {
		for bin < last && v >= edges[bin+1] {
			bin++
		}
		counts[bin]++
	}
	return counts
}

// Curve estimates the probability density of sorted values with a Gaussian
// kernel whose bandwidth is Scott's (1992), the standard deviation times
// n^(-1/5), as scipy.stats.gaussian_kde does, at equally many points from the
// smallest value to the largest. Values are first shared out between the points
// of a fine grid (linear binning: Wand and Jones, 1995, appendix D), which
// bounds the work whatever n is. It is nil where all values are equal, or so
// close that the density overflows.
func Curve(sorted []float64, points int) (x, density []float64) {
	n := len(sorted)
	if n < 2 || points < 2 {
		return nil, nil
	}
	lo, span := sorted[0], sorted[n-1]-sorted[0]
	bandwidth := deviation(sorted) * portable.Pow(float64(n), -0.2)
	if !(span > 0) || math.IsInf(span, 0) || !(bandwidth > 0) || math.IsInf(bandwidth, 0) {
		return nil, nil
	}
	const fine = 2048
	step := span / (fine - 1)
	var mass [fine]float64
	for _, v := range sorted {
		at := (v - lo) / step
		i := min(int(at), fine-2)
		right := at - float64(i)
		mass[i] += 1 - right
		mass[i+1] += right
	}
	x, density = linspace(lo, sorted[n-1], points), make([]float64, points)
	scale := 1 / (float64(n) * bandwidth * math.Sqrt(2*math.Pi))
	for p, at := range x {
		// Beyond 8 bandwidths the kernel is below 1e-13 of its peak.
		from := max(0, int((at-lo-float64(8*bandwidth))/step))
		to := min(fine-1, int((at-lo+float64(8*bandwidth))/step)+1)
		sum := 0.0
		for i := from; i <= to; i++ {
			if mass[i] == 0 {
				continue
			}
			z := (at - lo - float64(float64(i)*step)) / bandwidth
			sum += float64(mass[i] * portable.Exp(-0.5*z*z))
		}
		if density[p] = sum * scale; math.IsInf(density[p], 0) || math.IsNaN(density[p]) {
			return nil, nil
		}
	}
	return x, density
}

// deviation is the sample standard deviation (n - 1).
func deviation(values []float64) float64 {
	n, mean, sum, rest := float64(len(values)), 0.0, 0.0, 0.0
	for _, v := range values {
		mean += v / n
	}
	for _, v := range values {
		sum += float64((v - mean) * (v - mean))
		rest += v - mean // what the mean lacks, far from zero
	}
	return math.Sqrt(max(0, sum-float64(rest*rest/n)) / (n - 1))
}
