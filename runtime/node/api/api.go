// Package api is what a node and its clients say to each other over HTTP: the
// requests and answers, as JSON.
//
//	GET  /healthz                              200 when the node works
//	GET  /metrics                              for Prometheus
//	POST /events                               CloudEvents: structured, binary or batch
//	POST /predict                              a row or a list of rows -> {"prediction": ...}
//	POST /v1/models/{name}/predict             the same by name; ?version= a number or an alias
//	GET  /v1/node                              Info
//	POST /v1/session                           Session -> a cookie that is as good as the token, for a browser
//	DELETE /v1/session                         takes it away
//	GET  /v1/objects                           []store.Bucket
//	GET  /v1/objects/{bucket}                  Objects, by key; ?prefix=, ?after=, ?limit=
//	PUT  /v1/objects/{bucket}/{key...}         upload -> Uploaded
//	POST /v1/runs?request={RunRequest}         the file as body -> RunStarted
//	GET  /v1/runs                              []RunSummary, the newest first; ?limit=
//	GET  /v1/runs/{run}                        RunState
//	POST /v1/runs/{run}/replay                 RunStarted
//	POST /v1/runs/{run}/cancel                 RunCancelled
//	POST /v1/artifacts                         the bytes -> events.Ref, for a run's manifest
//	GET  /v1/artifacts/{digest}                the bytes
//	GET  /v1/reports/{digest}                  the bytes as a page that can do nothing
//	GET  /v1/pipelines/{version}               Pipeline
//	GET  /v1/models                            []Model
//	GET  /v1/models/{name}                     Model
//	GET  /v1/models/{name}/aliases/{alias}     []registry.AliasMove, the first one first
//	POST /v1/models/{name}                     step.ModelVersion of artifacts -> step.ModelVersion
//	POST /v1/models/{name}/promote             Promotion -> Move
//	POST /v1/models/{name}/rollback            Promotion -> Move
//	GET  /v1/deadletters                       engine.Letters; ?limit=, ?decided=true, ?prefix= of an id
//	GET  /v1/deadletters/{id}                  engine.DeadLetter
//	POST /v1/deadletters/{id}/redrive          engine.DeadLetter
//	POST /v1/deadletters/{id}/discard          engine.DeadLetter
//	POST /v1/functions/{name}/invoke           Invoke -> step.Result
//
// An error is {"error": {"message": ..., "column": ...}} with a fitting status.
package api

