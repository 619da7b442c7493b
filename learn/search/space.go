// Package search finds good parameters by trying some: a [Space] says what may
// be tried, a [Study] proposes trials and learns from their scores, by grid, at
// random, or by a model of what did well.
//
// A study is deterministic: its trials follow from the space, the sampler, the
// seed and the scores that it was told before they were asked for, in whatever
// order those came.
package search

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/learn/portable"
)

// A Kind is how the values of a parameter are distributed.
type Kind string

// The kinds. The bounds of all are inclusive.
const (
	Choice     Kind = "choice"      // one of a list
	Uniform    Kind = "uniform"     // any number between bounds
	LogUniform Kind = "log_uniform" // as likely from 1 to 10 as from 10 to 100
	Int        Kind = "int"
	LogInt     Kind = "log_int"
)

// A Param is a parameter that is searched.
type Param struct {
	Name      string  `json:"name"` // dots lead into nested parameters
	Kind      Kind    `json:"kind"`
	Low       float64 `json:"low,omitempty"`
	High      float64 `json:"high,omitempty"`
	Step      float64 `json:"step,omitempty"`    // distance of neighbouring values, from Low; 0: none, 1 for integers
	Choices   []any   `json:"choices,omitempty"` // JSON values
	Condition []When  `json:"when,omitempty"`    // all have to hold, else the parameter is not set
}

// A When holds where another parameter has one of these values.
type When struct {
	Param string `json:"param"`
	In    []any  `json:"in"`
}

// A Space is a set of parameters. It is immutable.
type Space struct {
	params  []Param
	parents [][]parent // of each parameter
	groups  [][]int    // parameters that are active together, parents before children
}

type parent struct {
	param int
	in    []bool // by the parent's choice
}

// An Error says which part of a description of a space is wrong, and how.
type Error struct {
	Path    []string // from the outermost key inwards
	Message string
}

func (e *Error) Error() string {
	if len(e.Path) == 0 {
		return e.Message
	}
	return strings.Join(e.Path, ".") + ": " + e.Message
}

func fail(path []string, format string, args ...any) error {
	return &Error{slices.Clone(path), fmt.Sprintf(format, args...)}
}

// NewSpace checks the parameters and orders them: by name, those that conditions
// look at before those that have the conditions.
func NewSpace(params ...Param) (*Space, error) {
	if len(params) == 0 {
		return nil, fail(nil, "the space has no parameters: name at least one to search")
	}
	sorted := slices.Clone(params)
	slices.SortFunc(sorted, func(a, b Param) int { return strings.Compare(a.Name, b.Name) })
	for i := range sorted {
		p := &sorted[i]
		if i > 0 && p.Name == sorted[i-1].Name {
			return nil, fail(split(p.Name), "the parameter is there twice")
		}
		if err := p.check(); err != nil {
			return nil, err
		}
	}
	s := &Space{}
	for len(s.params) < len(sorted) {
		before := len(s.params)
		for _, p := range sorted {
			if s.index(p.Name) < 0 && !slices.ContainsFunc(p.Condition, func(w When) bool { return s.index(w.Param) < 0 }) {
				parents, err := s.parentsOf(p)
				if err != nil {
					return nil, err
				}
				s.params, s.parents = append(s.params, p), append(s.parents, parents)
			}
		}
		if len(s.params) == before {
			return nil, unreachable(s, sorted)
		}
	}
	s.group()
	return s, nil
}

// unreachable is the error of parameters whose conditions never come true.
func unreachable(s *Space, params []Param) error {
	for _, p := range params {
		for _, w := range p.Condition {
			if !slices.ContainsFunc(params, func(q Param) bool { return q.Name == w.Param }) {
				return fail(split(p.Name), "its condition looks at %q, which is not in the space", w.Param)
			}
		}
	}
	i := slices.IndexFunc(params, func(p Param) bool { return s.index(p.Name) < 0 })
	return fail(split(params[i].Name), "its conditions go in a circle")
}

