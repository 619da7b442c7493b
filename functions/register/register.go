// Package register is the step that gives a model a name and a version in the
// registry, with a card that says what it is.
package register

import (
	"cmp"
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

// tries is how many names are looked at.
const tries = 4

// name is the model's name. The versions of a model predict one target: where a
// model of another has the dataset's name, or a substitute for it, what differs
// joins it.
func (p Params) name(ctx context.Context, models step.Models, raw events.Dataset) (string, error) {
	name := cmp.Or(p.Name, raw.Name)
	for try := 1; ; try++ {
		before, err := models.Get(ctx, name, "")
		switch {
		case err != nil && step.ClassOf(err) != step.ClassPermanent:
			return "", err
		case err != nil:
			return name, nil // there is none of that name, or Register says what is wrong
		}
		if err = step.After(before, step.ModelVersion{Target: raw.Target, Task: raw.Task}); err == nil {
			return name, nil
		}
		if p.Name != "" || try == tries {
			return "", step.Permanent(err)
		}
		if raw.Target == "" || raw.Target == before.Target {
			name = joined(name, raw.Task)
		} else {
			name = joined(name, raw.Target)
		}
	}
}

// joined is a name with more at its end. Where there is no room for it the name is cut.
func joined(name, more string) string {
	more = modelname.Model("-" + more)
	more = more[:min(len(more), modelname.MaxBytes/2)]
	return name[:min(len(name), modelname.MaxBytes-len(more))] + more
}

// add registers a version. Where another model took the name since it was looked
// at, it is to be tried again: there is a substitute now.
func (p Params) add(ctx context.Context, models step.Models, raw events.Dataset, name string, v step.ModelVersion) (step.ModelVersion, error) {
	v, err := models.Register(ctx, name, v)
	if err != nil && p.Name == "" {
		if other, wrong := p.name(ctx, models, raw); wrong == nil && other != name {
			err = step.Retryable(err)
		}
	}
	return v, err
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
	name, err := p.name(ctx, call.Models(), in.Raw)
	if err != nil {
		return err
	}
	if p.Name == "" && name != in.Raw.Name {
		call.Note("model %s predicts another target: this one got another name, %s", in.Raw.Name, name)
	}
	card, err := call.PutBytes(ctx, "card", "text/markdown", []byte(Card(name, in, judged, m)))
	if err != nil {
		return err
	}
	v, err := p.add(ctx, call.Models(), in.Raw, name, step.ModelVersion{
		Name: name, Files: in.Model, Card: card, Task: in.Raw.Task, Target: in.Raw.Target, Estimator: in.Estimator,
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