import (
	"encoding/json"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Info says what a node is.
type Info struct {
	Version   string   `json:"version"`
	Command   string   `json:"command,omitempty"` // the command that the node ends with: run, say; "": it runs until it is stopped
	PID       int      `json:"pid"`
	Dir       string   `json:"dir"`
	HTTP      string   `json:"http,omitempty"` // address
	S3        string   `json:"s3,omitempty"`
	Inbox     string   `json:"inbox,omitempty"`
	Pipelines []string `json:"pipelines"`
}

// Uploaded is an object, and the run that its event started.
type Uploaded struct {
	Object events.Object `json:"object"`
	Run    string        `json:"run"`
}

// Objects is a page of a bucket's objects.
type Objects struct {
	Objects []Uploaded `json:"objects"`
	Next    string     `json:"next,omitempty"` // the ?after= of the next page
}

// A Session is asked for with the token of the node.
type Session struct {
	Token string `json:"token"`
}

// A Pipeline is what there is to draw of a pipeline's version.
type Pipeline struct {
	Name        string         `json:"name"`
	Version     string         `json:"version"`
	Description string         `json:"description,omitempty"`
	Steps       []PipelineStep `json:"steps"`
	Edges       []Edge         `json:"edges"`
}

// A PipelineStep is a step of a pipeline's definition.
type PipelineStep struct {
	Name     string `json:"name"`
	Function string `json:"function"`
	Host     string `json:"host"`
	Join     bool   `json:"join,omitempty"`
}

// An Edge leads from a step, or from outside, to a step that answers a type of
// event.
type Edge struct {
	From string `json:"from,omitempty"` // "": the pipeline starts with the event
	To   string `json:"to"`
	Type string `json:"type"`
}

// A RunRequest asks for one run of one pipeline over the file in the body, or
// over what is at URL.
type RunRequest struct {
	Pipeline  string                    `json:"pipeline,omitempty"` // the definition; "": the default pipeline
	File      string                    `json:"file,omitempty"`     // its name, for messages
	Params    map[string]map[string]any `json:"params,omitempty"`   // by step: these go before the definition's
	Host      string                    `json:"host,omitempty"`     // of every step; "": as the definition has it
	Seed      *uint64                   `json:"seed,omitempty"`     // of every random choice; nil: as the definition has it
	Key       string                    `json:"key,omitempty"`      // name of the uploaded file
	MediaType string                    `json:"mediaType,omitempty"`
	Metadata  map[string]string         `json:"metadata,omitempty"`
	URL       string                    `json:"url,omitempty"`
}

// RunStarted names a run.
type RunStarted struct {
	Run string `json:"run"`
}

// RunCancelled names a run that is cancelled.
type RunCancelled struct {
	Run string `json:"run"`
}

// Interrupted is the state of a run that is not over, where no node works on it:
// it goes on when one does.
const Interrupted = "interrupted"

// A RunSummary is a line of the list of runs.
type RunSummary struct {
	ID         string    `json:"id"`
	State      string    `json:"state"`
	Subject    string    `json:"subject"` // what the run is about: the object's key, say
	Type       string    `json:"type"`
	Pipelines  []string  `json:"pipelines"`
	AcceptedAt time.Time `json:"acceptedAt"`
	EndedAt    time.Time `json:"endedAt,omitzero"`
	Steps      int       `json:"steps"`            // records of steps that ended: a step has one for each event that it answered
	Ended      int       `json:"ended"`            // steps of its pipelines that ended at least once,
	Of         int       `json:"of"`               // how many steps these have,
	Active     []string  `json:"active,omitempty"` // and which are at work in this node
	Model      string    `json:"model,omitempty"`
}

// A RunState is how far a run is, the steps at work included.
type RunState struct {
	engine.Status
	Active    []Active   `json:"active,omitempty"`
	Elsewhere *Elsewhere `json:"elsewhere,omitempty"` // where nothing is at work here, though a step is due
}

// Elsewhere says whether workers are at a step that is due, and not at work in
// the node: how many events of the step they have, those of other runs included,
// and how many wait for a worker.
type Elsewhere struct {
	Step    string `json:"step"`
	Taken   int    `json:"taken"`
	Waiting int    `json:"waiting"`
}

// Active is a step at work, or one that waits for its next attempt.
type Active struct {
	Pipeline  string          `json:"pipeline"`
	Step      string          `json:"step"`
	Event     string          `json:"event"`
	Attempt   int             `json:"attempt"`
	StartedAt time.Time       `json:"startedAt"`
	Progress  step.Progress   `json:"progress"`
	Failure   *engine.Failure `json:"failure,omitempty"` // of the attempt before
	RetryAt   time.Time       `json:"retryAt,omitzero"`
}

// A Model is a registered model with its versions, the first one first.
type Model struct {
	Name     string              `json:"name"`
	Aliases  map[string]int      `json:"aliases"`
	Versions []step.ModelVersion `json:"versions"`
}

// A Promotion names a version, or the alias that is rolled back.
type Promotion struct {
	Version int    `json:"version,omitempty"`
	Alias   string `json:"alias,omitempty"` // "": champion
}

// A Move says where an alias was moved.
type Move struct {
	Alias string `json:"alias"`
	From  int    `json:"from"` // 0: nowhere
	To    int    `json:"to"`
}

// An Invoke asks for one execution of a function, outside any pipeline: nothing
// is recorded, and the events are answered, not published.
type Invoke struct {
	Event  json.RawMessage `json:"event"` // a CloudEvent, structured
	Params map[string]any  `json:"params,omitempty"`
	Host   string          `json:"host,omitempty"`

	// Function is one that the node does not have: a module that it holds as an
	// artifact.
	Function *pipeline.Function `json:"function,omitempty"`
}

// An Error is the answer to what could not be done.
type Error struct {
	Status  int    `json:"-"`
	Message string `json:"message"`
	Column  string `json:"column,omitempty"` // of a row to predict
}

func (e *Error) Error() string { return e.Message }
