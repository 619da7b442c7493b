package calibrate

import (
	"cmp"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
)

// ThresholdParams say from which probability of the second of two classes on a
// row is said to be of it.
type ThresholdParams struct {
	Metric        string  `json:"metric" default:"none" enum:"none,accuracy,f1,youden,cost" doc:"what the threshold makes best on rows that the model was not fitted on: f1 of the second class, youden (its recall and that of the first class together), or the least cost; none: the likelier class"`
	At            float64 `json:"at" default:"0" min:"0" max:"1" doc:"a threshold that is known; 0: none"`
	FalsePositive float64 `json:"false_positive" default:"1" min:"0" doc:"cost: of a row of the first class that is said to be of the second"`
	FalseNegative float64 `json:"false_negative" default:"1" min:"0" doc:"cost: of a row of the second class that is said to be of the first"`
	Folds         int     `json:"folds" default:"5" min:"2" max:"20" doc:"folds whose rows are predicted by a model that was fitted on the others"`
}

// Check reports params that contradict each other.
func (p ThresholdParams) Check() error {
	switch {
	case p.At != 0 && p.Chosen():
		return fmt.Errorf("threshold: at is %v and metric is %s: a threshold is known or chosen, not both", p.At, p.Metric)
	case p.At >= 1:
		return fmt.Errorf("threshold: at is %v: want more than 0 and less than 1", p.At)
	case p.Metric == "cost" && p.FalsePositive == 0 && p.FalseNegative == 0:
		return fmt.Errorf("threshold: both costs are 0: give what a mistake costs")
	}
	return nil
}

// Chosen reports whether a threshold is to be chosen.
func (p ThresholdParams) Chosen() bool { return p.Metric != "none" && p.Metric != "" }

// CheckOf reports a threshold that is asked for of a task that has none.
func (p ThresholdParams) CheckOf(task learn.Task, classes int) error {
	if p.At == 0 && !p.Chosen() || task == learn.Classification && classes == 2 {
		return nil
	}
	of := string(task)
	if task == learn.Classification {
		of = fmt.Sprintf("classification of %d classes", classes)
	}
	return fmt.Errorf("threshold is of two classes, and the task is %s: take it out", of)
}

// Threshold chooses among all thresholds that tell the rows' probabilities of
// the second class apart; it lies between two of them. Of equals, the one
// nearest to a half, the lower of two. weights may be nil.
func (p ThresholdParams) Threshold(y *learn.Target, probabilities, weights []float64) (threshold, value float64, err error) {
	if err := p.CheckOf(y.Task, len(y.Classes)); err != nil {
		return 0, 0, err
	}
	n := len(y.Labels)
	of := make([]float64, n)
	order := make([]int, n)
	var c counts
	for i, l := range y.Labels {
		of[i], order[i] = probabilities[2*i+1], i
		if w := weightOf(weights, i); l == 1 {
			c.missed += w
		} else {
			c.rejected += w
		}
	}
	if c.missed == 0 || c.rejected == 0 {
		return 0, 0, fmt.Errorf("threshold: all rows are of one class")
	}
	sorting.Stable(order, func(a, b int) int { return cmp.Compare(of[b], of[a]) })
	value = math.Inf(-1)
	for i := 0; i <= n; i++ { // the first i are said to be of the second class
		if i > 0 {
			c.take(y.Labels[order[i-1]] == 1, weightOf(weights, order[i-1]))
		}
		if i > 0 && i < n && of[order[i-1]] == of[order[i]] {
			continue
		}
		above, below := 1.0, 0.0
		if i > 0 {
			above = of[order[i-1]]
		}
		if i < n {
			below = of[order[i]]
		}
		at := min(max(below+float64((above-below)/2), 1e-9), 1-1e-9)
		if !(below < at && at <= above) { // there is nothing between, or at an end
			continue
		}
		v, err := p.value(c)
		if err != nil {
			return 0, 0, err
		}
		if far := math.Abs(at - 0.5); v > value || v == value && far <= math.Abs(threshold-0.5) {
			threshold, value = at, v
		}
	}
	if p.Metric == "cost" {
		value = -value
	}
	return threshold, value, nil
}

// counts are the weights of the rows found, falsely found, missed and rightly rejected.
type counts struct{ found, false, missed, rejected float64 }

func (c *counts) take(second bool, w float64) {
	if second {
		c.found, c.missed = c.found+w, c.missed-w
	} else {
		c.false, c.rejected = c.false+w, c.rejected-w
	}
}

// value is the greater the better.
func (p ThresholdParams) value(c counts) (float64, error) {
	switch p.Metric {
	case "accuracy":
		return (c.found + c.rejected) / (c.found + c.false + c.missed + c.rejected), nil
	case "f1":
		return 2 * c.found / (2*c.found + c.false + c.missed), nil
	case "youden":
		return c.found/(c.found+c.missed) + c.rejected/(c.false+c.rejected) - 1, nil
	case "cost":
		return -(float64(p.FalsePositive*c.false) + float64(p.FalseNegative*c.missed)) / (c.found + c.false + c.missed + c.rejected), nil
	}
	return 0, fmt.Errorf("threshold: no metric %q: there are accuracy, f1, youden, cost", p.Metric)
}
