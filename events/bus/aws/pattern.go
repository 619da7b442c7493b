package awsbus

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/events/bus"
)

// maxPattern is how long the event pattern of a rule may be, in characters.
const maxPattern = 2048

// Pattern is the EventBridge event pattern that matches exactly what the filters
// match, as JSON. The same filters make the same pattern, in any order.
func Pattern(filters []bus.Filter) (string, error) {
	pipelines := map[string][]string{} // by type
	for _, f := range filters {
		if !slices.Contains(pipelines[f.Type], f.Pipeline) {
			pipelines[f.Type] = append(pipelines[f.Type], f.Pipeline)
		}
	}
	types := map[string][]string{} // by the pipelines that they have in common
	var groups []string
	for t, ps := range pipelines {
		slices.Sort(ps)
		b, err := json.Marshal(pipelineValues(ps))
		if err != nil {
			return "", err
		}
		if types[string(b)] == nil {
			groups = append(groups, string(b))
		}
		types[string(b)] = append(types[string(b)], t)
	}
	slices.Sort(groups)
	type detail struct {
		Pipeline json.RawMessage `json:"pipeline"`
	}
	type clause struct {
		Type   []string `json:"detail-type"`
		Detail detail   `json:"detail"`
	}
	var clauses []clause
	for _, g := range groups {
		slices.Sort(types[g])
		clauses = append(clauses, clause{types[g], detail{json.RawMessage(g)}})
	}
	var pattern any = map[string]any{"$or": clauses}
	if len(clauses) == 1 {
		pattern = clauses[0]
	}
	b, err := json.Marshal(pattern)
	if err != nil {
		return "", err
	}
	if len(b) > maxPattern {
		return "", fmt.Errorf("the event pattern of %d filters has %d characters, a rule of EventBridge at most %d: let the step answer fewer types", len(filters), len(b), maxPattern)
	}
	return string(b), nil
}

// pipelineValues are what matches the extension attribute: its value or its absence.
func pipelineValues(pipelines []string) []any {
	var values []any
	for _, p := range pipelines {
		if p == "" {
			values = append(values, map[string]bool{"exists": false})
		} else {
			values = append(values, p)
		}
	}
	return values
}