func (s *Space) parentsOf(p Param) ([]parent, error) {
	var out []parent
	for _, w := range p.Condition {
		k := s.index(w.Param)
		q := &s.params[k]
		if q.Kind != Choice {
			return nil, fail(split(p.Name), "its condition looks at %q, which is no choice: conditions are on choices", w.Param)
		}
		at := parent{k, make([]bool, len(q.Choices))}
		for _, v := range w.In {
			i := q.choice(v)
			if i < 0 {
				return nil, fail(split(p.Name), "its condition wants %s to be %s, which is none of its choices %s", w.Param, show(v), show(q.Choices))
			}
			at.in[i] = true
		}
		out = append(out, at)
	}
	return out, nil
}

// group puts parameters with the same conditions together: they are always set
// together, and are modelled together.
func (s *Space) group() {
	at := map[string]int{}
	for i := range s.params {
		key := ""
		if len(s.parents[i]) > 0 {
			key = fmt.Sprint(s.parents[i])
		}
		g, ok := at[key]
		if !ok {
			g = len(s.groups)
			at[key], s.groups = g, append(s.groups, nil)
		}
		s.groups[g] = append(s.groups[g], i)
	}
}

func (p *Param) check() error {
	path := split(p.Name)
	for i, c := range p.Choices {
		p.Choices = slices.Clone(p.Choices)
		p.Choices[i] = canonical(c)
	}
	whole := p.Kind == Int || p.Kind == LogInt
	switch {
	case p.Name == "":
		return fail(nil, "a parameter has no name")
	case p.Kind == Choice && len(p.Choices) == 0:
		return fail(path, "there is nothing to choose from")
	case p.Kind == Choice:
		for i, c := range p.Choices {
			if p.choice(c) != i {
				return fail(path, "%s is there twice", show(c))
			}
		}
		return nil
	case p.Kind != Uniform && p.Kind != LogUniform && !whole:
		return fail(path, "no kind %q of distribution: there are choice, uniform, log_uniform, int, log_int", p.Kind)
	case math.IsNaN(p.Low+p.High) || math.IsInf(p.High-p.Low, 0) || p.Low > p.High:
		return fail(path, "from %v to %v is no range", p.Low, p.High)
	case p.log() && p.Low <= 0:
		return fail(path, "from %v: a logarithmic range begins above 0", p.Low)
	case whole && (p.Low != math.Trunc(p.Low) || p.High != math.Trunc(p.High) || math.Abs(p.Low) > 1<<53 || math.Abs(p.High) > 1<<53):
		return fail(path, "from %v to %v: the bounds of an integer are whole numbers", p.Low, p.High)
	case p.Step < 0 || math.IsNaN(p.Step) || p.Step > 0 && p.log() || whole && p.Step != math.Trunc(p.Step):
		return fail(path, "a step of %v: it is above 0, whole for an integer, and not for a logarithmic range", p.Step)
	case p.Step > 0 && (p.High-p.Low)/p.Step > 1<<31:
		return fail(path, "a step of %v is too small for a range from %v to %v", p.Step, p.Low, p.High)
	}
	return nil
}

func (p *Param) log() bool { return p.Kind == LogUniform || p.Kind == LogInt }

// step is the distance of neighbouring values; 0 where any number is one.
func (p *Param) step() float64 {
	if p.Step == 0 && p.Kind == Int {
		return 1
	}
	return p.Step
}

// choice is the index of a value among the choices, -1 where it is none.
func (p *Param) choice(v any) int {
	text := show(canonical(v))
	return slices.IndexFunc(p.Choices, func(c any) bool { return show(c) == text })
}

// Params are the parameters in the order in which they are set.
func (s *Space) Params() []Param { return slices.Clone(s.params) }

func (s *Space) index(name string) int {
	return slices.IndexFunc(s.params, func(p Param) bool { return p.Name == name })
}

