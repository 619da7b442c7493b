package events

import (
	"reflect"
	"strings"
	"time"
)

// Payloads is an empty payload of every type of event whose data is typed.
func Payloads() []Payload {
	return []Payload{
		ObjectCreatedData{}, IngestRequestedData{}, DatasetIngestedData{}, DatasetCleanedData{}, DatasetExploredData{},
		FeaturesBuiltData{}, FeaturesTunedData{}, TrialRequestedData{}, TrialFinishedData{}, ModelTrainedData{}, ModelEvaluatedData{}, ModelExplainedData{}, ModelRegisteredData{},
		ModelDeployedData{}, PredictionRequestData{}, PredictionMadeData{}, StepFailedData{},
	}
}

// JSONSchema describes the data of an event, as in JSON Schema 2020-12. Fields
// that are not listed are allowed: a type may gain some without a new version.
func JSONSchema(p Payload) map[string]any {
	s := schemaOf(reflect.TypeOf(p))
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = p.EventType()
	return s
}

func schemaOf(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	}
	if t == reflect.TypeFor[time.Time]() {
		return map[string]any{"type": "string", "format": "date-time"}
	}
	properties, required := map[string]any{}, []any{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		properties[name] = schemaOf(f.Type)
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}
