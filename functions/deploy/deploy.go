// Package deploy is the step that makes a registered version of a model the
// served one, by pointing the alias that is served at it.
package deploy

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Params says when a version is served.
type Params struct {
	Alias  string `json:"alias" default:"champion" doc:"alias whose version is served"`
	When   string `json:"when" default:"always" enum:"always,better" doc:"always, or only when the metric is better than that of the version served now"`
	Metric string `json:"metric" doc:"metric that when: better compares; accuracy, r2, silhouette, ndcg_at_k or roc_auc by default"`
}

// Check implements step.Checker.
func (p Params) Check() error {
	if _, known := metrics.Greater(p.Metric); p.Metric != "" && !known {
		return fmt.Errorf("metric: no metric %q%s", p.Metric, nearest.Hint(p.Metric, metrics.Names()))
	}
	return nil
}

// Function is the step. It changes the registry, once for each event.
var Function = step.New("deploy", handle,
	step.Doc("Makes a registered version the served one."),
	step.Accepts(events.ModelRegistered),
	step.Emits(events.ModelDeployed),
	step.Effect())

func handle(ctx context.Context, call *step.Call, p Params) error {
	in, err := events.Data[events.ModelRegisteredData](call.Event)
	if err != nil {
		return step.Permanent(err)
	}
	if p.When == "better" {
		keep, err := p.served(ctx, call, in)
		if err != nil || keep {
			return err
		}
	}
	previous, err := call.Models().SetAlias(ctx, in.Name, p.Alias, in.Version, call.Event.ID())
	if err != nil {
		return err
	}
	return call.Emit(events.ModelDeployedData{Name: in.Name, Version: in.Version, Alias: p.Alias, Previous: previous})
}

// served tells whether the version that is served now stays.
func (p Params) served(ctx context.Context, call *step.Call, in events.ModelRegisteredData) (keep bool, err error) {
	now, err := call.Models().Get(ctx, in.Name, p.Alias)
	switch {
	case err != nil && step.ClassOf(err) != step.ClassPermanent:
		return false, err
	case err != nil || now.Version == in.Version:
		return false, nil // none is served yet, or this one already
	}
	metric := p.Metric
	if metric == "" {
		compared := []string{"accuracy", "silhouette", "ndcg_at_k", "r2", "roc_auc"}
		at := slices.IndexFunc(compared, func(name string) bool { _, ok := in.Metrics[name]; return ok })
		if at < 0 {
			return false, step.Permanent(fmt.Errorf("when: model %s version %d has none of the metrics by which versions are compared (%s): name one that it has with deploy.metric, leave deploy.when out, or let anomalies be judged by a column of known ones (ingest.label)", in.Name, in.Version, strings.Join(compared, ", ")))
		}
		metric = compared[at]
	}
	greater, _ := metrics.Greater(metric)
	value, ok := in.Metrics[metric]
	if !ok {
		names := make([]string, 0, len(in.Metrics))
		for name := range in.Metrics {
			names = append(names, name)
		}
		return false, step.Permanent(fmt.Errorf("metric: model %s version %s has no %q%s", in.Name, strconv.Itoa(in.Version), metric, nearest.Hint(metric, names)))
	}
	before, ok := now.Metrics[metric]
	if !ok || (greater && value > before) || (!greater && value < before) {
		return false, nil
	}
	call.Note("version %d stays the served one: its %s is %.4g, that of version %d is %.4g", now.Version, metric, before, in.Version, value)
	return true, nil
}
