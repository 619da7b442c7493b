package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"syscall"
	"time"

	"github.com/runnel-dev/runnel/functions/explore/profile"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
)

// turn reads the file, then cleans, describes and encodes it with the defaults
// of the steps.
func turn(ctx context.Context, path string, sample int) error {
	src, err := csv.Open(path)
	if err != nil {
		return err
	}
	defer src.Close()
	t, _, err := csv.Read(ctx, src, nil)
	if err != nil {
		return err
	}
	o := outcome{Seconds: map[string]float64{}, CPU: map[string]float64{}, Found: map[string]float64{}}
	clock := func(step string, do func() error) error {
		start, busy := time.Now(), processorTime()
		if err := do(); err != nil {
			return fmt.Errorf("%s: %w", step, err)
		}
		o.Seconds[step], o.CPU[step] = time.Since(start).Seconds(), processorTime()-busy
		return nil
	}
	var kept, cleaned, features *table.Table
	var cleaning, encoding *preprocess.Graph
	var described *profile.Profile
	err = clock("clean", func() (err error) {
		if kept, err = rowsToKeep(t); err != nil {
			return err
		}
		cleaning, cleaned, err = preprocess.Fit(ctx, kept.Without(target), nil, nil,
			&preprocess.Tidy{}, &preprocess.Dates{}, &preprocess.Impute{Numeric: "mean", Categorical: "keep"}, &preprocess.Cap{})
		return err
	})
	if err != nil {
		return err
	}
	err = clock("explore", func() (err error) {
		described, err = profile.Of(ctx, "flights", t, &profile.Options{Target: target, Sample: sample})
		return err
	})
	if err != nil {
		return err
	}
	err = clock("featurize", func() error {
		y, _, err := preprocess.Target(kept, target, learn.Classification, nil)
		if err != nil {
			return err
		}
		if encoding, features, err = preprocess.Fit(ctx, cleaned, y, nil, &preprocess.Auto{}); err != nil {
			return err
		}
		_, err = preprocess.Matrix(features, nil)
		return err
	})
	if err != nil {
		return err
	}
	for _, g := range []*preprocess.Graph{cleaning, encoding} {
		if err := o.learnt(g.State()); err != nil {
			return err
		}
	}
	o.described(described)
	o.Found["rows"], o.Found["features"] = float64(features.Rows()), float64(len(features.Columns))
	return print(o)
}

// processorTime is what this process has used, in seconds.
func processorTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return math.NaN()
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// rowsToKeep leaves out duplicates and rows without a target.
func rowsToKeep(t *table.Table) (*table.Table, error) {
	if rows := preprocess.Duplicates(t); len(rows) < t.Rows() {
		t = t.Take(rows)
	}
	rows, err := preprocess.Complete(t, target)
	if err != nil {
		return nil, err
	}
	return t.Take(rows), nil
}

// A state is what is compared of the state of a transformer.
type state struct {
	Kind   string
	Params struct {
		Steps   []state
		Columns json.RawMessage // what it is depends on the kind
	}
}

// A column is what transformers have learnt of one.
type column struct {
	Name       string
	Type       string
	None       bool
	Number     float64
	Upper      *float64
	Categories []string
	Values     []float64
}

// learnt files what transformers have learnt.
func (o *outcome) learnt(s learn.State) error {
	var all state
	b, err := json.Marshal(map[string]any{"kind": s.Kind, "params": s.Params})
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		return fmt.Errorf("the state of the transformers: %w", err)
	}
	return o.file(all)
}

func (o *outcome) file(s state) error {
	for _, step := range s.Params.Steps {
		if err := o.file(step); err != nil {
			return err
		}
	}
	if !slices.Contains([]string{"impute", "cap", "onehot", "target"}, s.Kind) {
		return nil
	}
	var columns []column
	if err := json.Unmarshal(s.Params.Columns, &columns); err != nil {
		return fmt.Errorf("the state of %s: %w", s.Kind, err)
	}
	for _, c := range columns {
		switch {
		case s.Kind == "impute" && !c.None && (c.Type == "int64" || c.Type == "float64"):
			o.Found["mean "+c.Name] = c.Number
		case s.Kind == "cap" && c.Upper != nil:
			o.Found["cap "+c.Name] = *c.Upper
		case s.Kind == "onehot":
			for _, k := range c.Categories {
				o.Found["one-hot "+c.Name+" "+k] = 1
			}
		case s.Kind == "target":
			for i, k := range c.Categories {
				o.Found["target "+c.Name+" "+k] = c.Values[i]
			}
		}
	}
	return nil
}

// described files moments, correlations and components.
func (o *outcome) described(p *profile.Profile) {
	put := func(name string, v profile.Float) {
		if v.Exists() {
			o.Found[name] = float64(v)
		}
	}
	for _, c := range p.Columns {
		if n := c.Numbers; n != nil && c.Role == profile.Numeric {
			for name, v := range map[string]profile.Float{"mean": n.Mean, "std": n.Std, "min": n.Min, "q1": n.Q1, "median": n.Median,
				"q3": n.Q3, "max": n.Max, "skew": n.Skew, "kurtosis": n.Kurtosis} {
				put("describe "+c.Name+" "+name, v)
			}
		}
	}
	if c := p.Correlation; c != nil {
		for i, a := range c.Columns {
			for j, b := range c.Columns[:i] {
				put("pearson "+min(a, b)+" "+max(a, b), c.Pearson[i][j])
				put("spearman "+min(a, b)+" "+max(a, b), c.Spearman[i][j])
			}
		}
	}
	if p.Components != nil {
		for k, v := range p.Components.Share {
			put(fmt.Sprintf("component %d", k), v)
		}
	}
}
