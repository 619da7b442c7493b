package clean

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/sieve"
)

// parts is a dataset that is read part by part, as often as it takes.
type parts struct {
	Params
	call    *step.Call
	dataset events.Dataset
	*step.Manifest
	split []step.Subset // as it came in; nil where there is none
	out   []step.Subset // with the rows that are left out
	left  int           // how many those are
}

// inParts cleans a table of which one part at a time is in memory.
func (p Params) inParts(ctx context.Context, call *step.Call, ds events.Dataset, m *step.Manifest, specs []preprocess.Spec) (*cleaned, error) {
	split, err := call.Split(ctx, m)
	if err != nil {
		return nil, fmt.Errorf("dataset %s: %w", ds.Name, err)
	}
	d := &parts{Params: p, call: call, dataset: ds, Manifest: m, split: split, out: slices.Clone(split)}
	if d.out == nil {
		d.out = make([]step.Subset, m.Rows)
	}
	if err := d.exclude(ctx); err != nil {
		return nil, err
	}
	sample, err := d.sample(ctx)
	if err != nil {
		return nil, err
	}
	features := sample.Without(ds.Aside()...)
	far, err := p.rule(ctx, call, features)
	if err != nil {
		return nil, err
	}
	if far != nil {
		sample = sample.Take(far.Inliers(features))
	}
	graph, err := fit(ctx, call, ds, sample, specs)
	if err != nil {
		return nil, err
	}
	return d.write(ctx, graph, far)
}

// each reads the parts in order, with the number of each one's first row.
func (d *parts) each(ctx context.Context, part func(t *table.Table, offset int) error) error {
	offset := 0
	err := d.call.Parts(ctx, d.Manifest, func(t *table.Table) error {
		if offset+t.Rows() > len(d.out) {
			return step.Permanent(fmt.Errorf("more rows than the manifest's %d", d.Rows))
		}
		if err := part(t, offset); err != nil {
			return err
		}
		offset += t.Rows()
		d.call.Progress(int64(offset), d.Rows, "rows")
		return ctx.Err()
	})
	if err != nil {
		return fmt.Errorf("dataset %s: %w", d.dataset.Name, err)
	}
	return nil
}

