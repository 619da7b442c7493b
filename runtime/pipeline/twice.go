package pipeline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/events"
)

// warnTwice warns of a step that answers one type of event of several steps of
// which one follows on another: it then runs once before and once after, and all
// that follows on it too. It is what comes of putting a step that emits the type
// that it accepts into a chain, and leaving the next step's from away.
func (p *Pipeline) warnTwice(d *document) {
	o := &order{next: map[*BoundStep][]*BoundStep{}, after: map[*BoundStep]map[*BoundStep]bool{}}
	for _, e := range p.Edges() {
		if to := o.next[e.From]; len(to) == 0 || to[len(to)-1] != e.To {
			o.next[e.From] = append(to, e.To)
		}
	}
	last := map[string][]*BoundStep{} // by trigger: of the steps that it is of, those that no other follows on
	for i, s := range p.Steps {
		if s.Join {
			continue
		}
		for j, t := range s.On {
			if len(t.Filters) > 0 {
				continue // which may tell one from the other
			}
			of := p.emitters(t)
			key := t.Type + " " + strings.Join(t.From, " ")
			late, known := last[key]
			if !known {
				late = o.last(of)
				last[key] = late
			}
			if len(late) == len(of) {
				continue // branches that meet
			}
			warning := d.locate([]string{"steps", strconv.Itoa(i), "on", strconv.Itoa(j)}, fmt.Sprintf("%s: it answers %s of %s. Say of which: on: {type: %s, from: [%s]}",
				o.runs(s, len(of)), events.ShortType(t.Type), strings.Join(names(of), " and "), events.ShortType(t.Type), strings.Join(names(late), ", ")))
			warning.Warning = true
			p.Warnings = append(p.Warnings, warning)
		}
	}
}

// emitters lists the steps whose events a trigger may match, but for those that
// loop: they go on with what another began.
func (p *Pipeline) emitters(t Trigger) []*BoundStep {
	var out []*BoundStep
	for _, s := range p.Steps {
		if slices.Contains(s.Fn.Emits, t.Type) && !s.Fn.Loops && (len(t.From) == 0 || slices.Contains(t.From, s.Name)) {
			out = append(out, s)
		}
	}
	return out
}

// order is which steps follow on which.
type order struct {
	next  map[*BoundStep][]*BoundStep
	after map[*BoundStep]map[*BoundStep]bool // filled in when it is asked for
}

// last lists those of some steps that no other of them follows on. Of steps that
// go in a circle each is as late as the others.
func (o *order) last(of []*BoundStep) []*BoundStep {
	return slices.DeleteFunc(slices.Clone(of), func(s *BoundStep) bool {
		after := o.following(s)
		return slices.ContainsFunc(of, func(other *BoundStep) bool { return after[other] && !o.following(other)[s] })
	})
}

// following is the steps that come after one.
func (o *order) following(s *BoundStep) map[*BoundStep]bool {
	if after, ok := o.after[s]; ok {
		return after
	}
	after := map[*BoundStep]bool{}
	for todo := slices.Clone(o.next[s]); len(todo) > 0; {
		at := todo[len(todo)-1]
		if todo = todo[:len(todo)-1]; !after[at] {
			after[at] = true
			todo = append(todo, o.next[at]...)
		}
	}
	o.after[s] = after
	return after
}

// runs says what it means that a step answers n events in the place of one.
func (o *order) runs(s *BoundStep, n int) string {
	times := "twice"
	if n > 2 {
		times = strconv.Itoa(n) + " times"
	}
	after := o.following(s)
	if len(after) == 0 {
		return fmt.Sprintf("step %s runs %s", s.Name, times)
	}
	models := ""
	for s := range after {
		if slices.Contains(s.Fn.Emits, events.ModelRegistered) {
			models = fmt.Sprintf(", and %d models are registered", n)
		}
	}
	return fmt.Sprintf("step %s, and with it all that follows, runs %s%s", s.Name, times, models)
}

func names(steps []*BoundStep) []string {
	out := make([]string, len(steps))
	for i, s := range steps {
		out[i] = s.Name
	}
	return out
}
