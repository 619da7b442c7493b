package schema

// JSONSchema is the schema in the form of json-schema.org, draft 2020-12.
func (s *Schema) JSONSchema() map[string]any { return object(s.Fields) }

func object(fields []Field) map[string]any {
	properties := make(map[string]any, len(fields))
	for _, f := range fields {
		properties[f.Name] = f.JSONSchema()
	}
	return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
}

// JSONSchema is the field's value in the form of json-schema.org.
func (f Field) JSONSchema() map[string]any {
	m := map[string]any{}
	switch {
	case f.Type == Object && f.Elem == nil:
		m = object(f.Fields)
	case f.Type == Object:
		m["type"], m["additionalProperties"] = f.Type, f.Elem.JSONSchema()
	case f.Type == Array:
		m["type"], m["items"] = f.Type, f.Elem.JSONSchema()
		if f.Length > 0 {
			m["minItems"], m["maxItems"] = f.Length, f.Length
		}
	case f.Type != Any:
		m["type"] = f.Type
	}
	if f.Doc != "" {
		m["description"] = f.Doc
	}
	if f.Default != nil {
		m["default"] = f.Default
	}
	if f.Enum != nil {
		m["enum"] = f.Enum
	}
	if f.Min != nil {
		m["minimum"] = *f.Min
	}
	if f.Max != nil {
		m["maximum"] = *f.Max
	}
	return m
}
