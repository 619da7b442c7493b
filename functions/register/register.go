// Package register is the step that gives a model a name and a version in the
// registry, with a card that says what it is.
package register

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/internal/modelname"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Params says under which name a model is registered.
type Params struct {
	Name  string `json:"name" doc:"name of the model; the dataset's name by default"`
	Alias string `json:"alias" default:"challenger" doc:"alias that is pointed at the new version; empty for none"`
	Stage string `json:"stage" default:"registered" enum:"registered,approved" doc:"stage of approval that the version starts in"`
}

// Function is the step. It changes the registry, once for each event.
var Function = step.New("register", handle,
	step.Doc("Gives a model a name and a version in the registry, with a model card."),
	step.Accepts(events.ModelEvaluated),
	step.Emits(events.ModelRegistered),
	step.Effect())

// Check implements step.Checker.
func (p Params) Check() error {
	if p.Name != "" && !modelname.Valid(p.Name) {
		return fmt.Errorf("name: %q is no name: a model's name has 1 to 100 letters, digits, dots, hyphens and underscores, and begins with a letter or digit", p.Name)
	}
	return nil
}

// name is the model's name. The versions of a model predict one target: a model
// of the same data for another is another model.
func (p Params) name(ctx context.Context, models step.Models, raw events.Dataset) (name string, err error) {
	name = p.Name
	if name == "" {
		name = raw.Name
	}
	before, err := models.Get(ctx, name, "")
	if err != nil || (before.Target == raw.Target && before.Task == raw.Task) {
		return name, nil // there is none of that name, or Register says what is wrong
	}
	if p.Name != "" {
		return "", step.Permanent(fmt.Errorf("model %s predicts %s (%s), and this one %s (%s): register it under another name", name, before.Target, before.Task, raw.Target, raw.Task))
	}
	other := name + "-" + raw.Target
	if before.Target == raw.Target || raw.Target == "" {
		other = name + "-" + raw.Task
	}
	other = modelname.Model(other)
	return other[:min(len(other), 100)], nil
}

func handle(ctx context.Context, call *step.Call, p Params) error {
	in, err := events.Data[events.ModelEvaluatedData](call.Event)
	if err != nil {
		return step.Permanent(err)
	}
	m, err := fitted.Description(ctx, call, in.Model)
	if err != nil {
		return err
	}
	var judged Judged
	if err := call.JSON(ctx, in.Evaluation, &judged); err != nil {
		return err
	}
	asked := p.Name
	if p.Name, err = p.name(ctx, call.Models(), in.Raw); err != nil {
		return err
	}
	if asked == "" && p.Name != in.Raw.Name {
		call.Note("model %s predicts another target: this one got another name, %s", in.Raw.Name, p.Name)
	}
	card, err := call.PutBytes(ctx, "card", "text/markdown", []byte(Card(p.Name, in, judged, m)))
	if err != nil {
		return err
	}
	v, err := call.Models().Register(ctx, p.Name, step.ModelVersion{
		Name: p.Name, Files: in.Model, Card: card, Task: in.Raw.Task, Target: in.Raw.Target, Estimator: in.Estimator,
		Metrics: in.Metrics, Stage: p.Stage, Run: events.RunOf(call.Event), Cause: call.Event.ID(), RegisteredAt: call.Time.UTC(),
	})
	if err != nil {
		return err
	}
	out := events.ModelRegisteredData{Name: v.Name, Version: v.Version, Model: v.Files, Card: v.Card, Metrics: v.Metrics}
	if p.Alias != "" {
		if _, err := call.Models().SetAlias(ctx, v.Name, p.Alias, v.Version, call.Event.ID()); err != nil {
			return err
		}
		out.Aliases = []string{p.Alias}
	}
	return call.Emit(out)
}
