package pipeline

import (
	_ "embed"
	"strings"
)

// DefaultYAML is the definition of the default pipeline.
//
//go:embed default.yaml
var DefaultYAML string

// Default is the pipeline that fits any table.
func Default(functions Functions) (*Pipeline, error) {
	return Parse("default.yaml", strings.NewReader(DefaultYAML), functions)
}
