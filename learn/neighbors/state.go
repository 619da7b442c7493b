package neighbors

import (
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
)

// State implements learn.Model.
func (m *Model) State() learn.State {
	rows := len(m.rows) / m.features
	weights := "uniform"
	if m.inverse {
		weights = "distance"
	}
	s := learn.State{Kind: Kind, Params: map[string]any{"task": string(m.task), "k": m.k, "weights": weights, "outputs": m.outputs},
		Tensors: map[string]learn.Tensor{"rows": {Shape: []int{rows, m.features}, Data: append([]float64{}, m.rows...)}}}
	if m.task == learn.Classification {
		s.Tensors["labels"] = learn.Tensor{Shape: []int{rows}, Data: append([]int32{}, m.labels...)}
	} else {
		s.Tensors["values"] = learn.Tensor{Shape: []int{rows}, Data: append([]float64{}, m.values...)}
	}
	if m.weights != nil {
		s.Tensors["weights"] = learn.Tensor{Shape: []int{rows}, Data: append([]float64{}, m.weights...)}
	}
	return s
}

// FromState restores a model, and refuses a state that Fit cannot have made.
func FromState(s learn.State) (learn.Model, error) {
	m, err := fromState(s)
	if err != nil {
		return nil, fmt.Errorf("neighbors: %w", err)
	}
	return m, nil
}

func fromState(s learn.State) (*Model, error) {
	if s.Kind != Kind {
		return nil, fmt.Errorf("a state of kind %q, want %q", s.Kind, Kind)
	}
	task, _ := s.Params["task"].(string)
	weights, _ := s.Params["weights"].(string)
	k, outputs := whole(s.Params["k"]), whole(s.Params["outputs"])
	if weights != "uniform" && weights != "distance" || k < 1 || outputs < 1 {
		return nil, fmt.Errorf("weights is %v, k %v and outputs %v", s.Params["weights"], s.Params["k"], s.Params["outputs"])
	}
	m := &Model{task: learn.Task(task), k: k, inverse: weights == "distance", outputs: outputs}
	t := s.Tensors["rows"]
	rows, ok := t.Data.([]float64)
	if !ok || len(t.Shape) != 2 || t.Shape[0] < 1 || t.Shape[1] < 1 || len(rows)%t.Shape[1] != 0 || len(rows)/t.Shape[1] != t.Shape[0] || len(rows) > Most {
		return nil, fmt.Errorf("the tensor rows is no matrix of float64 of at most %d numbers", Most)
	}
	m.rows, m.features = append([]float64{}, rows...), t.Shape[1]
	n := t.Shape[0]
	var err error
	switch m.task {
	case learn.Classification:
		t := s.Tensors["labels"]
		labels, ok := t.Data.([]int32)
		if !ok || len(labels) != n || len(t.Shape) != 1 || t.Shape[0] != n || outputs < 2 || outputs > 1<<20 {
			return nil, fmt.Errorf("the tensor labels has no int32 for each of %d rows, of %d classes", n, outputs)
		}
		for i, l := range labels {
			if l < 0 || int(l) >= outputs {
				return nil, fmt.Errorf("label %d of row %d is none of %d classes", l, i, outputs)
			}
		}
		m.labels = append([]int32{}, labels...)
	case learn.Regression:
		if outputs != 1 {
			return nil, fmt.Errorf("%d outputs, a regression has 1", outputs)
		}
		if m.values, err = list(s, "values", n); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("unknown task %q", task)
	}
	if _, ok := s.Tensors["weights"]; ok {
		if m.weights, err = list(s, "weights", n); err != nil {
			return nil, err
		}
		for i, w := range m.weights {
			if w <= 0 {
				return nil, fmt.Errorf("row %d weighs %v", i, w)
			}
		}
	}
	for _, v := range append(m.rows[:len(m.rows):len(m.rows)], m.values...) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("a number of the rows is %v", v)
		}
	}
	m.index()
	return m, nil
}

// whole is a whole number as it is or as it comes back from JSON; 0 otherwise.
func whole(v any) int {
	switch v := v.(type) {
	case int:
		return v
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<31 {
			return int(v)
		}
	}
	return 0
}

// list is a tensor of one finite float64 a row.
func list(s learn.State, name string, rows int) ([]float64, error) {
	t := s.Tensors[name]
	v, ok := t.Data.([]float64)
	if !ok || len(v) != rows || len(t.Shape) != 1 || t.Shape[0] != rows {
		return nil, fmt.Errorf("the tensor %s has no float64 for each of %d rows", name, rows)
	}
	for i, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("number %d of the tensor %s is %v", i, name, x)
		}
	}
	return append([]float64{}, v...), nil
}
