package ingest

import (
	"fmt"
	"math"
	"strconv"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/split"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// A role is what a param's column is.
type role struct {
	column *string
	role   string
}

func (p *Params) named() [4]role {
	return [4]role{{&p.User, events.RoleUser}, {&p.Item, events.RoleItem}, {&p.Weight, events.RoleWeight}, {&p.Label, events.RoleLabel}}
}

// name takes the columns that have roles from the upload's metadata where the
// params name none, and the task from the columns.
func (p *Params) name(metadata map[string]string) error {
	for _, c := range p.named() {
		if *c.column == "" {
			*c.column = metadata[c.role]
		}
	}
	if p.Task == "auto" && p.User != "" && p.Item != "" && p.Target == "" {
		p.Task = string(learn.Recommendation)
	}
	switch wanted := learn.Task(p.Task) == learn.Recommendation; {
	case !wanted && (p.User != "" || p.Item != ""):
		return fmt.Errorf("user and item are columns of a recommendation, which needs both and has no target: user is %q, item %q, target %q, task %s", p.User, p.Item, p.Target, p.Task)
	case p.Label != "" && learn.Task(p.Task) != learn.AnomalyDetection:
		return fmt.Errorf("label is the column of known anomalies, and the task is %s, not anomaly_detection: leave label out, or name the column as target to learn from it", p.Task)
	case p.Weight != "" && learn.Task(p.Task) == learn.AnomalyDetection:
		return fmt.Errorf("the column of weights %q means nothing to anomaly_detection: leave weight out (clean.drop_columns keeps a column out of what is learnt)", p.Weight)
	case p.Weight != "" && p.Weight == p.Target:
		return fmt.Errorf("weight and target are both the column %q", p.Weight)
	case wanted && (p.User == "" || p.Item == ""):
		return fmt.Errorf("a recommendation needs the columns of users and of items: user is %q and item %q", p.User, p.Item)
	case wanted && p.User == p.Item:
		return fmt.Errorf("user and item are both the column %q", p.User)
	}
	return nil
}

// roles are the columns that have one, by what they are.
func (p Params) roles() map[string]string {
	roles := map[string]string{}
	for _, c := range p.named() {
		if *c.column != "" {
			roles[c.role] = *c.column
		}
	}
	if p.Split == events.RoleGroup || p.Split == events.RoleTime {
		roles[p.Split] = p.By
	}
	if len(roles) == 0 {
		return nil
	}
	return roles
}

// checkWeights finds what is no weight, and subsets whose rows all count as none.
// Rows without a target count for nothing: they are left out later.
func checkWeights(c, target *table.Column, parts []step.Subset) error {
	sums, numbers := [3]float64{-1, -1, -1}, c.Numbers()
	for i := range c.Len() {
		if target != nil && target.Missing(i) {
			continue
		}
		w := math.NaN()
		if numbers != nil {
			w = numbers[i]
		} else if v, err := strconv.ParseFloat(c.Text(i), 64); err == nil {
			w = v
		}
		if !(w >= 0 && w <= math.MaxFloat64) {
			return fmt.Errorf("weight: column %q has %q in row %d, not a number of at least 0: mend the column, or leave weight out and all rows count as 1", c.Name, c.Text(i), i+1)
		}
		subset := step.Train
		if parts != nil {
			subset = parts[i]
		}
		sums[subset] = max(0, sums[subset]) + w
	}
	for subset, sum := range sums {
		if sum == 0 || sum > math.MaxFloat64 {
			return fmt.Errorf("weight: those of column %q sum to %v over the %s rows: mend the column, or split otherwise (params split and by, or another seed)", c.Name, sum, [...]string{"training", "validation", "test"}[subset])
		}
	}
	return nil
}

// byUser gives each event its subset: of what each user did, the last by time is
// to judge by, or some at random; by a split in time all that is last.
func (b *builder) byUser(kept *table.Table) ([]step.Subset, error) {
	p := b.params
	var times []float64
	if by := kept.Column(p.By); by != nil {
		if by.Kind == table.String || by.Kind == table.Bool {
			return nil, fmt.Errorf("column %q holds %v values: what a user did last goes by a time or a number", by.Name, by.Kind)
		}
		times = by.Numbers()
	}
	users, _ := codes(kept.Column(p.User))
	items, _ := codes(kept.Column(p.Item))
	out := make([]step.Subset, len(users))
	var weights []float64
	if p.Weight != "" {
		w := kept.Column(p.Weight)
		if !w.Kind.Numeric() {
			return nil, fmt.Errorf("the weight %q holds %v values: it says how much was done, in numbers", w.Name, w.Kind)
		}
		weights = w.Numbers()
	}
	left := 0
	names, things := map[int32]bool{}, map[int32]bool{}
	for i := range out {
		if kept.Column(p.User).Missing(i) || kept.Column(p.Item).Missing(i) || weights != nil && !(weights[i] > 0 && weights[i] < math.Inf(1)) {
			users[i], out[i] = -1, step.Excluded
			left++
			continue
		}
		names[users[i]], things[items[i]] = true, true
	}
	if left == len(out) {
		return nil, fmt.Errorf("no row has a user, an item and a weight above 0: there is nothing to learn")
	}
	if len(names) < 2 || len(things) < 2 {
		return nil, fmt.Errorf("recommendations are learnt from several users and several items: in the columns %q and %q there are %d and %d", p.User, p.Item, len(names), len(things))
	}
	if left > 0 {
		b.call.Note("left out %d of %d rows: without a user, an item or a weight above 0 a row does not say what was done", left, len(out))
	}
	f := split.Fractions{Test: p.Test, Validation: p.Validation}
	var parts []split.Part
	var notes []string
	var err error
	switch p.Split {
	case "auto":
		parts, err = split.ByUser(users, items, times, f, b.call.Seed)
	case "random":
		parts, err = split.ByUser(users, items, nil, f, b.call.Seed)
	case "time":
		parts, notes, err = split.ByTime(times, f)
	default:
		err = fmt.Errorf("split: %s is none of a recommendation: want auto, random or time", p.Split)
	}
	if err != nil {
		return nil, err
	}
	for _, note := range notes {
		b.call.Note("%s", note)
	}
	for i, part := range parts {
		if out[i] != step.Excluded {
			out[i] = step.Subset(part)
		}
	}
	b.call.Note("task: recommendation of %q to %q: %d users, %d items", p.Item, p.User, len(names), len(things))
	return out, nil
}
