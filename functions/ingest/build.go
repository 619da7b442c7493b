package ingest

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/ingest/reading"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/split"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/stats"
)

// A builder puts the parts of files together to one dataset. In memory it holds
// one part, the statistics, and of the columns that the split depends on every value.
type builder struct {
	call    *step.Call
	files   *reading.Reader
	params  Params
	name    string
	keep    []string
	kept    []*table.Table
	m       step.Manifest
	stats   *stats.Table
	task    learn.Task
	classes []string
}

// add stores a part.
func (b *builder) add(ctx context.Context, file string, t *table.Table) error {
	if b.m.Schema == nil {
		b.m.Schema = t.Schema()
		b.stats = stats.New(b.m.Schema, nil)
		for _, name := range b.keep {
			if t.Column(name) == nil {
				return step.Permanent(fmt.Errorf("%s: no column %q%s (the columns are %s)", file, name, nearest.Hint(name, t.Names()), nearest.Some(t.Names())))
			}
		}
	} else if err := sameSchema(b.m.Schema, t.Schema()); err != nil {
		return step.Permanent(fmt.Errorf("%s does not fit the files before it: %w", file, err))
	}
	if t.Rows() == 0 && len(b.m.Parts) > 0 {
		return nil
	}
	if err := b.stats.Update(t); err != nil {
		return step.Permanent(err)
	}
	if len(b.keep) > 0 {
		columns, err := t.Select(b.keep...)
		if err != nil {
			return step.Permanent(err)
		}
		b.kept = append(b.kept, columns)
	}
	ref, err := b.call.PutTable(ctx, fmt.Sprintf("part-%04d.parquet", len(b.m.Parts)), t)
	if err != nil {
		return err
	}
	b.m.Parts = append(b.m.Parts, step.Part{Table: ref, Rows: int64(t.Rows())})
	b.m.Rows += int64(t.Rows())
	b.call.Rows(b.m.Rows)
	b.call.Progress(b.m.Rows, 0, "rows")
	return nil
}

// finish decides the task, splits the rows, and says that the dataset is there.
func (b *builder) finish(ctx context.Context) error {
	if b.m.Rows == 0 {
		return step.Permanent(fmt.Errorf("dataset %s has no rows: the file has a header (%s) and nothing below it", b.name, nearest.Some(b.m.Schema.Names())))
	}
	kept, err := table.Concat(b.kept...)
	if err != nil {
		return step.Permanent(err)
	}
	if b.params.Target != "" {
		if err := b.decide(kept.Column(b.params.Target)); err != nil {
			return step.Permanent(err)
		}
	} else if task := learn.Task(b.params.Task); !task.Supervised() {
		b.task = task
		if label := kept.Column(b.params.Label); label != nil && label.Kind != table.Bool && !label.Kind.Numeric() {
			return step.Permanent(fmt.Errorf("the label %q holds %v values: want true and false, or 1 and 0", label.Name, label.Kind))
		}
	}
	parts, err := b.split(kept)
	if err == nil && b.params.Weight != "" && b.task != "" && b.task != learn.Recommendation {
		err = checkWeights(kept.Column(b.params.Weight), kept.Column(b.params.Target), parts)
	}
	if err != nil {
		return step.Permanent(fmt.Errorf("splitting dataset %s: %w", b.name, err))
	}
	if b.m.Statistics, err = b.call.PutJSON(ctx, "statistics", events.MediaJSON, b.stats); err != nil {
		return err
	}
	b.m.DateOrder = b.files.Dates.Texts()
	ds, err := b.call.PutManifest(ctx, "dataset", &b.m, parts, b.like())
	if err != nil {
		return err
	}
	return b.call.Emit(events.DatasetIngestedData{Dataset: ds, Skipped: b.files.Skipped, Notes: b.call.Notes()})
}

// like fills in what a dataset is called and for.
func (b *builder) like() events.Dataset {
	return events.Dataset{Name: b.name, Target: b.params.Target, Task: string(b.task), Classes: b.classes, Roles: b.params.roles()}
}

