package pipeline

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/runnel-dev/runnel/events/filter"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Part makes a pipeline of a definition that was checked when it was made, for
// a program that holds only some of its functions. A step whose function is not
// among them can be matched with events, and not run: its Fn is but a name.
func Part(spec Spec, functions Functions) (*Pipeline, error) {
	canonical := (&Pipeline{Spec: spec}).JSON()
	spec, err := decodeSpec(canonical)
	if err != nil {
		return nil, err
	}
	p := &Pipeline{Spec: spec, Version: digest(canonical)}
	for _, s := range spec.Steps {
		plain(s.Params)
		b := &BoundStep{Step: s, Fn: functions[s.Function]}
		if b.Fn == nil {
			b.Fn = &step.Function{Name: s.Function}
		}
		for _, t := range s.On {
			plain(t.Filters)
			f, err := filter.All(t.Filters)
			if err != nil {
				return nil, fmt.Errorf("pipeline %s: step %s: filters: %w", spec.Name, s.Name, err)
			}
			b.filters = append(b.filters, f)
		}
		for _, d := range []struct {
			text string
			to   *time.Duration
		}{{s.Timeout, &b.Timeout}, {s.Retry.Backoff, &b.Backoff}, {s.Retry.Max, &b.MaxWait}} {
			var err error
			if *d.to, err = time.ParseDuration(d.text); err != nil {
				return nil, fmt.Errorf("pipeline %s: step %s: %w", spec.Name, s.Name, err)
			}
		}
		p.Steps = append(p.Steps, b)
	}
	return p, nil
}

// maxPacked bounds what Unpack reads, in bytes of JSON.
const maxPacked = 16 << 20

// Pack writes a definition as a short text, for what has little room for it,
// such as the environment of a Lambda: its JSON, compressed, in base64.
func Pack(p *Pipeline) (string, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err == nil {
		_, err = w.Write(p.JSON())
	}
	if err == nil {
		err = w.Close()
	}
	return base64.RawURLEncoding.EncodeToString(b.Bytes()), err
}

// Unpack reads what Pack wrote.
func Unpack(text string) (Spec, error) {
	var spec Spec
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return spec, fmt.Errorf("a packed definition: %w", err)
	}
	b, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(b)), maxPacked+1))
	if err == nil && len(b) > maxPacked {
		err = errors.New("it is too large")
	}
	if err == nil {
		spec, err = decodeSpec(b)
	}
	if err != nil {
		return spec, fmt.Errorf("a packed definition: %w", err)
	}
	return spec, nil
}

// decodeSpec reads canonical JSON; its numbers are json.Number.
func decodeSpec(b []byte) (spec Spec, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	err = d.Decode(&spec)
	return spec, err
}
