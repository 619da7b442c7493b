package preprocess

import (
	"fmt"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/learn"
)

// pack writes a fitted transformer down: its exported fields become the state's
// readable parameters. Fitting keeps them finite, so that JSON can hold them.
func pack(kind string, fitted any, tensors map[string]learn.Tensor) learn.State {
	b, err := json.Marshal(fitted)
	if err != nil {
		panic(fmt.Sprintf("preprocess: fitted %s: %v", kind, err)) // a field that is not finite: a fault of Fit
	}
	var params map[string]any
	if err := json.Unmarshal(b, &params); err != nil {
		panic(fmt.Sprintf("preprocess: fitted %s: %v", kind, err))
	}
	return learn.State{Kind: kind, Params: params, Tensors: tensors}
}

// reread reads a value of a state's parameters into a struct.
func reread(params any, into any) error {
	b, err := json.Marshal(params)
	if err != nil {
		return err
	}
	return json.Strict(b, into)
}

// floats returns the named float64 tensor of a state, checked for its shape.
func floats(s learn.State, name string, shape ...int) ([]float64, error) {
	t, ok := s.Tensors[name]
	if !ok {
		return nil, fmt.Errorf("no tensor %q", name)
	}
	v, ok := t.Data.([]float64)
	if !ok {
		return nil, fmt.Errorf("tensor %q holds %T, want []float64", name, t.Data)
	}
	n := 1
	for _, d := range shape {
		n *= d
	}
	if len(v) != n {
		return nil, fmt.Errorf("tensor %q has %d values, want %d", name, len(v), n)
	}
	return v, nil
}
