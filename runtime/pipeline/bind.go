package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/filter"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/runtime/schema"
)

var validName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// defaultStep is a step of no field but its defaults.
func defaultStep() map[string]any { return schema.Of[Step]().Complete(nil) }

// bind checks the spec against the functions and fills in what they decide.
func bind(d *document, spec Spec, functions Functions) (*Pipeline, error) {
	if spec.Name == "" {
		d.problem([]string{"name"}, "name: a pipeline has a name")
	} else if !validName.MatchString(spec.Name) {
		d.problem([]string{"name"}, "name: %q is not a name: want a letter, then letters, digits and dashes, in lower case, at most 40", spec.Name)
	}
	if len(spec.Steps) == 0 {
		d.problem([]string{"steps"}, "steps: a pipeline has at least one step")
	}
	if len(spec.Steps) > MaxSteps {
		d.problem([]string{"steps"}, "steps: %d steps, a pipeline has at most %d", len(spec.Steps), MaxSteps)
		return nil, d.errs.sorted()
	}
	functions = spec.brought(d, functions)
	p := &Pipeline{Spec: spec}
	for i := range p.Spec.Steps {
		p.Steps = append(p.Steps, bindStep(d, &p.Spec, i, functions))
	}
	if len(d.errs) == 0 {
		p.checkGraph(d)
	}
	if len(d.errs) > 0 {
		return nil, d.errs.sorted()
	}
	p.warnTwice(d)
	p.Version = digest(p.JSON())
	return p, nil
}

func bindStep(d *document, spec *Spec, i int, functions Functions) *BoundStep {
	s := &spec.Steps[i]
	at := func(path ...string) []string { return append([]string{"steps", strconv.Itoa(i)}, path...) }
	if s.Name == "" {
		d.problem(at("name"), "step %d: a step has a name", i+1)
	} else if !validName.MatchString(s.Name) {
		d.problem(at("name"), "step %d: %q is not a name: want a letter, then letters, digits and dashes, in lower case, at most 40", i+1, s.Name)
	}
	for j := range i {
		if spec.Steps[j].Name == s.Name {
			d.problem(at("name"), "two steps are named %q: names are unique in a pipeline", s.Name)
		}
	}
	b := &BoundStep{Fn: functions[orName(s)]}
	host := spec.Host
	if b.Fn != nil && !b.Fn.Module.IsZero() {
		host = "wasm"
		if s.Host != "" && s.Host != host {
			d.problem(at("host"), "step %s: function %s is a WASM module: it runs on host wasm, not on %s", s.Name, s.Function, s.Host)
		}
	}
	fillDefaults(s, host)
	if b.Fn == nil && isPath(s.Function) {
		return b // load has said why
	}
	if b.Fn == nil {
		known := slices.Sorted(maps.Keys(functions))
		where := at("function")
		if _, ok := d.at[strings.Join(where, ".")]; !ok {
			where = at("name")
		}
		d.problem(where, "step %s: no function %q%s (there are: %s)", s.Name, s.Function, nearest.Hint(s.Function, known), strings.Join(known, ", "))
		return b
	}
	for _, e := range b.Fn.Params.Check(s.Params) {
		d.problem(at(append([]string{"params"}, e.Path...)...), "step %s: params.%s", s.Name, b.Fn.Params.Explain(e))
	}
	if len(b.Fn.Params.Check(s.Params)) == 0 {
		if err := b.Fn.Check(s.Params); err != nil {
			d.badParams(i, s.Name, err)
		}
		s.Params = b.Fn.Params.Complete(s.Params)
	}
	if len(s.On) == 0 {
		for _, t := range occurring(spec, b.Fn.Accepts, functions) {
			s.On = append(s.On, Trigger{Type: t})
		}
	}
	for j := range s.On {
		b.filters = append(b.filters, bindTrigger(d, s, b, j, at("on", strconv.Itoa(j))))
	}
	b.Timeout = duration(d, at("timeout"), s, "timeout", s.Timeout)
	b.Memory = memory(d, at("memory"), s)
	b.Backoff = duration(d, at("retry", "backoff"), s, "retry.backoff", s.Retry.Backoff)
	b.MaxWait = duration(d, at("retry", "max"), s, "retry.max", s.Retry.Max)
	b.Step = *s
	return b
}

