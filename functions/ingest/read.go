package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/schema"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
)

// read reads one file into parts.
func (b *builder) read(ctx context.Context, f file) error {
	blob, err := b.call.Open(ctx, f.content)
	if err != nil {
		return err
	}
	defer blob.Close()
	format := b.params.Format
	if format == "auto" {
		if format, err = sniff(blob); err != nil {
			return step.Retryable(fmt.Errorf("%s: %w", f.name, err))
		}
	}
	switch format {
	case "parquet":
		t, err := b.call.Table(ctx, f.content)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		return b.add(ctx, f.name, t)
	}
	return b.readCSV(ctx, f, blob)
}

// sniff tells the format of a file by its first bytes: Parquet has a magic
// number, JSON starts with a brace or a bracket, all else is taken for CSV,
// whose reader names what it is not.
func sniff(blob step.Blob) (string, error) {
	head := make([]byte, 512)
	n, err := blob.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head[:n], []byte("\ufeff")), " \t\r\n")
	switch {
	case bytes.HasPrefix(head, []byte("PAR1")):
		return "parquet", nil
	case bytes.HasPrefix(head, []byte("{")), bytes.HasPrefix(head, []byte("[{")), bytes.HasPrefix(head, []byte("[\n")):
		return "jsonl", nil
	}
	return "csv", nil
}

func (b *builder) readCSV(ctx context.Context, f file, blob step.Blob) error {
	o := &csv.Options{MaxBytes: b.params.MaxBytes}
	switch b.params.Delimiter {
	case "":
	case `\t`:
		o.Delimiter = '\t'
	default:
		o.Delimiter = b.params.Delimiter[0]
	}
	o.Header = map[string]csv.Header{"yes": csv.HeaderYes, "no": csv.HeaderNo}[b.params.Header]
	o.DateOrder = map[string]csv.DateOrder{"month_first": csv.MonthFirst, "day_first": csv.DayFirst}[b.params.DateOrder]
	if b.params.OnBadRow == "skip" {
		o.OnBadRow = csv.Skip
	}
	src := csv.ReaderAt(f.name, blob, blob.Size())
	if blob.Size() <= b.params.PartBytes/expansion(blob) {
		t, report, err := csv.Read(ctx, src, o)
		if err != nil {
			return inputError(ctx, err)
		}
		b.reportCSV(f, report)
		return b.add(ctx, f.name, t)
	}
	plan, err := csv.Scan(ctx, src, o)
	if err != nil {
		return inputError(ctx, err)
	}
	b.reportCSV(f, &plan.Report)
	rows := partRows(plan.Report.Rows, plan.Report.Bytes, b.params.PartBytes)
	err = plan.Parts(ctx, rows, func(t *table.Table) error { return b.add(ctx, f.name, t) })
	return inputError(ctx, err)
}

// expansion is about how much larger a compressed file is once decompressed.
func expansion(blob step.Blob) int64 {
	var magic [4]byte
	if _, err := blob.ReadAt(magic[:], 0); err != nil {
		return 1
	}
	if magic[0] == 0x1f && magic[1] == 0x8b || magic == [4]byte{0x28, 0xb5, 0x2f, 0xfd} {
		return 5
	}
	return 1
}

// partRows is how many rows make a quarter of the bound.
func partRows(rows, size, bound int64) int {
	if rows == 0 || size == 0 {
		return 1
	}
	return int(max(1, bound/4*rows/size))
}

func (b *builder) reportCSV(f file, r *csv.Report) {
	b.skipped += r.Skipped
	if r.Skipped > 0 {
		first := r.Bad[0]
		b.call.Note("%s: %d rows left out that could not be read; the first at line %d, column %d: %s", f.name, r.Skipped, first.Line, first.Column, first.Problem)
	}
	for _, n := range r.Notes {
		b.note(n.Column, n.Text, n.Count)
	}
}

func (b *builder) note(column, text string, count int64) {
	switch {
	case column == "":
		b.call.Note("%s", text)
	case count > 0:
		b.call.Note("column %q: %s (%d values)", column, text, count)
	default:
		b.call.Note("column %q: %s", column, text)
	}
}

// inputError marks what is the file's fault as permanent. What came from the
// store, or from the end of ctx, keeps its class.
func inputError(ctx context.Context, err error) error {
	var classed *step.Error
	if err == nil || errors.As(err, &classed) || ctx.Err() != nil {
		return err
	}
	return step.Permanent(err)
}

// like fills in what a dataset is called and for.
func (b *builder) like() events.Dataset {
	return events.Dataset{Name: b.name, Target: b.params.Target, Task: string(b.task), Classes: b.classes}
}

// Read reads an uploaded table as the step does, with its default params: for
// other steps that take one.
func Read(ctx context.Context, call *step.Call, o events.Object) (*table.Table, error) {
	p, err := schema.Decode[Params](schema.Of[Params](), nil)
	if err != nil {
		return nil, err
	}
	b := &builder{call: call, params: p, tables: true}
	if err := b.read(ctx, file{o.Key, o.Content}); err != nil {
		return nil, err
	}
	return table.Concat(b.kept...)
}
