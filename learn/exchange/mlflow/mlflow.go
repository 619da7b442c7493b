// Package mlflow writes a model as a folder that MLflow reads
// (https://mlflow.org/docs/latest/ml/model, "MLflow Models"): an MLmodel with a
// signature, and the model as ONNX, which its flavours onnx and python_function load.
package mlflow

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/exchange/onnx"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/table"
)

// A File is one of a model's folder.
type File struct {
	Name string
	Data []byte
}

// What the Python that loads the model needs; it is not pinned, as any of the
// last years does.
const (
	python       = "3.11.7"
	requirements = "mlflow\nonnx\nonnxruntime\npandas\n"
)

// Write writes the files of a model's folder. The model takes a data frame of the
// raw columns, texts as texts and "" where missing, and all else as double; it
// gives one of label and probability_<class>, of variable, or of label and
// distance_<cluster>. Notes say what the
// user of the folder has to know.
func Write(m *model.Model, made time.Time) (files []File, notes []string, err error) {
	graph, notes, err := onnx.Write(m, &onnx.Options{Flat: true})
	if err != nil {
		return nil, nil, err
	}
	inputs, outputs, err := signature(m)
	if err != nil {
		return nil, nil, fmt.Errorf("the signature of the model: %w", err)
	}
	quote := func(v any) string { b, _ := json.Marshal(v); return string(b) } // a JSON text is a YAML one
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("flavors:")
	line("  onnx:")
	line("    code: null")
	line("    data: model.onnx")
	line("    onnx_session_options: null")
	line("    providers: [CPUExecutionProvider]")
	line("  python_function:")
	line("    data: model.onnx")
	line("    env: {conda: conda.yaml, virtualenv: python_env.yaml}")
	line("    loader_module: mlflow.onnx")
	line("    python_version: %s", python)
	line("metadata: {target: %s}", quote(m.Target))
	line("model_size_bytes: %d", len(graph))
	line("signature:")
	line("  inputs: %s", quote(inputs))
	line("  outputs: %s", quote(outputs))
	line("  params: null")
	line("utc_time_created: %s", quote(made.UTC().Format("2006-01-02 15:04:05.000000")))
	packages := strings.Fields(requirements)
	conda := fmt.Sprintf("channels: [conda-forge]\ndependencies:\n- python=%s\n- pip\n- pip: [%s]\nname: mlflow-env\n", python, strings.Join(packages, ", "))
	env := fmt.Sprintf("python: %s\nbuild_dependencies: [pip]\ndependencies: [-r requirements.txt]\n", python)
	return []File{{"MLmodel", []byte(b.String())}, {"model.onnx", graph}, {"requirements.txt", []byte(requirements)},
		{"conda.yaml", []byte(conda)}, {"python_env.yaml", []byte(env)}}, notes, nil
}

// A field is a column of a signature.
type field struct {
	Type     string `json:"type"`
	Name     string `json:"name"`
	Required bool   `json:"required"`
}

// signature lists the columns that the graph takes and gives, as JSON.
func signature(m *model.Model) (inputs, outputs string, err error) {
	steps, err := exchange.Steps(m.Graph)
	if err != nil {
		return "", "", err
	}
	origins, err := exchange.OriginsOf(m, steps)
	if err != nil {
		return "", "", err
	}
	used := origins.Used(m)
	var in, out []field
	for j, input := range m.Inputs {
		kind := "double"
		if input.Kind == table.String {
			kind = "string"
		}
		if used[j] {
			in = append(in, field{kind, input.Name, true})
		}
	}
	switch m.Task {
	case learn.Regression:
		out = append(out, field{"double", "variable", true})
	case learn.Clustering:
		out = append(out, field{"long", "label", true})
		for k := range m.Estimator.Outputs() {
			out = append(out, field{"double", fmt.Sprintf("distance_%d", k), true})
		}
	default:
		kind := "string"
		if m.TargetKind == table.Int64 {
			kind = "long"
		}
		out = append(out, field{kind, "label", true})
		for _, class := range m.Classes {
			out = append(out, field{"double", "probability_" + class, true})
		}
	}
	a, err := json.Marshal(in)
	if err != nil {
		return "", "", err
	}
	b, err := json.Marshal(out)
	return string(a), string(b), err
}
