package engine

import (
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// The states of a step's execution.
const (
	Done   = "done"
	Gated  = "gated"  // a threshold was missed: the chain stops here
	Failed = "failed" // given up on: see the dead letter
)

// A Record is the truth about one step's answer to one event. It is created
// once; its events are what the step emitted.
type Record struct {
	Run        string                `json:"run"`
	Pipeline   string                `json:"pipeline"`
	Version    string                `json:"version"`
	Step       string                `json:"step"`
	Function   string                `json:"function"`
	Host       string                `json:"host"`
	Event      string                `json:"event"` // id of the triggering event
	EventType  string                `json:"eventType"`
	Status     string                `json:"status"`
	StartedAt  time.Time             `json:"startedAt"`
	Seconds    float64               `json:"seconds"`
	Attempts   int                   `json:"attempts"`
	Cached     bool                  `json:"cached,omitempty"`
	Rows       int64                 `json:"rows,omitempty"`
	Notes      []string              `json:"notes,omitempty"`
	Outputs    map[string]events.Ref `json:"outputs,omitempty"`
	Events     []events.Event        `json:"events,omitempty"`
	Error      *Failure              `json:"error,omitempty"`
	DeadLetter string                `json:"deadLetter,omitempty"`
}

// A Failure is an error written down.
type Failure struct {
	Class   step.Class `json:"class"`
	Message string     `json:"message"`
	Detail  string     `json:"detail,omitempty"`
}

// An Attempt is the record of one that failed.
type Attempt struct {
	Number    int       `json:"number"`
	Failure   Failure   `json:"error"`
	StartedAt time.Time `json:"startedAt"`
	Seconds   float64   `json:"seconds"`
}

// The keys of a step's records end in the event's id, and in the generation
// where the event was redriven.
func resultKey(run, pipeline, step, event string) string {
	return store.Key("results", run, pipeline, step, event)
}

func attemptsKey(run, pipeline, step, event string) string {
	return store.Key("attempts", run, pipeline, step, event)
}

// An Observer sees what the engine does, as it happens. Its methods return at
// once. After each StepStarted comes one StepFinished or AttemptFailed.
type Observer interface {
	RunAccepted(Run)
	StepStarted(Activity)
	StepProgress(Activity, step.Progress)
	StepFinished(Record)
	AttemptFailed(Activity, Failure, time.Duration) // and when it will be tried again
}

// An Activity is a step at work on an event.
type Activity struct {
	Run, Pipeline, Step, Event string
	Attempt                    int
}

type nobody struct{}

func (nobody) RunAccepted(Run)                                {}
func (nobody) StepStarted(Activity)                           {}
func (nobody) StepProgress(Activity, step.Progress)           {}
func (nobody) StepFinished(Record)                            {}
func (nobody) AttemptFailed(Activity, Failure, time.Duration) {}
