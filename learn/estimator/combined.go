package estimator

import (
	"context"
	"fmt"
	"strings"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/balance"
	"github.com/runnel-dev/runnel/learn/calibrate"
	"github.com/runnel-dev/runnel/learn/combine"
)

// A Member is an estimator that is combined with others.
type Member struct {
	Model  string         `json:"model" doc:"name of the estimator"`
	Weight float64        `json:"weight,omitempty" min:"0" doc:"of its vote; 0: 1"`
	Params map[string]any `json:"params,omitempty" doc:"its parameters; those that are not here are the ones beside, under its name"`
	Branch string         `json:"branch,omitempty" doc:"takes the features of this branch of transforms only"`
}

// Voting are the parameters of combine.Voting.
type Voting struct {
	Members []Member `json:"members" doc:"estimators that vote; a forest, boosting and a linear model by default"`
	Vote    string   `json:"vote" default:"soft" enum:"soft,hard" doc:"soft: the mean of the probabilities; hard: the share of the votes"`
}

// Stacking are the parameters of combine.Stacking.
type Stacking struct {
	Members []Member `json:"members" doc:"estimators whose predictions are learnt from; a forest, boosting and a linear model by default"`
	Final   string   `json:"final" doc:"estimator that learns from them; logistic or ridge by default"`
	Folds   int      `json:"folds" default:"5" min:"2" max:"20" doc:"folds whose rows are predicted by members that were fitted on the others"`
}

// Refine are the parameters of what goes around any estimator of classes.
type Refine struct {
	Balance     string           `json:"balance" default:"none" enum:"none,weights,over,under" doc:"classes of different size: weights counts rows by the inverse of their class's share, over draws rows of smaller classes again, under leaves out rows of larger ones"`
	Calibration calibrate.Params `json:"calibration" doc:"makes probabilities of classes those that rows turn out to have, by predictions for rows that were not fitted on"`
}

// around puts what was asked for around an estimator.
func (r Refine) around(e learn.Estimator) learn.Estimator {
	if r.Balance != "" && r.Balance != balance.None {
		e = balance.Estimator{Of: e, Method: r.Balance}
	}
	if r.Calibration.Method != "" && r.Calibration.Method != calibrate.None {
		e = calibrate.Estimator{Of: e, Params: r.Calibration}
	}
	return e
}

// Linear is the linear estimator of a task.
func Linear(task learn.Task) string {
	if task == learn.Classification {
		return "logistic"
	}
	return "ridge"
}

// members are those of a combination, or the default ones.
func membersOf(given []Member, task learn.Task) []Member {
	if len(given) > 0 {
		return given
	}
	return []Member{{Model: "random_forest"}, {Model: "gradient_boosting"}, {Model: Linear(task)}}
}

// with are p with a member's own parameters.
func (m Member) with(p Params) (Params, error) {
	b, err := json.Marshal(map[string]any{m.Model: m.Params})
	if err == nil && len(m.Params) > 0 {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		return p, fmt.Errorf("the params of %s: %w", m.Model, err)
	}
	p.Refine = Refine{}
	return p, nil
}

// member makes a member, which combines no others.
func (m Member) member(p Params, task learn.Task) (combine.Member, error) {
	var out combine.Member
	entry, err := Find(m.Model, task)
	if err != nil {
		return out, err
	}
	if entry.combines() {
		return out, fmt.Errorf("%s is no member: estimators are combined once", m.Model)
	}
	if p, err = m.with(p); err != nil {
		return out, err
	}
	return combine.Member{Name: m.Model, Estimator: entry.New(p), Prepare: entry.Prepare(), Branch: m.Branch, Weight: m.Weight}, nil
}

func (e Entry) combines() bool { return e.Name == combine.KindVoting || e.Name == combine.KindStacking }

// combined makes its members at the fit, when the task is known.
type combined struct {
	p        Params
	stacking bool
}

// Fit implements learn.Estimator.
func (c combined) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	var members []combine.Member
	given := c.p.Voting.Members
	if c.stacking {
		given = c.p.Stacking.Members
	}
	for _, m := range membersOf(given, y.Task) {
		made, err := m.member(c.p, y.Task)
		if err != nil {
			return nil, err
		}
		members = append(members, made)
	}
	if !c.stacking {
		return combine.Voting{Members: members, Hard: c.p.Voting.Vote == "hard"}.Fit(ctx, x, y, opts)
	}
	final := Member{Model: c.p.Stacking.Final}
	if final.Model == "" {
		final.Model = Linear(y.Task)
	}
	made, err := final.member(c.p, y.Task)
	if err != nil {
		return nil, err
	}
	return combine.Stacking{Members: members, Final: made, Folds: c.p.Stacking.Folds}.Fit(ctx, x, y, opts)
}

// Used are the parameters that the estimator of that name is fitted with, as
// JSON values by name: its own, those of what goes around it, and of a
// combination those of its members. They are what a model says of itself, and
// FromUsed reads them.
func (p Params) Used(name string, task learn.Task) (map[string]any, error) {
	if name == combine.KindVoting || name == combine.KindStacking {
		list := &p.Voting.Members
		if name == combine.KindStacking {
			list = &p.Stacking.Members
			if p.Stacking.Final == "" {
				p.Stacking.Final = Linear(task)
			}
		}
		var members []Member
		for _, m := range membersOf(*list, task) {
			own, err := m.with(p)
			if err != nil {
				return nil, err
			}
			all, err := asMap(own)
			if err != nil {
				return nil, err
			}
			m.Params, _ = all[m.Model].(map[string]any)
			members = append(members, m)
		}
		*list = members
	}
	all, err := asMap(p)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"model": name, name: all[name]}
	if name == combine.KindStacking {
		out[p.Stacking.Final] = all[p.Stacking.Final]
	}
	if p.Balance != "" && p.Balance != balance.None {
		out["balance"] = p.Balance
	}
	if p.Calibration.Method != "" && p.Calibration.Method != calibrate.None {
		out["calibration"] = all["calibration"]
	}
	return out, nil
}

// FromUsed reads what Used has written: the estimator's name and the parameters.
func FromUsed(used map[string]any) (name string, p Params, err error) {
	name, _ = used["model"].(string)
	rest := map[string]any{}
	for k, v := range used {
		if k != "model" {
			rest[k] = v
		}
	}
	b, err := json.Marshal(rest)
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		return name, p, fmt.Errorf("the parameters of %s: %w", strings.TrimSpace(name+" model"), err)
	}
	return name, p, nil
}

func asMap(p Params) (map[string]any, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	var all map[string]any
	return all, json.Unmarshal(b, &all)
}
