package serve

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/step"
)

// observer writes what the engine does to the log: which step answered which
// event, and how; never what is in an event.
type observer struct {
	log *slog.Logger

	mu       sync.Mutex
	progress time.Time // when it was told last
}

// progressPause is the least time between two lines that tell of progress.
const progressPause = 5 * time.Second

// RunAccepted implements engine.Observer.
func (o *observer) RunAccepted(r engine.Run) { o.log.Info("run accepted", "run", r.ID) }

// RunCancelled implements engine.Observer.
func (o *observer) RunCancelled(run string) { o.log.Info("run cancelled", "run", run) }

// StepStarted implements engine.Observer.
func (o *observer) StepStarted(engine.Activity) {}

// StepProgress implements engine.Observer.
func (o *observer) StepProgress(a engine.Activity, p step.Progress) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := time.Now(); now.Sub(o.progress) >= progressPause {
		o.progress = now
		o.log.Info("step progress", "run", a.Run, "pipeline", a.Pipeline, "step", a.Step, "event", a.Event, "done", p.Done, "total", p.Total, "unit", p.Unit)
	}
}

// StepFinished implements engine.Observer.
func (o *observer) StepFinished(r engine.Record) {
	level, class := slog.LevelInfo, step.Class("")
	if r.Error != nil {
		level, class = slog.LevelError, r.Error.Class
	}
	o.log.Log(context.Background(), level, "step "+r.Status, "run", r.Run, "pipeline", r.Pipeline, "step", r.Step, "event", r.Event,
		"seconds", r.Seconds, "attempts", r.Attempts, "rows", r.Rows, "emitted", len(r.Events), "class", class, "deadLetter", r.DeadLetter)
}

// AttemptFailed implements engine.Observer.
func (o *observer) AttemptFailed(a engine.Activity, f engine.Failure, wait time.Duration) {
	o.log.Warn("attempt failed", "run", a.Run, "pipeline", a.Pipeline, "step", a.Step, "event", a.Event,
		"attempt", a.Attempt, "class", f.Class, "again", wait.Seconds())
}
