// Package fitted stores and finds what steps have fitted: transformers and models.
package fitted

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/model/safetensors"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/runtime/step"
)

// transformers is the JSON of fitted transformers. Their arrays are beside it.
type transformers struct {
	State   learn.State `json:"state"`
	Weights events.Ref  `json:"weights,omitzero"`
}

// PutGraph stores fitted transformers as the output of that name: readable JSON
// and, where there are arrays, a safetensors file.
func PutGraph(ctx context.Context, call *step.Call, name string, g *preprocess.Graph) (events.Ref, error) {
	doc := transformers{State: g.State()}
	if len(doc.State.Tensors) > 0 {
		b, err := safetensors.Encode(doc.State.Tensors)
		if err != nil {
			return events.Ref{}, fmt.Errorf("writing the transformers: %w", err)
		}
		if doc.Weights, err = call.PutBytes(ctx, name+".safetensors", events.MediaSafetensors, b); err != nil {
			return events.Ref{}, err
		}
	}
	return call.PutJSON(ctx, name, events.MediaTransformers, doc)
}

// Graph reads fitted transformers.
func Graph(ctx context.Context, call *step.Call, ref events.Ref) (*preprocess.Graph, error) {
	var doc transformers
	if err := call.JSON(ctx, ref, &doc); err != nil {
		return nil, err
	}
	if !doc.Weights.IsZero() {
		b, err := call.Bytes(ctx, doc.Weights)
		if err != nil {
			return nil, err
		}
		if doc.State.Tensors, err = safetensors.Decode(b); err != nil {
			return nil, step.Permanent(fmt.Errorf("transformers %s: %w", ref.Digest, err))
		}
	}
	g, err := preprocess.GraphFromState(doc.State)
	if err != nil {
		return nil, step.Permanent(fmt.Errorf("transformers %s: %w", ref.Digest, err))
	}
	return g, nil
}

// PutModel stores a model's two files.
func PutModel(ctx context.Context, call *step.Call, m *model.Model) (events.ModelRef, error) {
	description, weights, err := model.Encode(m)
	if err != nil {
		return events.ModelRef{}, fmt.Errorf("writing the model: %w", err)
	}
	var ref events.ModelRef
	if ref.Weights, err = call.PutBytes(ctx, "weights.safetensors", events.MediaSafetensors, weights); err != nil {
		return ref, err
	}
	ref.Model, err = call.PutBytes(ctx, "model.json", events.MediaModel, description)
	return ref, err
}

// Description reads what a model says of itself, without its weights.
func Description(ctx context.Context, call *step.Call, ref events.ModelRef) (*model.Model, error) {
	b, err := call.Bytes(ctx, ref.Model)
	if err != nil {
		return nil, err
	}
	m, err := model.Description(b)
	if err != nil {
		return nil, step.Permanent(fmt.Errorf("model %s: %w", ref.Model.Digest, err))
	}
	return m, nil
}

// Model reads a model.
func Model(ctx context.Context, call *step.Call, ref events.ModelRef) (*model.Model, error) {
	description, err := call.Bytes(ctx, ref.Model)
	if err != nil {
		return nil, err
	}
	weights, err := call.Bytes(ctx, ref.Weights)
	if err != nil {
		return nil, err
	}
	m, err := model.Decode(description, weights)
	if err != nil {
		return nil, step.Permanent(fmt.Errorf("model %s: %w", ref.Model.Digest, err))
	}
	return m, nil
}

// A Choice is the estimator and its parameters that a search found to be best.
type Choice struct {
	Model  string         `json:"model"`
	Params map[string]any `json:"params"` // all of the estimator's, under its name

	// Transforms make the features of the raw rows, in the place of those that
	// were built; none: these are used.
	Transforms []preprocess.Description `json:"transforms,omitempty"`
}

// Chosen reads what a search found.
func Chosen(ctx context.Context, call *step.Call, ref events.Ref) (Choice, error) {
	var c Choice
	err := call.JSON(ctx, ref, &c)
	return c, err
}
