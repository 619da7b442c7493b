package step

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/table"
)

// An Env is what a host gives to a function. Its errors carry a class:
// retryable where the store or the network was at fault.
type Env interface {
	// Open reads an artifact.
	Open(ctx context.Context, ref events.Ref) (Blob, error)
	// Put stores an artifact: durable, and named by its digest.
	Put(ctx context.Context, mediaType string, r io.Reader) (events.Ref, error)
	// Table reads a table stored by PutTable, or any Parquet artifact.
	Table(ctx context.Context, ref events.Ref) (*table.Table, error)
	// PutTable stores a table.
	PutTable(ctx context.Context, t *table.Table) (events.Ref, error)
	// Fetch downloads a URL into an artifact, within the limits and the host's
	// own rules on which addresses may be reached.
	Fetch(ctx context.Context, url string, limits FetchLimits) (events.Ref, error)
	// Models is the model registry.
	Models() Models
	// Progress shows how far the work is. It may be called often and from any goroutine.
	Progress(p Progress)
}

// A Drafter is an Env of a host that makes the events of a function itself: the
// events of its result are drafts, see events.Draft.
type Drafter interface {
	Env
	// Drafts does nothing.
	Drafts()
}

// A Blob is an artifact opened for reading.
type Blob interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// FetchLimits bound a download.
type FetchLimits struct {
	MaxBytes     int64
	Timeout      time.Duration
	MaxRedirects int
}

// Progress says how far an execution is. Total is 0 where it is not known.
type Progress struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total,omitempty"`
	Unit  string `json:"unit"` // such as rows, trees, folds
}

// Models is the registry as functions see it. Each change is made once for an
// event, however often it is asked for.
type Models interface {
	// Register gives the model its next version, or the version that this
	// event already gave it.
	Register(ctx context.Context, name string, v ModelVersion) (ModelVersion, error)
	// Get finds a version by number or alias: "3", "champion", or "" for the newest.
	Get(ctx context.Context, name, version string) (ModelVersion, error)
	// SetAlias points an alias at a version and returns the version that it
	// pointed to before, 0 for none. cause is the id of the event that asks.
	SetAlias(ctx context.Context, name, alias string, version int, cause string) (previous int, err error)
}

// A ModelVersion is one registered version of a model.
type ModelVersion struct {
	Name         string             `json:"name"`
	Version      int                `json:"version"`
	Files        events.ModelRef    `json:"files"`
	Card         events.Ref         `json:"card"`
	Task         string             `json:"task"`
	Target       string             `json:"target"`
	Estimator    string             `json:"estimator"`
	Metrics      map[string]float64 `json:"metrics"`
	Stage        string             `json:"stage"` // registered, approved, rejected
	Run          string             `json:"run"`
	Cause        string             `json:"cause"` // id of the event that registered it
	RegisteredAt time.Time          `json:"registeredAt"`
}

// After says why v cannot be a version of the model that before is one of: whoever
// asks a model by its name gets predictions of one target.
func After(before, v ModelVersion) error {
	if v.Target == before.Target && v.Task == before.Task {
		return nil
	}
	return fmt.Errorf("model %s predicts %s, and this one %s: register it under another name", before.Name, predicts(before), predicts(v))
}

func predicts(v ModelVersion) string {
	return fmt.Sprintf("%s (%s)", cmp.Or(v.Target, "no column"), v.Task)
}

// ReaderOf reads a blob from its start.
func ReaderOf(b Blob) *io.SectionReader { return io.NewSectionReader(b, 0, b.Size()) }

// ReadAll reads a whole artifact of at most limit bytes.
func ReadAll(ctx context.Context, env Env, ref events.Ref, limit int64) ([]byte, error) {
	b, err := env.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if b.Size() > limit {
		return nil, Permanent(&tooLarge{ref, b.Size(), limit})
	}
	out := make([]byte, b.Size())
	if _, err := io.ReadFull(ReaderOf(b), out); err != nil {
		return nil, err
	}
	return out, nil
}
