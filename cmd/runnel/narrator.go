package main

import (
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/step"
)

// narrator tells whoever watches a node what comes of its runs: models that are
// served, gates that were missed, steps that were given up on.
type narrator struct{ a *app }

// StepFinished implements engine.Observer.
func (n narrator) StepFinished(r engine.Record) {
	switch r.Status {
	case engine.Failed:
		n.a.say("run %.8s: step %s failed: %s (%s deadletters show %.8s)", r.Run, r.Step, r.Error.Message, n.a.name(), r.DeadLetter)
	case engine.Gated:
		n.a.say("run %.8s: step %s stopped the chain: %s", r.Run, r.Step, r.Error.Message)
	}
	for _, e := range r.Events {
		if in, err := events.Data[events.ModelDeployedData](e); err == nil {
			n.a.say("run %.8s: model %s version %d is served", r.Run, in.Name, in.Version)
		}
	}
}

// RunAccepted implements engine.Observer.
func (narrator) RunAccepted(engine.Run) {}

// RunCancelled implements engine.Observer.
func (n narrator) RunCancelled(run string) { n.a.say("run %.8s: cancelled", run) }

// StepStarted implements engine.Observer.
func (narrator) StepStarted(engine.Activity) {}

// StepProgress implements engine.Observer.
func (narrator) StepProgress(engine.Activity, step.Progress) {}

// AttemptFailed implements engine.Observer.
func (n narrator) AttemptFailed(a engine.Activity, f engine.Failure, wait time.Duration) {
	n.a.say("run %.8s: step %s failed and is tried again in %s: %s", a.Run, a.Step, seconds(wait.Seconds()), f.Message)
}
