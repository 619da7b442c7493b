package neural

import (
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// A Problem is what a network learns from, however it is trained: standardised
// features, and targets as its outputs should be. Model has everything but the layers.
type Problem struct {
	Model   *Model
	Rows    []int // those with a weight
	Outputs int   // units of the last layer

	x       *learn.Matrix
	y       *learn.Target
	weights []float64
	unit    []int   // of each class
	mean    float64 // of the weights
}

// NewProblem checks the data, and finds how they are standardised. Weights may be nil.
func NewProblem(x *learn.Matrix, y *learn.Target, weights []float64) (*Problem, error) {
	if err := learn.CheckFit(x, y, &learn.Options{Weights: weights}); err != nil {
		return nil, err
	}
	if err := learn.CheckWeights(weights); err != nil {
		return nil, err
	}
	d := &Problem{x: x, y: y, weights: weights, Outputs: 1, Model: &Model{Task: y.Task, Unit: 1}}
	total := 0.0
	for i := range x.Rows {
		if w := d.weight(i); w > 0 {
			d.Rows = append(d.Rows, i)
			total += w / float64(x.Rows)
		}
	}
	d.mean = total * float64(x.Rows) / float64(len(d.Rows))
	for j, col := range x.Columns {
		for i, v := range col {
			if v != v {
				return nil, fmt.Errorf("feature %q has no value in row %d: impute missing values first", x.Names[j], i)
			}
		}
		mean, deviation := standard(col, d.Rows)
		if !(deviation > 0) {
			deviation = math.MaxFloat64 // whatever comes later, a constant column stays near 0
		}
		d.Model.Mean, d.Model.Scale = append(d.Model.Mean, mean), append(d.Model.Scale, deviation)
	}
	if y.Task == learn.Regression {
		var deviation float64
		if d.Model.Offset, deviation = standard(y.Values, d.Rows); deviation > 0 {
			d.Model.Unit = deviation
		}
		return d, nil
	}
	d.Model.Classes, d.unit = len(y.Classes), make([]int, len(y.Classes))
	for _, i := range d.Rows {
		d.unit[y.Labels[i]] = 1
	}
	d.Outputs = 0
	for class, seen := range d.unit {
		if seen == 1 {
			d.Model.Seen = append(d.Model.Seen, int32(class))
			d.unit[class] = d.Outputs
			d.Outputs++
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

func (d *Problem) weight(i int) float64 {
	if d.weights == nil {
		return 1
	}
	return d.weights[i]
}

// Weight is how much a row counts: 1 in the mean.
func (d *Problem) Weight(i int) float64 { return d.weight(i) / d.mean }

// Unit is the unit of the last layer that should be 1 for a row of a classification.
func (d *Problem) Unit(i int) int { return d.unit[d.y.Labels[i]] }

// Value is what the last layer should give for a row of a regression.
func (d *Problem) Value(i int) float64 { return (d.y.Values[i] - d.Model.Offset) / d.Model.Unit }

// Features fills in the standardised features of a row.
func (d *Problem) Features(i int, into []float64) {
	for j, col := range d.x.Columns {
		into[j] = d.Model.standardised(j, col[i])
	}
}

// Begin gives the model its layers, the last one behind the hidden ones, with initial
// weights (Glorot and Bengio, "Understanding the difficulty of training deep
// feedforward neural networks", 2010).
func (d *Problem) Begin(n *Network, random *splitmix.Source) error {
	d.Model.Activation = n.Activation
	inputs, all := len(d.Model.Mean), 0
	sizes := append(append([]int(nil), n.Hidden...), d.Outputs)
	for _, units := range sizes {
		if all += (inputs + 1) * units; all > maxWeights {
			return fmt.Errorf("hidden_layer_sizes is %v: for %d features that is more than %d weights", n.Hidden, len(d.Model.Mean), maxWeights)
		}
		inputs = units
	}
	inputs = len(d.Model.Mean)
	for _, units := range sizes {
		l := Layer{Units: units, Weights: make([]float32, inputs*units), Bias: make([]float32, units)}
		bound := math.Sqrt(6 / float64(inputs+units))
		for i := range l.Weights {
			l.Weights[i] = float32(bound * (float64(2*random.Unit()) - 1))
		}
		d.Model.Layers, inputs = append(d.Model.Layers, l), units
	}
	return nil
}

// Shuffle puts rows into a new order.
func Shuffle(rows []int, random *splitmix.Source) {
	for i := len(rows) - 1; i > 0; i-- {
		j := int(random.Below(uint32(i + 1)))
		rows[i], rows[j] = rows[j], rows[i]
	}
}
