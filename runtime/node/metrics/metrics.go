// Package metrics counts what the engine does, for Prometheus.
package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Observer is an engine.Observer that counts. Labels are the names of pipelines
// and steps, whose number definitions bound.
type Observer struct {
	runs      prometheus.Counter
	cancelled prometheus.Counter
	active    *prometheus.GaugeVec
	executed  *prometheus.CounterVec
	cached    *prometheus.CounterVec
	failures  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	rows      *prometheus.CounterVec
}

// New makes an Observer whose metrics are registered.
func New(r prometheus.Registerer) *Observer {
	labels := []string{"pipeline", "step"}
	o := &Observer{
		runs:      prometheus.NewCounter(prometheus.CounterOpts{Name: "runnel_runs_accepted_total", Help: "Root events that were accepted, repeated ones included."}),
		cancelled: prometheus.NewCounter(prometheus.CounterOpts{Name: "runnel_runs_cancelled_total", Help: "Runs that were cancelled."}),
		active:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "runnel_steps_active", Help: "Steps at work now."}, labels),
		executed:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "runnel_steps_total", Help: "Answers to events, by how they ended: done, gated, failed or cancelled."}, append(labels, "status")),
		cached:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "runnel_steps_cached_total", Help: "Answers that came from the step cache."}, labels),
		failures:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "runnel_attempts_failed_total", Help: "Attempts that failed and are tried again, by class of the error."}, append(labels, "class")),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "runnel_step_duration_seconds", Help: "Time of the attempt that answered an event.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10, 60, 300, 1800}}, labels),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "runnel_step_rows_total", Help: "Rows that steps worked on."}, labels),
	}
	r.MustRegister(o.runs, o.cancelled, o.active, o.executed, o.cached, o.failures, o.durations, o.rows)
	return o
}

// RunAccepted implements engine.Observer.
func (o *Observer) RunAccepted(engine.Run) { o.runs.Inc() }

// RunCancelled implements engine.Observer.
func (o *Observer) RunCancelled(string) { o.cancelled.Inc() }

// StepStarted implements engine.Observer.
func (o *Observer) StepStarted(a engine.Activity) { o.active.WithLabelValues(a.Pipeline, a.Step).Inc() }

// StepProgress implements engine.Observer.
func (o *Observer) StepProgress(engine.Activity, step.Progress) {}

// StepFinished implements engine.Observer.
func (o *Observer) StepFinished(r engine.Record) {
	o.active.WithLabelValues(r.Pipeline, r.Step).Dec()
	o.executed.WithLabelValues(r.Pipeline, r.Step, r.Status).Inc()
	o.durations.WithLabelValues(r.Pipeline, r.Step).Observe(r.Seconds)
	o.rows.WithLabelValues(r.Pipeline, r.Step).Add(float64(r.Rows))
	if r.Cached {
		o.cached.WithLabelValues(r.Pipeline, r.Step).Inc()
	}
}

// AttemptFailed implements engine.Observer.
func (o *Observer) AttemptFailed(a engine.Activity, f engine.Failure, _ time.Duration) {
	o.active.WithLabelValues(a.Pipeline, a.Step).Dec()
	o.failures.WithLabelValues(a.Pipeline, a.Step, string(f.Class)).Inc()
}