// badParams reports the params of the i-th step, at their place where the error has one.
func (d *document) badParams(i int, name string, err error) {
	at := []string{"steps", strconv.Itoa(i), "params"}
	var place *schema.Error
	if errors.As(err, &place) {
		d.problem(append(at, place.Path...), "step %s: params.%v", name, err)
		return
	}
	d.problem(at, "step %s: params: %v", name, err)
}

// occurring are those of the types that steps of the pipeline emit, or that come
// from outside; all of them where that is none.
func occurring(spec *Spec, types []string, functions Functions) []string {
	emitted := map[string]bool{}
	for i := range spec.Steps {
		if fn := functions[orName(&spec.Steps[i])]; fn != nil {
			for _, t := range fn.Emits {
				emitted[t] = true
			}
		}
	}
	some := slices.DeleteFunc(slices.Clone(types), func(t string) bool { return !emitted[t] && !external[t] })
	if len(some) == 0 {
		return types
	}
	return some
}

// orName is the name of a step's function: the step's own by default.
func orName(s *Step) string {
	if s.Function == "" {
		return s.Name
	}
	return s.Function
}

// fillDefaults gives a step what it does not say. List elements do not get
// defaults from the schema, so that an empty list stays empty.
func fillDefaults(s *Step, host string) {
	s.Function = orName(s)
	d := defaultStep()
	retry := d["retry"].(map[string]any)
	orText := func(v *string, def any) {
		if *v == "" {
			*v = def.(string)
		}
	}
	orInt := func(v *int, def any) {
		if *v == 0 {
			*v = int(def.(int64))
		}
	}
	orText(&s.Host, host)
	orText(&s.Memory, d["memory"])
	orText(&s.Timeout, d["timeout"])
	orInt(&s.Concurrency, d["concurrency"])
	orInt(&s.Retry.Attempts, retry["attempts"])
	orText(&s.Retry.Backoff, retry["backoff"])
	orText(&s.Retry.Max, retry["max"])
}

func bindTrigger(d *document, s *Step, b *BoundStep, j int, at []string) filter.Filter {
	t := &s.On[j]
	full := events.FullType(t.Type)
	if !slices.Contains(b.Fn.Accepts, full) && !s.Join {
		short := make([]string, len(b.Fn.Accepts))
		for i, a := range b.Fn.Accepts {
			short[i] = events.ShortType(a)
		}
		d.problem(append(at, "type"), "step %s: function %s does not accept %q%s (it accepts: %s)",
			s.Name, s.Function, t.Type, nearest.Hint(t.Type, short), strings.Join(short, ", "))
	}
	t.Type = full
	f, err := filter.All(t.Filters)
	var ferr *filter.Error
	if errors.As(err, &ferr) {
		d.problem(append(append(at, "filters"), ferr.Path...), "step %s: filters.%s", s.Name, ferr.Error())
	}
	return f
}

// memory reads a number of bytes between 16 MiB and 4 GiB, which is as much as a
// WASM guest can address.
func memory(d *document, at []string, s *Step) int64 {
	text, unit := s.Memory, int64(0)
	for suffix, bytes := range map[string]int64{"MiB": 1 << 20, "GiB": 1 << 30} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			text, unit = number, bytes
		}
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if n := int64(v * float64(unit)); err == nil && n >= 16<<20 && n <= 4<<30 {
		return n
	}
	d.problem(at, "step %s: memory: %q is not an amount: want one such as 512MiB or 2GiB, from 16MiB to 4GiB", s.Name, s.Memory)
	return 0
}

func duration(d *document, at []string, s *Step, name, text string) time.Duration {
	v, err := time.ParseDuration(text)
	if err != nil || v <= 0 || v > 24*time.Hour {
		d.problem(at, "step %s: %s: %q is not a duration: want one such as 500ms, 90s or 10m, at most 24h", s.Name, name, text)
	}
	return v
}

