package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/runtime/schema"
)

// Check implements step.Checker.
func (p Params) Check() error {
	if err := p.Threshold.Check(); err != nil {
		return err
	}
	if p.Continue != "" {
		if _, _, err := versionOf(p.Continue); err != nil {
			return err
		}
		if p.Model != "auto" && p.Model != "sgd" {
			return &schema.Error{Path: []string{"continue"}, Message: fmt.Sprintf("it goes on with the estimator and the parameters of %s, and model is %s: leave one of them out", p.Continue, p.Model)}
		}
		unused, err := p.beside()
		if err != nil {
			return err
		}
		if len(unused) > 0 {
			return &schema.Error{Path: []string{"continue"}, Message: fmt.Sprintf("it goes on with the parameters of %s as they are, and %s would not be used: leave out what is beside continue, or continue itself to train anew",
				p.Continue, strings.Join(unused, ", "))}
		}
	}
	if err := checkMembers("voting", p.Voting.Members); err != nil {
		return err
	}
	if final := p.Stacking.Final; final != "" {
		if err := checkMember([]string{"stacking", "final"}, []string{"stacking", "final"}, estimator.Member{Model: final}); err != nil {
			return err
		}
	}
	return checkMembers("stacking", p.Stacking.Members)
}

// checkOn says which params events of a type leave without use.
func (p Params) checkOn(eventType string) error {
	if eventType != events.FeaturesTuned {
		return nil
	}
	if p.Continue != "" {
		return &schema.Error{Path: []string{"continue"}, Message: fmt.Sprintf("it goes on with the parameters of %s as they are, and those that the search found would not be used: leave out tune, or continue", p.Continue)}
	}
	if p.Model != "auto" {
		return &schema.Error{Path: []string{"model"}, Message: fmt.Sprintf("the search chooses the estimator, and %s would not be used: name what it is to choose from in models of tune (runnel run --tune --model %[1]s), or leave out tune", p.Model)}
	}
	unused, err := p.beside()
	if err != nil {
		return err
	}
	unused = slices.DeleteFunc(unused, func(name string) bool {
		family, _, _ := strings.Cut(name, ".")
		return !slices.ContainsFunc(estimator.Entries(), func(e estimator.Entry) bool { return e.Name == family })
	})
	if len(unused) == 0 {
		return nil
	}
	return &schema.Error{Path: strings.Split(unused[0], "."), Message: fmt.Sprintf("the search chooses the parameters, and %s would not be used: put them into space of tune, where a single value is fixed, or leave out tune", strings.Join(unused, ", "))}
}

// beside are the parameters, but for model, that are set to something else than
// their defaults.
func (p Params) beside() ([]string, error) {
	s := schema.Of[Params]()
	var given map[string]any
	b, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(b, &given)
	}
	if err != nil {
		return nil, err
	}
	return differing(s.Fields, given, ""), nil
}

func differing(fields []schema.Field, given map[string]any, path string) []string {
	var out []string
	for _, f := range fields {
		name := path + f.Name
		if name == "continue" || name == "model" {
			continue
		}
		if f.Type == schema.Object && f.Elem == nil {
			inner, _ := given[f.Name].(map[string]any)
			out = append(out, differing(f.Fields, inner, name+".")...)
			continue
		}
		if text(given[f.Name]) != text(f.Default) {
			out = append(out, name)
		}
	}
	return out
}

// text is a value as it is compared: what is nothing, by JSON, is blank.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	switch s := string(b); s {
	case "null", "0", "false", `""`, "[]", "{}":
		return ""
	default:
		return s
	}
}

func checkMembers(of string, members []estimator.Member) error {
	for i, m := range members {
		path := []string{of, "members", fmt.Sprint(i)}
		if err := checkMember(append(slices.Clone(path), "model"), append(path, "params"), m); err != nil {
			return err
		}
	}
	return nil
}

// checkMember finds a member that there is not, and params that it does not have.
func checkMember(atModel, atParams []string, m estimator.Member) error {
	var known []string
	for _, e := range estimator.Entries() {
		if e.Name != "voting" && e.Name != "stacking" {
			known = append(known, e.Name)
		}
	}
	if !slices.Contains(known, m.Model) {
		return &schema.Error{Path: atModel, Message: fmt.Sprintf("%q is no estimator to combine%s (there are: %s)", m.Model, nearest.Hint(m.Model, known), strings.Join(known, ", "))}
	}
	if len(m.Params) == 0 {
		return nil
	}
	errs := schema.Of[estimator.Params]().Check(map[string]any{m.Model: m.Params})
	if len(errs) == 0 {
		return nil
	}
	return &schema.Error{Path: append(atParams, errs[0].Path[1:]...), Message: errs[0].Message}
}
