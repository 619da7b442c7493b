package guest

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/internal/rawjson"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/runtime/guest/abi"
)

// The messages are taken apart and written by hand: by reflection they would be
// most of the time of a call that does little.

// parse reads an invocation.
func parse(b []byte) (inv abi.Invocation, err error) {
	err = rawjson.Object(b, func(name string, v []byte) (err error) {
		switch name {
		case "abi":
			inv.ABI, err = strconv.Atoi(string(v))
		case "function":
			inv.Function, err = rawjson.String(v)
		case "event":
			err = inv.Event.UnmarshalJSON(v)
		case "set":
			err = rawjson.Array(v, func(v []byte) error {
				var e events.Event
				if err := e.UnmarshalJSON(v); err != nil {
					return err
				}
				inv.Set = append(inv.Set, e)
				return nil
			})
		case "from":
			inv.From, err = from(v)
		case "params":
			inv.Params, err = last.read(v)
		case "seed":
			inv.Seed, err = strconv.ParseUint(string(v), 10, 64)
		case "time":
			var text string
			if text, err = rawjson.String(v); err == nil {
				inv.Time, err = time.Parse(time.RFC3339Nano, text)
			}
		case "attempt":
			inv.Attempt, err = strconv.Atoi(string(v))
		case "deadline_ms":
			inv.DeadlineMS, err = strconv.ParseInt(string(v), 10, 64)
		case "memory":
			inv.Memory, err = strconv.ParseInt(string(v), 10, 64)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	return inv, err
}

// last are the params of the last call: those of a step are the same in every one.
var last params

type params struct {
	text   []byte
	values map[string]any // that nobody changes
}

func (p *params) read(text []byte) (map[string]any, error) {
	if p.text != nil && bytes.Equal(p.text, text) {
		return p.values, nil
	}
	var v any
	err := json.Unmarshal(text, &v)
	if err == nil {
		p.text = bytes.Clone(text)
		p.values, _ = v.(map[string]any)
	}
	return p.values, err
}

func from(b []byte) (f abi.From, err error) {
	err = rawjson.Object(b, func(name string, v []byte) (err error) {
		switch name {
		case "pipeline":
			f.Pipeline, err = rawjson.String(v)
		case "version":
			f.Version, err = rawjson.String(v)
		case "step":
			f.Step, err = rawjson.String(v)
		}
		return err
	})
	return f, err
}

// appendAnswer writes an answer.
func appendAnswer(b []byte, a *abi.Answer) []byte {
	b = append(b, '{')
	o := object{b: b, first: true}
	if len(a.Events) > 0 {
		o.name("events")
		o.b = appendEmissions(o.b, a.Events)
	}
	if len(a.Outputs) > 0 {
		o.name("outputs")
		outputs := object{b: append(o.b, '{'), first: true}
		for _, name := range sorting.Keys(a.Outputs) {
			outputs.name(name)
			outputs.b = appendRef(outputs.b, a.Outputs[name])
		}
		o.b = append(outputs.b, '}')
	}
	if a.Rows != 0 {
		o.name("rows")
		o.b = strconv.AppendInt(o.b, a.Rows, 10)
	}
	if len(a.Notes) > 0 {
		o.name("notes")
		for i, note := range a.Notes {
			o.b = rawjson.AppendString(append(o.b, separator(i)), note)
		}
		o.b = append(o.b, ']')
	}
	if e := a.Error; e != nil {
		o.name("error")
		inner := object{b: append(o.b, '{'), first: true}
		inner.text("class", string(e.Class))
		inner.text("message", e.Message)
		if e.Detail != "" {
			inner.text("detail", e.Detail)
		}
		o.b = append(inner.b, '}')
	}
	return append(o.b, '}')
}

func appendEmissions(b []byte, list []abi.Emission) []byte {
	for i, e := range list {
		o := object{b: append(b, separator(i), '{'), first: true}
		if e.Set != nil {
			o.name("set")
			o.b = appendEmissions(o.b, e.Set)
		} else {
			o.text("type", e.Type)
			o.name("data")
			o.b = append(o.b, e.Data...)
		}
		b = append(o.b, '}')
	}
	return append(b, ']')
}

// separator stands before the i-th element of an array.
func separator(i int) byte {
	if i == 0 {
		return '['
	}
	return ','
}

func appendRef(b []byte, ref events.Ref) []byte {
	o := object{b: append(b, '{'), first: true}
	o.text("digest", ref.Digest)
	if ref.MediaType != "" {
		o.text("mediaType", ref.MediaType)
	}
	o.name("size")
	return append(strconv.AppendInt(o.b, ref.Size, 10), '}')
}

// appendRequest writes a request; those that are made often by hand.
func appendRequest(b []byte, req *abi.Request) ([]byte, error) {
	o := object{b: append(b, '{'), first: true}
	switch {
	case req.Put != nil:
		o.name("put")
		put := object{b: append(o.b, '{'), first: true}
		put.text("file", req.Put.File)
		if req.Put.MediaType != "" {
			put.text("mediaType", req.Put.MediaType)
		}
		if req.Put.Table {
			put.name("table")
			put.b = append(put.b, "true"...)
		}
		return append(put.b, "}}\n"...), nil
	case req.Progress != nil:
		o.name("progress")
		p := object{b: append(o.b, '{'), first: true}
		p.name("done")
		p.b = strconv.AppendInt(p.b, req.Progress.Done, 10)
		if req.Progress.Total != 0 {
			p.name("total")
			p.b = strconv.AppendInt(p.b, req.Progress.Total, 10)
		}
		p.text("unit", req.Progress.Unit)
		return append(p.b, "}}\n"...), nil
	}
	m, err := json.Marshal(req)
	return append(append(b, m...), '\n'), err
}

// parseResponse reads an answer to a request.
func parseResponse(b []byte) (res abi.Response, err error) {
	err = rawjson.Object(b, func(name string, v []byte) error {
		switch name {
		case "ref":
			ref, err := parseRef(v)
			res.Ref = &ref
			return err
		case "model":
			return json.Unmarshal(v, &res.Model)
		case "previous":
			return json.Unmarshal(v, &res.Previous)
		case "error":
			return json.Unmarshal(v, &res.Error)
		}
		return nil
	})
	return res, err
}

func parseRef(b []byte) (ref events.Ref, err error) {
	err = rawjson.Object(b, func(name string, v []byte) (err error) {
		switch name {
		case "digest":
			ref.Digest, err = rawjson.String(v)
		case "mediaType":
			ref.MediaType, err = rawjson.String(v)
		case "size":
			ref.Size, err = strconv.ParseInt(string(v), 10, 64)
		}
		return err
	})
	return ref, err
}

// An object is one that is being written.
type object struct {
	b     []byte
	first bool
}

func (o *object) name(name string) {
	if !o.first {
		o.b = append(o.b, ',')
	}
	o.first = false
	o.b = append(rawjson.AppendString(o.b, name), ':')
}

func (o *object) text(name, value string) {
	o.name(name)
	o.b = rawjson.AppendString(o.b, value)
}
