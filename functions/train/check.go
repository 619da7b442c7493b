package train

import (
	"fmt"
	"slices"
	"strings"

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
