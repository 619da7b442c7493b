package server

import (
	"context"
	"fmt"
	"net/http"

	"github.com/runnel-dev/runnel/runtime/step"
)

// registerModel gives a model whose files are artifacts already the next version
// of a name, once for a cause. What the version says of the model is the model's.
func (s *server) registerModel(w http.ResponseWriter, r *http.Request) {
	var v step.ModelVersion
	err := readJSON(w, r, &v)
	if err == nil {
		v, err = s.register(r.Context(), r.PathValue("name"), v)
	}
	answer(w, v, err)
}

func (s *server) register(ctx context.Context, name string, v step.ModelVersion) (step.ModelVersion, error) {
	m, err := s.models.get(ctx, v.Files)
	if err != nil {
		return v, fmt.Errorf("the model's files: %w", err)
	}
	v.Task, v.Target, v.Estimator, v.Metrics = string(m.Task), m.Target, m.Estimator.State().Kind, m.Metrics
	if v.Metrics == nil {
		v.Metrics = map[string]float64{}
	}
	return s.Node.Registry.Register(ctx, name, v)
}
