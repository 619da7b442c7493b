package metrics_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/metrics"
)

// observed is a registry in which everything has happened once.
func observed(t *testing.T) map[string]float64 {
	t.Helper()
	r := prometheus.NewRegistry()
	o := metrics.New(r)
	a := engine.Activity{Pipeline: "p", Step: "s"}
	o.RunAccepted(engine.Run{})
	o.StepStarted(a)
	o.AttemptFailed(a, engine.Failure{Class: "retryable"}, time.Second)
	o.StepStarted(a)
	o.StepFinished(engine.Record{Pipeline: "p", Step: "s", Status: engine.Done, Seconds: 0.25, Rows: 7, Cached: true})
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			switch {
			case m.Counter != nil:
				out[f.GetName()] += m.Counter.GetValue()
			case m.Gauge != nil:
				out[f.GetName()] += m.Gauge.GetValue()
			case m.Histogram != nil:
				out[f.GetName()+"_bucket"] += m.Histogram.GetSampleSum()
			}
		}
	}
	return out
}

func TestMetrics(t *testing.T) {
	got := observed(t)
	for name, want := range map[string]float64{
		"runnel_runs_accepted_total": 1, "runnel_steps_active": 0, "runnel_steps_total": 1, "runnel_steps_cached_total": 1,
		"runnel_attempts_failed_total": 1, "runnel_step_duration_seconds_bucket": 0.25, "runnel_step_rows_total": 7,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v, want %v", name, v, want)
		}
	}
}

// TestAlerts checks that every metric that an alert names is one that a node has.
func TestAlerts(t *testing.T) {
	b, err := os.ReadFile("../../../infra/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	got := observed(t)
	names := regexp.MustCompile(`runnel_[a-z_]+`).FindAllString(string(b), -1)
	if len(names) < 3 {
		t.Fatalf("the alerts name %d metrics", len(names))
	}
	for _, name := range names {
		if _, ok := got[name]; !ok && !strings.HasPrefix(name, "runnel_deadletters") {
			t.Errorf("an alert names %s, which no node has", name)
		}
	}
}
