package metrics

import (
	"math"
	"slices"
)

// MSE is the mean squared error.
func MSE(y, predicted, weights []float64) float64 {
	return mean(y, predicted, weights, func(d float64) float64 { return d * d })
}

// RMSE is the root of the mean squared error.
func RMSE(y, predicted, weights []float64) float64 {
	return math.Sqrt(MSE(y, predicted, weights))
}

// MAE is the mean absolute error.
func MAE(y, predicted, weights []float64) float64 {
	return mean(y, predicted, weights, math.Abs)
}

func mean(y, predicted, weights []float64, of func(float64) float64) float64 {
	var total, all float64
	for i, v := range y {
		w := weight(weights, i)
		total += float64(w * of(v-predicted[i]))
		all += w
	}
	return total / all
}

// R2 is the coefficient of determination: 1 - squared error / squared deviation
// of y from its mean. Where y is constant it is 1 for perfect predictions and 0
// otherwise; with fewer than two rows it is NaN.
func R2(y, predicted, weights []float64) float64 {
	if len(y) < 2 {
		return math.NaN()
	}
	var total, all float64
	for i, v := range y {
		w := weight(weights, i)
		total += float64(w * v)
		all += w
	}
	m := total / all
	var errors, deviations float64
	for i, v := range y {
		w, e, d := weight(weights, i), v-predicted[i], v-m
		errors += float64(w * e * e)
		deviations += float64(w * d * d)
	}
	return explained(errors, deviations)
}

// ExplainedVariance is R2 without the part of the error that is a constant
// offset: 1 - variance of the error / variance of y.
func ExplainedVariance(y, predicted, weights []float64) float64 {
	var my, me, all float64
	for i, v := range y {
		w := weight(weights, i)
		my += float64(w * v)
		me += float64(w * (v - predicted[i]))
		all += w
	}
	my /= all
	me /= all
	var errors, deviations float64
	for i, v := range y {
		w, e, d := weight(weights, i), v-predicted[i]-me, v-my
		errors += float64(w * e * e)
		deviations += float64(w * d * d)
	}
	return explained(errors, deviations)
}

func explained(errors, deviations float64) float64 {
	switch {
	case deviations != 0:
		return 1 - errors/deviations
	case errors == 0:
		return 1
	}
	return 0
}

// MedianAE is the median absolute error, the mean of the middle two where the
// number of rows is even; it takes no weights.
func MedianAE(y, predicted []float64) float64 {
	errors := make([]float64, len(y))
	for i, v := range y {
		errors[i] = math.Abs(v - predicted[i])
	}
	slices.Sort(errors)
	n := len(errors)
	switch {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return errors[n/2]
	}
	return (errors[n/2-1] + errors[n/2]) / 2
}

// MaxError is the largest absolute error.
func MaxError(y, predicted []float64) float64 {
	largest := 0.0
	for i, v := range y {
		largest = max(largest, math.Abs(v-predicted[i]))
	}
	return largest
}
