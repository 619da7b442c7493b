package pipeline

import (
	_ "embed"
	"strings"
)

// DefaultYAML is the definition of the default pipeline.
//
//go:embed default.yaml
var DefaultYAML string

// TunedYAML is the default pipeline with a search for the model's parameters
// before it is trained.
func TunedYAML() string {
	return strings.NewReplacer("name: default\n", "name: tuned\n", "  - name: train\n", "  - name: tune\n  - name: train\n    on: features.tuned\n").Replace(DefaultYAML)
}

// Default is the pipeline that fits any table.
func Default(functions Functions) (*Pipeline, error) {
	return Parse("default.yaml", strings.NewReader(DefaultYAML), functions)
}
