package model

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/internal/sha256"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/baseline"
	"github.com/runnel-dev/runnel/learn/bayes"
	"github.com/runnel-dev/runnel/learn/boost"
	"github.com/runnel-dev/runnel/learn/calibrate"
	"github.com/runnel-dev/runnel/learn/cluster"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/model/safetensors"
	"github.com/runnel-dev/runnel/learn/neighbors"
	"github.com/runnel-dev/runnel/learn/neural"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/recommend"
	"github.com/runnel-dev/runnel/learn/tree"
	"github.com/runnel-dev/runnel/table"
)

// Format names the layout of model.json; a reader refuses any other.
const Format = "runnel.model/v1"

// document is model.json. The tensors of transforms and estimator are in the
// weights file, named "transforms/..." and "estimator/...".
type document struct {
	Format     string             `json:"format"`
	Task       learn.Task         `json:"task"`
	Target     string             `json:"target"`
	TargetKind table.Kind         `json:"target_type"`
	Classes    []string           `json:"classes,omitempty"`
	Inputs     []Input            `json:"inputs"`
	Features   []string           `json:"features"`
	Transforms learn.State        `json:"transforms"`
	Estimator  learn.State        `json:"estimator"`
	Params     map[string]any     `json:"params,omitempty"`
	Metrics    map[string]float64 `json:"metrics,omitempty"`
	Threshold  float64            `json:"threshold,omitempty"`
	Seed       uint64             `json:"seed"`
	Statistics json.RawMessage    `json:"statistics,omitempty"`
	Lineage    json.RawMessage    `json:"lineage,omitempty"`
	Weights    weights            `json:"weights"`
}