// decide finds the task and the classes of the target.
func (b *builder) decide(target *table.Column) error {
	present := target.Len() - target.Nulls()
	if present == 0 {
		return fmt.Errorf("the target %q has no value in any of the %d rows: there is nothing to learn", target.Name, target.Len())
	}
	why := "as asked for"
	if b.params.Task == "auto" {
		b.task, why = preprocess.DecideTask(target)
	} else {
		b.task = learn.Task(b.params.Task)
	}
	if b.task == learn.Regression && !target.Kind.Numeric() {
		return fmt.Errorf("the target %q holds %v values: regression predicts numbers (task: classification predicts classes)", target.Name, target.Kind)
	}
	if present == 1 {
		return fmt.Errorf("the target %q has a value in one row only: that is too little to learn from", target.Name)
	}
	if value, ok := constant(target); ok {
		return fmt.Errorf("the target %q has the same value in every row (%s): there is nothing to learn", target.Name, value)
	}
	if b.task == learn.Classification {
		if b.classes = preprocess.Classes(target); len(b.classes) > maxClasses {
			return fmt.Errorf("the target %q has %d classes, at most %d are learnt: is it a number (task: regression), text or an identifier?", target.Name, len(b.classes), maxClasses)
		}
		if n := len(strings.Join(b.classes, "")); n > maxClassBytes {
			return fmt.Errorf("the %d classes of the target %q have names of %d bytes together, at most %d are learnt: is it text?", len(b.classes), target.Name, n, maxClassBytes)
		}
	}
	b.call.Note("task: %s of %q (%s)", b.task, target.Name, why)
	return nil
}

// maxClasses and maxClassBytes bound the classes of a target, which events and
// models list.
const (
	maxClasses    = 1000
	maxClassBytes = 64 << 10
)

// constant tells whether the values of a column, missing ones aside, are all
// equal, and to what. One of them is there.
func constant(c *table.Column) (value string, all bool) {
	first := -1
	for i := range c.Len() {
		switch {
		case c.Missing(i):
		case first < 0:
			first = i
		case c.Kind == table.Float64 && c.Floats[i] != c.Floats[first],
			c.Kind == table.Bool && c.Bools[i] != c.Bools[first],
			c.Kind == table.String && c.Codes[i] != c.Codes[first] && c.Dict[c.Codes[i]] != c.Dict[c.Codes[first]],
			(c.Kind == table.Int64 || c.Kind == table.Time) && c.Ints[i] != c.Ints[first]:
			return "", false
		}
	}
	return c.Text(first), true
}

// split gives each row its subset. Without a target nothing is learnt, or nothing
// that a row could give away, and all rows are alike unless it was asked for.
func (b *builder) split(kept *table.Table) ([]step.Subset, error) {
	if b.task == learn.Recommendation {
		return b.byUser(kept)
	}
	if b.params.Target == "" && (b.task == "" || b.params.Split == "auto") {
		return nil, nil
	}
	f := split.Fractions{Test: b.params.Test, Validation: b.params.Validation}
	n := int(b.m.Rows)
	seed := b.call.Seed
	target := kept.Column(b.params.Target)
	var parts []split.Part
	var notes []string
	var err error
	switch by := kept.Column(b.params.By); {
	case b.params.Split == "time":
		if by.Kind == table.String || by.Kind == table.Bool {
			return nil, fmt.Errorf("column %q holds %v values: a split by time goes by a time or a number", by.Name, by.Kind)
		}
		parts, notes, err = split.ByTime(by.Numbers(), f)
	case b.params.Split == "group":
		groups, _ := codes(by)
		parts, notes, err = split.ByGroup(groups, f, seed)
	case b.params.Split == "stratified" && b.task != learn.Classification:
		return nil, fmt.Errorf("split: stratified keeps the shares of classes, but %q is a number: want random, time or group", b.params.Target)
	case b.task == learn.Classification && b.params.Split != "random":
		labels, classes := codes(target)
		parts, notes, err = split.Stratified(labels, classes, f, seed)
	default:
		parts, err = split.Random(n, f, seed)
	}
	if err != nil {
		return nil, err
	}
	for _, note := range notes {
		b.call.Note("%s", note)
	}
	out := make([]step.Subset, n)
	for i, p := range parts {
		out[i] = step.Subset(p)
	}
	return out, nil
}

// codes numbers the values of a column in order of first appearance, the
// missing ones as a value of their own.
func codes(c *table.Column) (codes []int32, values []string) {
	index, met := map[string]int32{}, map[uint64]int32{}
	codes = make([]int32, c.Len())
	for i := range codes {
		bits, missing := bitsOf(c, i), c.Missing(i)
		code, ok := met[bits]
		if !ok || missing {
			key := "missing"
			if !missing {
				key = "=" + c.Text(i)
			}
			if code, ok = index[key]; !ok {
				code = int32(len(values))
				index[key] = code
				values = append(values, key)
			}
			if !missing {
				met[bits] = code
			}
		}
		codes[i] = code
	}
	for i, v := range values {
		if v != "missing" {
			values[i] = v[1:]
		}
	}
	return codes, values
}

// bitsOf is a number that equal values of the column share.
func bitsOf(c *table.Column, i int) uint64 {
	switch c.Kind {
	case table.Float64:
		return math.Float64bits(c.Floats[i])
	case table.Bool:
		if c.Bools[i] {
			return 1
		}
		return 0
	case table.String:
		return uint64(c.Codes[i])
	}
	return uint64(c.Ints[i])
}