// checkGraph finds steps that nothing can trigger, and cycles.
func (p *Pipeline) checkGraph(d *document) {
	names := make([]string, len(p.Steps))
	for i, s := range p.Steps {
		names[i] = s.Name
	}
	roots := p.Roots()
	for i, s := range p.Steps {
		for j, t := range s.On {
			at := []string{"steps", strconv.Itoa(i), "on", strconv.Itoa(j)}
			for k, from := range t.From {
				src := p.Step(from)
				if src == nil {
					d.problem(append(at, "from", strconv.Itoa(k)), "step %s: no step %q%s", s.Name, from, nearest.Hint(from, names))
				} else if !slices.Contains(src.Fn.Emits, t.Type) {
					d.problem(append(at, "from", strconv.Itoa(k)), "step %s: step %s never emits %s", s.Name, from, events.ShortType(t.Type))
				}
			}
		}
		absent := slices.DeleteFunc(slices.Clone(s.On), func(t Trigger) bool {
			return external[t.Type] || !slices.Contains(roots, t.Type)
		})
		switch {
		case len(absent) == 0:
		case len(absent) == len(s.On):
			d.problem([]string{"steps", strconv.Itoa(i), "on"}, "step %s: nothing triggers it: no step emits %s", s.Name, events.ShortType(absent[0].Type))
		case s.Join:
			d.problem([]string{"steps", strconv.Itoa(i), "on"}, "step %s: it waits for ever: no step emits %s", s.Name, events.ShortType(absent[0].Type))
		}
	}
	p.checkAsked(d)
	if !d.stored {
		p.checkOn(d, roots)
	}
	next := map[*BoundStep][]*BoundStep{}
	for _, e := range p.Edges() {
		if !e.From.Fn.Loops {
			next[e.From] = append(next[e.From], e.To)
		}
	}
	state := map[*BoundStep]int{}
	var visit func(s *BoundStep, trail []string) bool
	visit = func(s *BoundStep, trail []string) bool {
		trail = append(trail, s.Name)
		if state[s] == 1 {
			circle := trail[slices.Index(trail, s.Name):]
			hint := ""
			if len(circle) == 2 {
				hint = fmt.Sprintf(": it answers events of the type that it emits, so say from which steps, as in on: {type: %s, from: [...]}", events.ShortType(s.Fn.Emits[0]))
			}
			d.problem([]string{"steps", strconv.Itoa(slices.Index(names, s.Name))}, "the steps go in a circle: %s%s", strings.Join(circle, " -> "), hint)
			return false
		}
		if state[s] == 2 {
			return true
		}
		state[s] = 1
		for _, to := range next[s] {
			if !visit(to, trail) {
				return false
			}
		}
		state[s] = 2
		return true
	}
	for _, s := range p.Steps {
		if !visit(s, nil) {
			return
		}
	}
}

// external holds the types that come from outside a pipeline.
var external = map[string]bool{
	events.ObjectCreated: true, events.IngestRequested: true, events.TrainingRequested: true,
	events.PredictionRequest: true, events.RetrainRequested: true, events.DriftDetected: true,
}

// checkAsked reports steps that wait for answers that no step gives.
func (p *Pipeline) checkAsked(d *document) {
	for i, s := range p.Steps {
		if s.Fn.Asks == nil {
			continue
		}
		for _, asked := range s.Fn.Asks(s.Params) {
			answered := slices.ContainsFunc(p.Steps, func(o *BoundStep) bool {
				return slices.ContainsFunc(o.On, func(t Trigger) bool { return t.Type == asked })
			})
			if !answered {
				d.problem([]string{"steps", strconv.Itoa(i), "params"}, "step %s: with these params it waits for answers to %s, and no step answers it: add one whose function accepts it, or change the params",
					s.Name, events.ShortType(asked))
				break
			}
		}
	}
}

// checkOn reports params that are of no use on the events that a step answers. They
// do no harm: it is for definitions that somebody writes, not for stored ones, whose
// runs go on as they began.
func (p *Pipeline) checkOn(d *document, roots []string) {
	for i, s := range p.Steps {
		if s.Fn.CheckOn == nil {
			continue
		}
		for _, t := range s.On {
			if slices.Contains(roots, t.Type) && !external[t.Type] {
				continue // it never comes
			}
			if err := s.Fn.CheckOn(t.Type, s.Params); err != nil {
				d.badParams(i, s.Name, err)
				break
			}
		}
	}
}
