package cpu

import (
	"errors"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/neural"
)

// data is what a network learns from: standardised features, and targets as its
// outputs should be.
type data struct {
	x       *learn.Matrix
	y       *learn.Target
	weights []float64
	rows    []int // those with a weight
	outputs int
	unit    []int // of each class
	model   *neural.Model
	mean    float64 // of the weights
}

func newData(x *learn.Matrix, y *learn.Target, weights []float64) (*data, error) {
	d := &data{x: x, y: y, weights: weights, outputs: 1, model: &neural.Model{Task: y.Task, Unit: 1}}
	total := 0.0
	for i := range x.Rows {
		w := d.weight(i)
		if !(w >= 0 && w <= math.MaxFloat64) {
			return nil, fmt.Errorf("the weight of row %d is %v: weights are finite and not negative", i, w)
		}
		if w > 0 {
			d.rows = append(d.rows, i)
			total += w / float64(x.Rows)
		}
	}
	if len(d.rows) == 0 {
		return nil, errors.New("all sample weights are 0")
	}
	d.mean = total * float64(x.Rows) / float64(len(d.rows))
	for j, col := range x.Columns {
		for i, v := range col {
			if v != v {
				return nil, fmt.Errorf("feature %q has no value in row %d: impute missing values first", x.Names[j], i)
			}
		}
		mean, deviation := standard(col, d.rows)
		if !(deviation > 0) {
			deviation = math.MaxFloat64 // whatever comes later, a constant column stays near 0
		}
		d.model.Mean, d.model.Scale = append(d.model.Mean, mean), append(d.model.Scale, deviation)
	}
	if y.Task == learn.Regression {
		var deviation float64
		if d.model.Offset, deviation = standard(y.Values, d.rows); deviation > 0 {
			d.model.Unit = deviation
		}
		return d, nil
	}
	d.model.Classes, d.unit = len(y.Classes), make([]int, len(y.Classes))
	for _, i := range d.rows {
		d.unit[y.Labels[i]] = 1
	}
	d.outputs = 0
	for class, seen := range d.unit {
		if seen == 1 {
			d.model.Seen = append(d.model.Seen, int32(class))
			d.unit[class] = d.outputs
			d.outputs++
		}
	}
	return d, nil
}

// standard is the mean of some of the values and their standard deviation,
// without overflow on the way.
func standard(values []float64, rows []int) (mean, deviation float64) {
	n, largest := float64(len(rows)), 0.0
	for _, i := range rows {
		mean += values[i] / n
	}
	for _, i := range rows {
		largest = max(largest, math.Abs(values[i]-mean))
	}
	if largest <= 1e-12*math.Abs(mean) || largest < 0x1p-1000 { // constant, but for the mean's rounding
		return mean, 0
	}
	for _, i := range rows {
		d := (values[i] - mean) / largest
		deviation += float64(d * d)
	}
	return mean, largest * math.Sqrt(deviation/n)
}

func (d *data) weight(i int) float64 {
	if d.weights == nil {
		return 1
	}
	return d.weights[i]
}

// read fills in one row: its features, what comes out, and its weight, which is 1
// in the mean.
func (d *data) read(i int, x, y []float64, weight *float64) {
	for j, col := range d.x.Columns {
		x[j] = (col[i] - d.model.Mean[j]) / d.model.Scale[j]
	}
	*weight = d.weight(i) / d.mean
	if d.y.Task == learn.Regression {
		y[0] = (d.y.Values[i] - d.model.Offset) / d.model.Unit
		return
	}
	clear(y)
	y[d.unit[d.y.Labels[i]]] = 1
}