// active tells whether a parameter is set, where those before it are as in v.
func (s *Space) active(i int, v []float64) bool {
	for _, p := range s.parents[i] {
		if c := v[p.param]; math.IsNaN(c) || !p.in[int(c)] {
			return false
		}
	}
	return true
}

// A point is a value for each parameter: the number, or the index of the choice;
// NaN where the parameter is not set.

// values are the parameters of a point by name.
func (s *Space) values(v []float64) map[string]any {
	out := map[string]any{}
	for i := range s.params {
		if !math.IsNaN(v[i]) {
			out[s.params[i].Name] = s.params[i].value(v[i])
		}
	}
	return out
}

func (p *Param) value(x float64) any {
	switch p.Kind {
	case Choice:
		return p.Choices[int(x)]
	case Int, LogInt:
		return int(x)
	}
	return x
}

// point is the point of parameters by name.
func (s *Space) point(values map[string]any) ([]float64, error) {
	v := make([]float64, len(s.params))
	used := 0
	for i := range s.params {
		p := &s.params[i]
		given, ok := values[p.Name]
		v[i] = math.NaN()
		if !s.active(i, v) {
			continue
		}
		if !ok {
			return nil, fail(split(p.Name), "the parameter has no value")
		}
		used++
		if p.Kind == Choice {
			k := p.choice(given)
			if k < 0 {
				return nil, fail(split(p.Name), "%s is none of the choices %s", show(given), show(p.Choices))
			}
			v[i] = float64(k)
			continue
		}
		x, ok := number(given)
		if !ok || !(x >= p.Low && x <= p.High) {
			return nil, fail(split(p.Name), "%s is no number from %v to %v", show(given), p.Low, p.High)
		}
		v[i] = x
	}
	if used < len(values) {
		for name := range values {
			if i := s.index(name); i < 0 || math.IsNaN(v[i]) {
				return nil, fail(split(name), "the space has no such parameter, or it is not set here")
			}
		}
	}
	return v, nil
}

// bounds are those of a number on the scale that it is searched on: a step, or
// an integer, takes half of the way to its neighbours.
func (p *Param) bounds() (lo, hi float64) {
	half := 0.0
	switch {
	case p.Kind == LogInt:
		half = 0.5
	case p.step() > 0:
		half = p.step() / 2
	}
	lo, hi = p.Low-half, p.grid(p.High)+half
	if p.log() {
		return portable.Log(lo), portable.Log(hi)
	}
	return lo, hi
}

// scaled is a number on the scale that it is searched on.
func (p *Param) scaled(x float64) float64 {
	if p.log() {
		return portable.Log(x)
	}
	return x
}

// unscaled is the value that is nearest to a place on the scale.
func (p *Param) unscaled(u float64) float64 {
	if p.log() {
		u = portable.Exp(u)
	}
	if p.Kind == LogInt {
		u = math.Round(u)
	}
	return min(max(p.grid(u), p.Low), p.grid(p.High))
}

// grid is the step that is nearest to a number, not above High.
func (p *Param) grid(x float64) float64 {
	step := p.step()
	if step == 0 {
		return x
	}
	k := math.Round((x - p.Low) / step)
	if most := math.Floor((p.High-p.Low)/step + 1e-9); k > most {
		k = most
	}
	return p.Low + float64(k*step)
}

// Nested turns parameters with dotted names into maps within maps.
func Nested(values map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range values {
		m := out
		path := split(name)
		for _, key := range path[:len(path)-1] {
			inner, ok := m[key].(map[string]any)
			if !ok {
				inner = map[string]any{}
				m[key] = inner
			}
			m = inner
		}
		m[path[len(path)-1]] = v
	}
	return out
}

func split(name string) []string { return strings.Split(name, ".") }

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// Extremes are the least and the greatest value of a number, all of a choice.
func (p Param) Extremes() []any {
	if p.Kind == Choice {
		return p.Choices
	}
	return []any{p.value(p.Low), p.value(p.High)}
}
