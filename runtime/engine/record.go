package engine

import (
	"crypto/sha256"
	"encoding/hex"
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

// answerID names the answer of a step to an event, which is its id, with the
// generation where it was redriven. It begins with the run.
func answerID(run, pipeline, step, event string) string {
	sum := sha256.Sum256([]byte(store.Key(pipeline, step, event)))
	return run + "." + hex.EncodeToString(sum[:16])
}

// resultKey is where an answer is recorded. Making a directory durable costs as
// much as a record, so there is none for each run or step: records lie in a
// bounded number of directories, a run's together.
func resultKey(answer string) string {
	return store.Key("results", answer[:min(2, len(answer))], answer)
}

func attemptsKey(answer string) string { return store.Key("attempts", answer) }

// An Observer sees what the engine does, as it happens. Its methods return at
// once. After each StepStarted comes one StepFinished or AttemptFailed.
type Observer interface {
	RunAccepted(Run)
	RunCancelled(run string)
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
func (nobody) RunCancelled(string)                            {}
func (nobody) StepStarted(Activity)                           {}
func (nobody) StepProgress(Activity, step.Progress)           {}
func (nobody) StepFinished(Record)                            {}
func (nobody) AttemptFailed(Activity, Failure, time.Duration) {}