// weights ties model.json to its weights file.
type weights struct {
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// restoreEstimator restores an estimator of a number of features by the kind of
// its state. A new kind of estimator is a case here: how it is restored, and the
// tensor whose last dimension is the number of features; "" where it takes any.
func restoreEstimator(s learn.State, features int) (learn.Model, error) {
	var restore func(learn.State) (learn.Model, error)
	var tensor string
	switch s.Kind {
	case tree.Kind, tree.KindExtra:
		restore, tensor = tree.FromState, "importances"
	case boost.Kind:
		restore, tensor = boost.FromState, "importances"
	case linear.KindLinear, linear.KindRidge, linear.KindLasso, linear.KindElasticNet, linear.KindLogistic, linear.KindSGD:
		restore, tensor = linear.FromState, "coefficients"
	case neural.Kind:
		restore, tensor = neural.FromState, "mean"
	case neighbors.Kind:
		restore, tensor = neighbors.FromState, "rows"
	case bayes.Kind:
		restore, tensor = bayes.FromState, "means"
		if _, ok := s.Tensors["frequencies"]; ok {
			tensor = "frequencies"
		}
	case cluster.Kind:
		restore, tensor = clustersFromState, "centers"
	case tree.KindIsolation:
		return isolationFromState(s, features)
	case recommend.Kind:
		restore = recommenderFromState
	case baseline.Kind:
		restore = baseline.FromState
	case combine.KindVoting, combine.KindStacking:
		return combine.FromState(s, features, restoreEstimator)
	case calibrate.Kind:
		return calibrate.FromState(s, features, restoreEstimator)
	default:
		return nil, fmt.Errorf("unknown kind of estimator %q", s.Kind)
	}
	m, err := restore(s)
	if err != nil || tensor == "" {
		return m, err
	}
	if shape := s.Tensors[tensor].Shape; shape[len(shape)-1] != features {
		return nil, fmt.Errorf("an estimator of %d features, but the model has %d", shape[len(shape)-1], features)
	}
	return m, nil
}

func clustersFromState(s learn.State) (learn.Model, error) {
	c, err := cluster.FromState(s)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func isolationFromState(s learn.State, features int) (learn.Model, error) {
	m, err := tree.IsolationFromState(s)
	switch {
	case err != nil:
		return nil, err
	case m.Features() != features:
		return nil, fmt.Errorf("an estimator of %d features, but the model has %d", m.Features(), features)
	}
	return m, nil
}

// Encode writes a model as a readable model.json and its weights, a safetensors
// file. The same model gives the same bytes.
func Encode(m *Model) (modelJSON, weightsFile []byte, err error) {
	if err := m.Check(); err != nil {
		return nil, nil, fmt.Errorf("model: %w", err)
	}
	d := document{Format: Format, Task: m.Task, Target: m.Target, TargetKind: m.TargetKind, Classes: m.Classes,
		Inputs: m.Inputs, Features: m.Features, Transforms: m.Graph.State(), Estimator: m.Estimator.State(),
		Params: m.Params, Metrics: m.Metrics, Threshold: m.Threshold, Seed: m.Seed, Statistics: m.Statistics, Lineage: m.Lineage}
	tensors := map[string]learn.Tensor{}
	for prefix, s := range map[string]learn.State{"transforms/": d.Transforms, "estimator/": d.Estimator} {
		for name, t := range s.Tensors {
			tensors[prefix+name] = t
		}
	}
	if weightsFile, err = safetensors.Encode(tensors); err != nil {
		return nil, nil, fmt.Errorf("model: %w", err)
	}
	sum := sha256.Sum256(weightsFile)
	d.Weights = weights{Bytes: len(weightsFile), SHA256: hex.EncodeToString(sum[:])}
	if modelJSON, err = json.Marshal(d); err != nil {
		return nil, nil, fmt.Errorf("model: %w", err)
	}
	return readable(modelJSON), weightsFile, nil
}

// Description reads model.json alone: all of the model but its graph and its
// estimator, so that it says what it is and predicts nothing.
func Description(modelJSON []byte) (*Model, error) {
	d, err := decodeDocument(modelJSON)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return d.model(), nil
}

// Decode reads a model that Encode wrote. Nothing in it is executed; whatever
// is not the work of Encode is an error.
func Decode(modelJSON, weightsFile []byte) (*Model, error) {
	m, err := decode(modelJSON, weightsFile)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return m, nil
}

func decodeDocument(modelJSON []byte) (*document, error) {
	var head struct{ Format string }
	if err := json.Unmarshal(modelJSON, &head); err != nil {
		return nil, fmt.Errorf("model.json: %w", err)
	}
	if head.Format != Format {
		return nil, fmt.Errorf("model.json has the format %q: this version reads %q", head.Format, Format)
	}
	var d document
	if err := json.Strict(modelJSON, &d); err != nil {
		return nil, fmt.Errorf("model.json: %w", err)
	}
	return &d, nil
}

// model is what the document says by itself.
func (d *document) model() *Model {
	return &Model{Task: d.Task, Target: d.Target, TargetKind: d.TargetKind, Classes: d.Classes, Inputs: d.Inputs, Features: d.Features,
		Params: d.Params, Metrics: d.Metrics, Threshold: d.Threshold, Seed: d.Seed, Statistics: compact(d.Statistics), Lineage: compact(d.Lineage)}
}

func decode(modelJSON, weightsFile []byte) (*Model, error) {
	d, err := decodeDocument(modelJSON)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(weightsFile); d.Weights.SHA256 != hex.EncodeToString(sum[:]) {
		return nil, fmt.Errorf("the weights are not those of model.json: %d bytes with the SHA-256 %x, want %d with %s",
			len(weightsFile), sum, d.Weights.Bytes, d.Weights.SHA256)
	}
	tensors, err := safetensors.Decode(weightsFile)
	if err != nil {
		return nil, err
	}
	if d.Transforms.Tensors, d.Estimator.Tensors, err = divide(tensors); err != nil {
		return nil, err
	}
	m := d.model()
	if m.Graph, err = preprocess.GraphFromState(d.Transforms); err != nil {
		return nil, fmt.Errorf("transforms: %w", err)
	}
	if m.Estimator, err = restoreEstimator(d.Estimator, len(d.Features)); err != nil {
		return nil, fmt.Errorf("estimator: %w", err)
	}
	return m, m.Check()
}

// divide parts the tensors of the transforms from those of the estimator.
func divide(tensors map[string]learn.Tensor) (transforms, estimator map[string]learn.Tensor, err error) {
	transforms, estimator = map[string]learn.Tensor{}, map[string]learn.Tensor{}
	for name, t := range tensors {
		if own, ok := strings.CutPrefix(name, "transforms/"); ok {
			transforms[own] = t
		} else if own, ok := strings.CutPrefix(name, "estimator/"); ok {
			estimator[own] = t
		} else {
			return nil, nil, fmt.Errorf("tensor %q is neither of the transforms nor of the estimator", name)
		}
	}
	return transforms, estimator, nil
}

func compact(raw json.RawMessage) json.RawMessage {
	b, err := json.Compact(raw)
	if raw == nil || err != nil {
		return nil
	}
	return b
}
