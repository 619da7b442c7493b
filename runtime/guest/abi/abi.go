// Package abi holds the messages between a guest and its host, version 1 of the
// guest ABI; docs/guest-abi.md describes it for guests in any language.
package abi

import (
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Version is the version of the ABI.
const Version = 1

// Where a guest finds its files.
const (
	In            = "/in/"
	Out           = "/out/"
	Host          = "/host"
	Columns       = ".columns" // after a digest: the artifact as a table
	DatasetFile   = "dataset.columns"
	SplitFile     = "dataset.split"
	RunExport     = "runnel_run"  // of a reactor: () -> i32
	StartExport   = "_start"      // of a command
	InitExport    = "_initialize" // of a reactor, where its language has it
	MemoryExport  = "memory"
	AllowedImport = "wasi_snapshot_preview1"
)

// The limits that docs/guest-abi.md states.
const (
	MaxMemory    = 1 << 30
	MaxAnswer    = 4 << 20
	MaxEvents    = 10_000
	MaxRequest   = 1 << 20
	MaxOut       = 10 << 30
	MaxFiles     = 10_000
	MaxOpenFiles = 256
	MaxStderr    = 16 << 10
)

// An Invocation is what a guest finds on its standard input.
type Invocation struct {
	ABI        int            `json:"abi"`
	Function   string         `json:"function"`
	Event      events.Event   `json:"event"`
	Set        []events.Event `json:"set,omitempty"`
	From       From           `json:"from"`
	Params     map[string]any `json:"params"`
	Seed       uint64         `json:"seed"`
	Time       time.Time      `json:"time"`
	Attempt    int            `json:"attempt"`
	DeadlineMS int64          `json:"deadline_ms,omitempty"` // 0: none
	Memory     int64          `json:"memory,omitempty"`      // bytes that the guest may have; 0: it is not said
}

// From names the step that the guest is run for.
type From struct {
	Pipeline string `json:"pipeline"`
	Version  string `json:"version"`
	Step     string `json:"step"`
}

// An Answer is what a guest leaves on its standard output.
type Answer struct {
	Events  []Emission            `json:"events,omitempty"`
	Outputs map[string]events.Ref `json:"outputs,omitempty"`
	Rows    int64                 `json:"rows,omitempty"`
	Notes   []string              `json:"notes,omitempty"`
	Error   *Error                `json:"error,omitempty"`
}

// An Emission is an event that a guest asks for, or a set of them.
type Emission struct {
	Type string          `json:"type,omitempty"`
	Data json.RawMessage `json:"data,omitempty"`
	Set  []Emission      `json:"set,omitempty"`
}

// An Error is one that keeps its class on the way between guest and host.
type Error struct {
	Class   step.Class `json:"class"`
	Message string     `json:"message"`
	Detail  string     `json:"detail,omitempty"`
}

// A Request is what a guest writes to /host; one field is set.
type Request struct {
	Put      *Put           `json:"put,omitempty"`
	Progress *step.Progress `json:"progress,omitempty"`
	Fetch    *Fetch         `json:"fetch,omitempty"`
	Get      *Get           `json:"models.get,omitempty"`
	Register *Register      `json:"models.register,omitempty"`
	SetAlias *SetAlias      `json:"models.setAlias,omitempty"`
	Error    *struct{}      `json:"error,omitempty"`
}

// Put hands a file of /out over.
type Put struct {
	File      string `json:"file"`
	MediaType string `json:"mediaType,omitempty"`
	Table     bool   `json:"table,omitempty"` // the file is columns, the artifact Parquet
}

// Fetch downloads a URL into an artifact.
type Fetch struct {
	URL          string `json:"url"`
	MaxBytes     int64  `json:"maxBytes"`
	TimeoutMS    int64  `json:"timeoutMs"`
	MaxRedirects int    `json:"maxRedirects"`
}

// Get finds a version of a model by number or alias.
type Get struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Register gives a model its next version.
type Register struct {
	Name  string            `json:"name"`
	Model step.ModelVersion `json:"model"`
}

// SetAlias points an alias at a version.
type SetAlias struct {
	Name    string `json:"name"`
	Alias   string `json:"alias"`
	Version int    `json:"version"`
	Cause   string `json:"cause"`
}

// A Response is the answer to a Request.
type Response struct {
	Ref      *events.Ref        `json:"ref,omitempty"`
	Model    *step.ModelVersion `json:"model,omitempty"`
	Previous int                `json:"previous,omitempty"`
	Error    *Error             `json:"error,omitempty"`
}
