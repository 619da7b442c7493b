package tune

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/search"
	"github.com/runnel-dev/runnel/learn/search/crossval"
	"github.com/runnel-dev/runnel/runtime/schema"
)

// modelParam is the parameter that chooses among estimators, where there are several.
const modelParam = "model"

// A plan is what is searched: of which estimators, and which of their parameters.
type plan struct {
	task     learn.Task
	families []string
	space    *search.Space
	specs    []preprocess.Spec // of the data
}

// newPlan makes the plan for a task and a number of training rows. prepare are
// choices of transforms, which are searched beside.
func (p Params) newPlan(task learn.Task, rows int, prepare []search.Param) (*plan, error) {
	given, err := p.given()
	if err != nil {
		return nil, err
	}
	pl := &plan{task: task, families: p.Models}
	if len(pl.families) == 0 {
		pl.families = familiesOf(given)
	}
	if task == learn.AnomalyDetection {
		return nil, errors.New("without a target nothing says which of two models finds anomalies better: there is nothing to search by, so leave tune out; where many anomalies are known, name their column as the target and learn from it")
	}
	if p.Auto && !task.Supervised() {
		return nil, fmt.Errorf("auto: there is one estimator of a %s, and nothing to prepare it by: leave auto out (--tune searches for the number of clusters)", task)
	}
	if len(pl.families) == 0 && p.Auto {
		pl.families = autoFamilies(task)
	}
	if len(pl.families) == 0 {
		pl.families = []string{estimator.Default(task, rows)}
	}
	for _, family := range pl.families {
		if _, err := estimator.Find(family, task); err != nil {
			return nil, err
		}
	}
	all, err := searched(pl.families, given)
	if err != nil {
		return nil, err
	}
	pl.space, err = search.NewSpace(append(all, prepare...)...)
	return pl, err
}

// searched are the parameters of the estimators: those that are given of each, or
// else those of its own space, and which estimator it is, where there are several.
func searched(families []string, given []search.Param) (all []search.Param, err error) {
	var choices []any
	for _, family := range families {
		choices = append(choices, family)
		own := slices.DeleteFunc(slices.Clone(given), func(q search.Param) bool { return familyOf(q.Name) != family })
		if len(own) == 0 {
			own = defaultSpace(family)
		}
		if len(families) > 1 {
			for i := range own {
				own[i].Condition = append(slices.Clone(own[i].Condition), search.When{Param: modelParam, In: []any{family}})
			}
		}
		all = append(all, own...)
	}
	if len(families) > 1 {
		all = append(all, search.Param{Name: modelParam, Kind: search.Choice, Choices: choices})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has nothing to search: give a space, or several models to choose from; without a search, train fits it by model: %[1]s", families[0])
	}
	return all, nil
}

// given are the parameters of the space that was given; none where it is empty.
func (p Params) given() ([]search.Param, error) {
	if len(p.Space) == 0 {
		return nil, nil
	}
	s, err := search.Parse(p.Space)
	if err != nil {
		return nil, err
	}
	return s.Params(), nil
}

