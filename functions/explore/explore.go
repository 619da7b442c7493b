// Package explore is the step that describes a dataset: what its columns hold,
// how they go together, and what needs a person's attention. It writes a
// profile (JSON, see package profile) and a report (one HTML file), both of
// aggregates only.
package explore

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/explore/profile"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/stats"
)

// Params bound and tune the description.
type Params struct {
	Sample      int     `json:"sample" default:"50000" min:"100" max:"10000000" doc:"rows that correlations, components and grids are computed from at most, drawn with the run's seed"`
	Whole       int     `json:"whole" default:"50000000" min:"0" doc:"cells (rows times columns) up to which a table is read whole and described exactly; a larger one is read part by part"`
	Charts      int     `json:"charts" default:"30" min:"1" max:"200" doc:"columns that get a histogram at most: those that say most about the target"`
	Heat        int     `json:"heat" default:"24" min:"2" max:"100" doc:"columns of a correlation matrix at most"`
	Pairs       int     `json:"pairs" default:"6" min:"1" max:"50" doc:"strongest correlated pairs that are drawn"`
	Bins        int     `json:"bins" default:"60" min:"2" max:"500" doc:"bins of a histogram at most"`
	Top         int     `json:"top" default:"10" min:"1" max:"100" doc:"most frequent values that are named for a column"`
	Rare        int     `json:"rare" default:"5" min:"1" max:"1000000" doc:"values that fewer rows have are not named, so that no single row shows"`
	Missing     float64 `json:"missing" default:"0.05" min:"0" max:"1" doc:"share of missing values from which on a column is reported; beyond half it is severe"`
	Skew        float64 `json:"skew" default:"2" min:"0.1" max:"1000" doc:"absolute skew from which on a column is reported"`
	Outliers    float64 `json:"outliers" default:"0.05" min:"0.0001" max:"1" doc:"share of values beyond Tukey's whiskers (1.5 interquartile ranges) from which on a column is reported"`
	Correlated  float64 `json:"correlated" default:"0.95" min:"0.1" max:"1" doc:"absolute correlation from which on two columns are reported"`
	Leakage     float64 `json:"leakage" default:"0.99" min:"0.5" max:"1" doc:"absolute correlation or ROC AUC from which on a column is suspected of knowing the target"`
	Imbalance   float64 `json:"imbalance" default:"0.1" min:"0.0001" max:"0.5" doc:"share of the rarest class under which the classes are reported as imbalanced"`
	Cardinality int     `json:"cardinality" default:"50" min:"2" max:"1000000" doc:"number of categories from which on a column is reported"`
}

// Function is the step.
var Function = step.New("explore", handle,
	step.Doc("Describes a dataset: distributions, correlations, components and named alerts, as JSON and as one HTML report of aggregates."),
	step.Accepts(events.DatasetIngested, events.DatasetCleaned),
	step.Emits(events.DatasetExplored))

func handle(ctx context.Context, call *step.Call, p Params) error {
	ds, err := datasetOf(call.Event)
	if err != nil {
		return err
	}
	m, err := call.Manifest(ctx, ds)
	if err != nil {
		return err
	}
	call.Rows(m.Rows)
	prof, err := describe(ctx, call, ds, m, p)
	if err != nil {
		return fmt.Errorf("dataset %s: %w", ds.Name, err)
	}
	split, err := subsets(ctx, call, m)
	if err != nil {
		return fmt.Errorf("dataset %s: %w", ds.Name, err)
	}
	for _, n := range prof.Notes {
		call.Note("%s", n)
	}
	out := events.DatasetExploredData{Dataset: ds, Alerts: len(prof.Alerts)}
	if out.Profile, err = call.PutJSON(ctx, "profile", events.MediaJSON, prof); err != nil {
		return err
	}
	html := render(prof, split, MaxReport)
	if out.Report, err = call.PutBytes(ctx, "report", events.MediaHTML, html); err != nil {
		return err
	}
	return call.Emit(out)
}

// describe reads a table whole where that takes no more than the params allow,
// else part by part.
func describe(ctx context.Context, call *step.Call, ds events.Dataset, m *step.Manifest, p Params) (*profile.Profile, error) {
	o := p.options(ds, call.Seed)
	if m.Rows*int64(len(m.Schema)) <= int64(p.Whole) {
		t, _, err := call.Dataset(ctx, ds)
		if err != nil {
			return nil, err
		}
		return profile.Of(ctx, ds.Name, t, o)
	}
	parts := profile.Parts{Schema: m.Schema, Rows: m.Rows, Each: func(part func(*table.Table) error) error {
		done := int64(0)
		return call.Parts(ctx, m, func(t *table.Table) error {
			done += int64(t.Rows())
			call.Progress(done, m.Rows, "rows")
			return part(t)
		})
	}}
	if !m.Statistics.IsZero() {
		b, err := call.Bytes(ctx, m.Statistics)
		if err != nil {
			return nil, err
		}
		if parts.Stats, err = stats.Read(b); err != nil {
			return nil, step.Permanent(fmt.Errorf("artifact %s: %w", m.Statistics.Digest, err))
		}
	}
	return profile.OfParts(ctx, ds.Name, parts, o)
}

func datasetOf(e events.Event) (events.Dataset, error) {
	if e.Type() == events.DatasetCleaned {
		d, err := events.Data[events.DatasetCleanedData](e)
		return d.Dataset, err
	}
	d, err := events.Data[events.DatasetIngestedData](e)
	return d.Dataset, err
}

func (p Params) options(ds events.Dataset, seed uint64) *profile.Options {
	return &profile.Options{
		Target: ds.Target, Task: ds.Task, Seed: seed,
		Sample: p.Sample, Charts: p.Charts, Heat: p.Heat, Pairs: p.Pairs, Bins: p.Bins, Top: p.Top, Rare: p.Rare,
		Limits: profile.Limits{
			Missing: p.Missing, Skew: p.Skew, Outliers: p.Outliers, Correlated: p.Correlated,
			Leakage: p.Leakage, Imbalance: p.Imbalance, Cardinality: p.Cardinality,
		},
	}
}

// subsets counts the rows of each subset; nil without a split.
func subsets(ctx context.Context, call *step.Call, m *step.Manifest) (map[step.Subset]int64, error) {
	if m.Split.IsZero() {
		return nil, nil
	}
	b, err := call.Bytes(ctx, m.Split)
	if err != nil {
		return nil, err
	}
	n := map[step.Subset]int64{}
	for _, s := range b {
		n[step.Subset(s)]++
	}
	return n, nil
}
