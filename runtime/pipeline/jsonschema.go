package pipeline

import (
	"maps"
	"slices"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/schema"
)

// JSONSchema is the schema of a definition as it is written, short forms and the
// params of each function included, in the form of json-schema.org, draft
// 2020-12: editors complete and check a pipeline by it.
func JSONSchema(functions Functions) map[string]any {
	type object = map[string]any
	s := schema.Of[Spec]().JSONSchema()
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "A Runnel pipeline"
	s["required"] = []string{"name", "steps"}
	properties := s["properties"].(object)
	name := object{"type": "string", "pattern": validName.String()}
	properties["name"] = with(properties["name"].(object), name)

	steps := properties["steps"].(object)
	steps["minItems"], steps["maxItems"] = 1, MaxSteps
	step := steps["items"].(object)
	step["required"] = []string{"name"}
	fields := step["properties"].(object)
	fields["name"] = with(fields["name"].(object), name)

	on := fields["on"].(object)
	trigger := on["items"].(object)
	trigger["required"] = []string{"type"}
	types := object{"type": "string", "examples": shortTypes()}
	trigger["properties"].(object)["type"] = with(trigger["properties"].(object)["type"].(object), types)
	one := []any{types, trigger}
	fields["on"] = object{"description": on["description"], "anyOf": append(slices.Clone(one), object{"type": "array", "items": object{"anyOf": one}})}

	var rules []any
	for _, fn := range slices.Sorted(maps.Keys(functions)) {
		rules = append(rules, object{
			"if": object{"anyOf": []any{
				object{"required": []string{"function"}, "properties": object{"function": object{"const": fn}}},
				object{"not": object{"required": []string{"function"}}, "properties": object{"name": object{"const": fn}}},
			}},
			"then": object{"properties": object{"params": functions[fn].Params.JSONSchema()}},
		})
	}
	if rules != nil {
		step["allOf"] = rules
		fields["function"] = with(fields["function"].(object), object{"anyOf": []any{
			object{"enum": slices.Sorted(maps.Keys(functions))},
			object{"pattern": `^\.{0,2}/`, "description": "the folder of a function, relative to the definition"},
		}})
	}
	return s
}

// with adds what more says to a schema.
func with(s, more map[string]any) map[string]any {
	out := maps.Clone(s)
	maps.Copy(out, more)
	return out
}

func shortTypes() []string {
	types := events.Types()
	for i, t := range types {
		types[i] = events.ShortType(t)
	}
	return types
}
