// Package register is the step that gives a model a name and a version in the
// registry, with a card that says what it is.
package register

import (
	"context"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/evaluate"
	"github.com/runnel-dev/runnel/functions/fitted"
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

func handle(ctx context.Context, call *step.Call, p Params) error {
	in, err := events.Data[events.ModelEvaluatedData](call.Event)
	if err != nil {
		return step.Permanent(err)
	}
	m, err := fitted.Description(ctx, call, in.Model)
	if err != nil {
		return err
	}
	var evaluation evaluate.Evaluation
	if err := call.JSON(ctx, in.Evaluation, &evaluation); err != nil {
		return err
	}
	if p.Name == "" {
		p.Name = in.Raw.Name
	}
	card, err := call.PutBytes(ctx, "card", "text/markdown", []byte(Card(p.Name, in, &evaluation, m)))
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