func familiesOf(params []search.Param) []string {
	var out []string
	for _, q := range params {
		if f := familyOf(q.Name); !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return out
}

func familyOf(name string) string {
	family, _, _ := strings.Cut(name, ".")
	return family
}

// checkSpace finds what no data would make right.
func (p Params) checkSpace() error {
	var known []string
	for _, e := range estimator.Entries() {
		known = append(known, e.Name)
	}
	for i, m := range p.Models {
		if !slices.Contains(known, m) {
			return &schema.Error{Path: []string{"models", fmt.Sprint(i)}, Message: fmt.Sprintf("no estimator %q%s (there are: %s)", m, nearest.Hint(m, known), strings.Join(known, ", "))}
		}
		if slices.Contains(p.Models[:i], m) {
			return &schema.Error{Path: []string{"models", fmt.Sprint(i)}, Message: m + " is there twice"}
		}
	}
	given, err := p.given()
	if err != nil {
		var at *search.Error
		if errors.As(err, &at) {
			return &schema.Error{Path: append([]string{"space"}, at.Path...), Message: at.Message}
		}
		return fmt.Errorf("space: %w", err)
	}
	s := schema.Of[estimator.Params]()
	for _, q := range given {
		path := append([]string{"space"}, strings.Split(q.Name, ".")...)
		family := familyOf(q.Name)
		if !slices.Contains(known, family) {
			return &schema.Error{Path: path, Message: fmt.Sprintf("%q is no estimator%s (there are: %s)", family, nearest.Hint(family, known), strings.Join(known, ", "))}
		}
		if len(p.Models) > 0 && !slices.Contains(p.Models, family) {
			return &schema.Error{Path: path, Message: fmt.Sprintf("%s is none of the models %s", family, strings.Join(p.Models, ", "))}
		}
		for _, v := range q.Extremes() {
			if errs := s.Check(search.Nested(map[string]any{q.Name: v})); len(errs) > 0 {
				return &schema.Error{Path: path, Message: errs[0].Message}
			}
		}
	}
	return p.checkSearch(given)
}

// checkSearch finds spaces that the sampler cannot search, as far as they do not
// depend on the data.
func (p Params) checkSearch(given []search.Param) error {
	families := p.Models
	if len(families) == 0 {
		families = familiesOf(given)
	}
	if len(families) == 0 {
		return nil // the data decide
	}
	all, err := searched(families, given)
	if err != nil {
		return &schema.Error{Path: []string{"models"}, Message: err.Error()}
	}
	sampler, err := search.Named(p.Sampler)
	if err != nil {
		return err
	}
	space, err := search.NewSpace(all...)
	if err == nil {
		_, err = search.New(space, &search.Options{Sampler: sampler})
	}
	var at *search.Error
	if !errors.As(err, &at) {
		return err
	}
	own := len(at.Path) > 0 && !slices.ContainsFunc(given, func(q search.Param) bool { return familyOf(q.Name) == at.Path[0] })
	if own {
		return &schema.Error{Path: []string{"sampler"}, Message: fmt.Sprintf("%s has a space of its own where none is given, and %s: %s", at.Path[0], strings.Join(at.Path, "."), at.Message)}
	}
	return &schema.Error{Path: append([]string{"space"}, at.Path...), Message: at.Message}
}

// candidate is the estimator with the parameters of a trial, all others at
// their defaults.
func (pl *plan) candidate(params map[string]any) (crossval.Candidate, error) {
	family, _ := params[modelParam].(string)
	if family == "" {
		family = pl.families[0]
	}
	entry, err := estimator.Find(family, pl.task)
	if err != nil {
		return crossval.Candidate{}, err
	}
	own := withoutPreparing(params)
	delete(own, modelParam)
	p, err := schema.Decode[estimator.Params](schema.Of[estimator.Params](), search.Nested(own))
	return crossval.Candidate{Entry: entry, Params: p, Specs: prepared(pl.specs, params)}, err
}

// choice is what train is told of the parameters of a trial.
func (pl *plan) choice(params map[string]any) (fitted.Choice, error) {
	c, err := pl.candidate(params)
	if err != nil {
		return fitted.Choice{}, err
	}
	used, err := c.Params.Used(c.Entry.Name, pl.task)
	if err != nil {
		return fitted.Choice{}, err
	}
	out := fitted.Choice{Model: c.Entry.Name, Params: map[string]any{}}
	if own := used[c.Entry.Name]; own != nil {
		out.Params[c.Entry.Name] = own
	}
	if c.Specs != nil {
		out.Transforms, err = preprocess.Describe(c.Specs)
	}
	return out, err
}

// words writes parameters in a line.
func words(params map[string]any) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		short := name[strings.LastIndex(name, ".")+1:]
		if v, ok := params[name].(float64); ok {
			out = append(out, fmt.Sprintf("%s %.4g", short, v))
			continue
		}
		out = append(out, fmt.Sprintf("%s %v", short, params[name]))
	}
	return strings.Join(out, ", ")
}
