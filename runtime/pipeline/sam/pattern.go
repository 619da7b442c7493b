package sam

import (
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/schema"
)

// filters are those of root events of any pipeline, and of this one's.
func filters(pipeline, typ string) []bus.Filter {
	return []bus.Filter{{Type: typ}, {Pipeline: pipeline, Type: typ}}
}

// defaultTimeout is that of a step which does not say.
func defaultTimeout() string {
	return schema.Of[pipeline.Step]().Complete(nil)["timeout"].(string)
}

// A clause is what EventBridge matches events with; see
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
type clause map[string]any

// maxPattern is how long the event pattern of a rule may be, in characters.
const maxPattern = 2048

// patternOf is the event pattern of a step's rule, as JSON. It matches every
// event that the step answers. What patterns cannot say of a filter it leaves
// out: the step looks at the whole filter again.
func patternOf(p *pipeline.Pipeline, s *pipeline.BoundStep) (string, error) {
	var clauses []clause
	for _, t := range s.On {
		// An event that has no pipeline begins a run of any.
		detail := clause{"pipeline": []any{clause{"exists": false}, p.Name}}
		if len(t.From) > 0 {
			detail["step"] = t.From
		}
		for _, f := range t.Filters {
			narrow(detail, f)
		}
		clauses = append(clauses, clause{"detail-type": []string{t.Type}, "detail": detail})
	}
	text, err := compact(merged(clauses))
	if err != nil {
		return "", err
	}
	if len(text) > maxPattern {
		return "", fmt.Errorf("step %s: the event pattern of its triggers has %d characters, a rule of EventBridge at most %d: let it answer fewer types", s.Name, len(text), maxPattern)
	}
	return text, nil
}

// merged joins the clauses that differ in type only.
func merged(clauses []clause) any {
	var out []clause
	var details []string
	for _, c := range clauses {
		detail, _ := compact(c["detail"])
		if i := slices.Index(details, detail); i >= 0 {
			types := out[i]["detail-type"].([]string)
			if typ := c["detail-type"].([]string)[0]; !slices.Contains(types, typ) {
				out[i]["detail-type"] = append(types, typ)
			}
			continue
		}
		out, details = append(out, c), append(details, detail)
	}
	if len(out) == 1 {
		return out[0]
	}
	return clause{"$or": out}
}

// narrow adds what a filter asks for, as far as patterns can say it. Of two
// filters of one attribute the first counts.
func narrow(detail clause, f any) {
	m, ok := f.(map[string]any)
	if !ok {
		return
	}
	if all, ok := m["all"].([]any); ok {
		for _, f := range all {
			narrow(detail, f)
		}
	}
	for _, dialect := range []string{"exact", "prefix", "suffix"} {
		attributes, _ := m[dialect].(map[string]any)
		for name, value := range attributes {
			if _, ok := detail[name]; ok {
				continue
			}
			if dialect == "exact" {
				detail[name] = []any{value}
			} else {
				detail[name] = []any{clause{dialect: value}}
			}
		}
	}
}