// exclude leaves out what a row's own values, and those equal to it, decide.
func (d *parts) exclude(ctx context.Context) error {
	drop := d.drops(d.dataset)
	if !drop && d.dataset.Target == "" && d.Missing != "drop_rows" {
		return nil
	}
	equal := &twins{}
	if drop {
		equal.sieve = sieve.New(int(d.Rows))
	}
	absent, incomplete := table.NewBitmap(len(d.out)), table.NewBitmap(len(d.out))
	err := d.each(ctx, func(t *table.Table, offset int) error {
		if drop {
			for i, s := range preprocess.RowSums(t) {
				if d.out[offset+i] != step.Excluded {
					equal.note(s)
				}
			}
		}
		if d.dataset.Target != "" {
			_, rows, err := preprocess.Target(t, d.dataset.Target, learn.Task(d.dataset.Task), d.dataset.Classes)
			if err != nil {
				return step.Permanent(err)
			}
			mark(absent, rows, offset)
		}
		if d.Missing == "drop_rows" {
			train := step.RowsOf(d.out[offset:], step.Train, t.Rows())
			kept, err := preprocess.Complete(t.Take(train))
			if err != nil {
				return step.Permanent(err)
			}
			mark(incomplete, others(train, kept), offset)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if drop {
		d.call.Note("read part by part: rows are equal where 128 bits of their SHA-256 are")
		if equal.sort() {
			if err := d.dedupe(ctx, equal); err != nil {
				return err
			}
		}
	}
	d.leave(whyNoTarget, absent)
	d.leave(whyMissing, incomplete)
	return nil
}

// mark sets the rows of a part by their numbers in the table.
func mark(all table.Bitmap, rows []int, offset int) {
	for _, r := range rows {
		all.Set(offset + r)
	}
}

// leave leaves out those of the rows that are not left out yet.
func (d *parts) leave(why string, rows table.Bitmap) {
	n := 0
	for r := range d.out {
		if rows.Get(r) && d.out[r] != step.Excluded {
			d.out[r] = step.Excluded
			n++
		}
	}
	d.count(why, n)
}

func (d *parts) count(why string, rows int) {
	noteLeft(d.call, why, rows)
	d.left += rows
}

// dedupe leaves out the rows that equal one before them, rows to learn from
// counted as before the others.
func (d *parts) dedupe(ctx context.Context, equal *twins) error {
	subset := func(row int64) step.Subset {
		if d.split == nil {
			return step.Train
		}
		return d.split[row]
	}
	// Rows come in order: only another subset makes one the earlier.
	before := func(a, b int64) bool { return subset(a) < subset(b) }
	n := 0
	err := d.each(ctx, func(t *table.Table, offset int) error {
		for i, s := range preprocess.RowSums(t) {
			row := int64(offset + i)
			if subset(row) == step.Excluded {
				continue
			}
			if left, ok := equal.meet(s, row, before); ok {
				d.out[left] = step.Excluded
				n++
			}
		}
		return nil
	})
	d.count(whyEqual, n)
	return err
}

// sample draws the rows to fit on from those to learn from, without replacement
// (Knuth's algorithm S). Which ones does not depend on how the parts are cut.
func (d *parts) sample(ctx context.Context) (*table.Table, error) {
	rest := 0
	for _, s := range d.out {
		if s == step.Train {
			rest++
		}
	}
	all, want := rest, min(rest, max(1, d.Sample/len(d.Schema)))
	if want < all {
		d.call.Note("fitted on %s of %d to learn from, drawn with the run's seed: the table has more cells than whole (%d) allows in memory", rowCount(want), all, d.Whole)
	}
	random := rand.New(rand.NewPCG(d.call.Seed, 0x636c65616e))
	var drawn []*table.Table
	err := d.each(ctx, func(t *table.Table, offset int) error {
		var rows []int
		for i := range t.Rows() {
			if d.out[offset+i] != step.Train {
				continue
			}
			if random.IntN(rest) < want {
				rows = append(rows, i)
				want--
			}
			rest--
		}
		drawn = append(drawn, t.Take(rows).Compact())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return table.Concat(drawn...)
}

// write transforms each part and stores it as one of the cleaned dataset.
func (d *parts) write(ctx context.Context, graph *preprocess.Graph, far rule) (*cleaned, error) {
	m := &step.Manifest{}
	split := make([]step.Subset, 0, len(d.out))
	left := 0
	err := d.each(ctx, func(t *table.Table, offset int) error {
		part := rows{split: d.out[offset : offset+t.Rows()]}
		if far != nil {
			train := step.RowsOf(part.split, step.Train, t.Rows())
			for _, r := range others(train, far.Inliers(t.Without(d.dataset.Target).Take(train))) {
				part.split[r] = step.Excluded
				left++
			}
		}
		kept := part.kept()
		if len(kept) == 0 {
			return nil
		}
		if len(kept) < t.Rows() {
			t = t.Take(kept)
		}
		out, err := transform(graph, d.dataset, t)
		if err != nil {
			return err
		}
		ref, err := d.call.PutTable(ctx, fmt.Sprintf("part-%04d.parquet", len(m.Parts)), out)
		if err != nil {
			return err
		}
		split = append(split, part.take(kept)...)
		m.Schema, m.Rows = out.Schema(), m.Rows+int64(out.Rows())
		m.Parts = append(m.Parts, step.Part{Table: ref, Rows: int64(out.Rows())})
		return nil
	})
	if err != nil {
		return nil, err
	}
	d.count(d.whyOutlier(), left)
	done := &cleaned{raw: d.dataset, graph: graph}
	if d.left == 0 && d.split == nil {
		split = nil
	}
	if d.left > 0 {
		done.raw, err = d.call.PutManifest(ctx, "raw", d.Manifest, d.out, d.dataset)
		if err != nil {
			return nil, fmt.Errorf("the rows of dataset %s that are left out: %w", d.dataset.Name, err)
		}
	}
	done.dataset, err = d.call.PutManifest(ctx, "dataset", m, split, d.dataset)
	return done, err
}
