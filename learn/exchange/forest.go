package exchange

import (
	"fmt"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/tree"
)

// Forest makes a forest of classes of trees whose leaves hold the probability of
// each class (Output is -1): its prediction is their mean.
func Forest(e *ensemble.Ensemble) (learn.Model, error) {
	outputs := len(e.Base)
	n := &flat{features: len(e.Features), trees: []int64{0}}
	var values []float64
	for i := range e.Trees {
		t := e.Trees[i]
		rows := make([]float64, len(t.Feature))
		for k, f := range t.Feature {
			if f >= 0 {
				continue
			}
			rows[k] = float64(len(values) / outputs)
			sum := 0.0
			leaf := t.Value[k*outputs : (k+1)*outputs]
			for _, v := range leaf {
				sum += v
			}
			if !(sum > .9999 && sum < 1.0001) {
				return nil, fmt.Errorf("tree %d, node %d: the probabilities of a leaf sum to %v", i, k, sum)
			}
			for _, v := range leaf {
				values = append(values, v/sum)
			}
		}
		t.Value = rows
		if t.Categories != nil {
			return nil, fmt.Errorf("tree %d splits on categories, which a forest of probabilities has not", i)
		}
		if err := n.add(&t); err != nil {
			return nil, fmt.Errorf("tree %d: %w", i, err)
		}
	}
	for i, f := range n.feature {
		if f < 0 {
			n.left[i] = int32(n.value[i])
		}
	}
	s := learn.State{Kind: tree.Kind, Params: map[string]any{"task": string(learn.Classification)}, Tensors: map[string]learn.Tensor{
		"values": {Shape: []int{len(values) / outputs, outputs}, Data: values},
	}}
	put := func(name string, size int, data any) { s.Tensors[name] = learn.Tensor{Shape: []int{size}, Data: data} }
	put("trees", len(n.trees), n.trees)
	put("feature", len(n.feature), n.feature)
	put("threshold", len(n.threshold), n.threshold)
	put("left", len(n.left), n.left)
	put("missing_left", len(n.missing), n.missing)
	put("importances", n.features, make([]float64, n.features))
	return tree.FromState(s)
}
