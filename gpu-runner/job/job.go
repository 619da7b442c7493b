// Package job is what a training service is asked and what it answers: a fit of
// an estimator by name, and the state of the model.
//
// Both travel as one body: the length of a JSON header in 8 bytes, little-endian,
// the header, and the arrays as a safetensors file.
package job

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/model/safetensors"
)

// MediaType is that of a request and of an answer.
const MediaType = "application/vnd.runnel.job"

// maxHeader bounds the JSON: it has the names of features and classes.
const maxHeader = 16 << 20

// A Request asks for a fit.
type Request struct {
	Estimator string          `json:"estimator"`
	Params    json.RawMessage `json:"params,omitempty"` // the estimator's; what is absent has its default
	Seed      uint64          `json:"seed,string"`
	Task      learn.Task      `json:"task"`
	Classes   []string        `json:"classes,omitempty"`
	Features  []string        `json:"features"`

	X       *learn.Matrix `json:"-"`
	Y       *learn.Target `json:"-"`
	Weights []float64     `json:"-"` // nil: all 1
}

// Encode writes a request. Names, task and classes are those of X and Y.
func (r *Request) Encode() ([]byte, error) {
	header := *r
	header.Task, header.Classes, header.Features = r.Y.Task, r.Y.Classes, r.X.Names
	x := make([]float64, 0, r.X.Rows*len(r.X.Columns))
	for _, col := range r.X.Columns {
		x = append(x, col...)
	}
	tensors := map[string]learn.Tensor{"x": {Shape: []int{len(r.X.Columns), r.X.Rows}, Data: x}}
	if r.Y.Task == learn.Classification {
		tensors["labels"] = learn.Tensor{Shape: []int{len(r.Y.Labels)}, Data: r.Y.Labels}
	} else {
		tensors["values"] = learn.Tensor{Shape: []int{len(r.Y.Values)}, Data: r.Y.Values}
	}
	if r.Weights != nil {
		tensors["weights"] = learn.Tensor{Shape: []int{len(r.Weights)}, Data: r.Weights}
	}
	return encode(header, tensors)
}

// DecodeRequest reads a request, and checks that its parts fit each other.
func DecodeRequest(b []byte) (*Request, error) {
	var r Request
	tensors, err := decode(b, &r)
	if err == nil {
		err = r.fill(tensors)
	}
	if err != nil {
		return nil, fmt.Errorf("a request for a fit: %w", err)
	}
	return &r, nil
}

func (r *Request) fill(tensors map[string]learn.Tensor) error {
	x, ok := tensors["x"].Data.([]float64)
	shape := tensors["x"].Shape
	if !ok || len(shape) != 2 || shape[0] != len(r.Features) {
		return fmt.Errorf("x has the shape %v for %d features: want float64 values, [features, rows]", shape, len(r.Features))
	}
	rows := shape[1]
	r.X = &learn.Matrix{Names: r.Features, Rows: rows}
	for j := range r.Features {
		r.X.Columns = append(r.X.Columns, x[j*rows:(j+1)*rows])
	}
	r.Y = &learn.Target{Task: r.Task, Classes: r.Classes}
	switch r.Task {
	case learn.Classification:
		r.Y.Labels, ok = tensors["labels"].Data.([]int32)
	case learn.Regression:
		r.Y.Values, ok = tensors["values"].Data.([]float64)
	default:
		return fmt.Errorf("the task is %q: want classification or regression", r.Task)
	}
	if !ok {
		return errors.New("there is no target: want labels (int32) for a classification, values (float64) for a regression")
	}
	if w, present := tensors["weights"]; present {
		if r.Weights, ok = w.Data.([]float64); !ok {
			return errors.New("weights are not float64 values")
		}
	}
	return learn.CheckShape(r.X, r.Y, &learn.Options{Weights: r.Weights})
}

// EncodeState writes the answer: the state of the fitted model.
func EncodeState(s learn.State) ([]byte, error) { return encode(s, s.Tensors) }

// DecodeState reads an answer. Whether a model can be made of it, FromState of
// its kind says.
func DecodeState(b []byte) (learn.State, error) {
	var s learn.State
	tensors, err := decode(b, &s)
	if err != nil {
		return learn.State{}, fmt.Errorf("the state of a model: %w", err)
	}
	s.Tensors = tensors
	return s, nil
}

func encode(header any, tensors map[string]learn.Tensor) ([]byte, error) {
	text, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	if len(text) > maxHeader {
		return nil, fmt.Errorf("its header has %d bytes: at most %d", len(text), maxHeader)
	}
	arrays, err := safetensors.Encode(tensors)
	if err != nil {
		return nil, err
	}
	out := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+len(text)+len(arrays)), uint64(len(text)))
	return append(append(out, text...), arrays...), nil
}

func decode(b []byte, header any) (map[string]learn.Tensor, error) {
	if len(b) < 8 {
		return nil, fmt.Errorf("it has %d bytes and is cut short", len(b))
	}
	n := binary.LittleEndian.Uint64(b)
	b = b[8:]
	if n > maxHeader || n > math.MaxInt || int(n) > len(b) {
		return nil, fmt.Errorf("its header is to have %d bytes, of %d that there are and %d that are allowed", n, len(b), maxHeader)
	}
	if err := json.Unmarshal(b[:n], header); err != nil {
		return nil, fmt.Errorf("its header: %w", err)
	}
	tensors, err := safetensors.Decode(b[n:])
	if err != nil {
		return nil, fmt.Errorf("its arrays: %w", err)
	}
	return tensors, nil
}
