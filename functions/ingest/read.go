package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/schema"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
	"github.com/runnel-dev/runnel/table/jsonl"
	"github.com/runnel-dev/runnel/table/unpack"
)

// open opens a file and says how it is written.
func (b *builder) open(ctx context.Context, f file) (step.Blob, string, error) {
	blob, err := b.call.Open(ctx, f.content)
	if err != nil {
		return nil, "", err
	}
	if b.params.Format != "auto" {
		return blob, b.params.Format, nil
	}
	return blob, sniff(blob), nil
}

// read reads one file into parts. kinds, where there are any, are those that
// its columns get.
func (b *builder) read(ctx context.Context, f file, kinds *united) error {
	blob, format, err := b.open(ctx, f)
	if err != nil {
		return err
	}
	defer blob.Close()
	add := func(t *table.Table) error { return b.add(ctx, f.name, t) }
	switch format {
	case "parquet":
		t, err := b.parquet(ctx, f)
		if err != nil {
			return err
		}
		return add(kinds.cast(t))
	case "jsonl":
		return b.readJSON(ctx, f, blob, kinds, add)
	}
	return b.readCSV(ctx, f, blob, kinds, add)
}

func (b *builder) parquet(ctx context.Context, f file) (*table.Table, error) {
	t, err := b.call.Table(ctx, f.content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	return t, nil
}

// sniff tells the format of a file by its first bytes: Parquet has a magic
// number, JSON starts with an object or a list of objects, all else is taken
// for CSV, whose reader names what it is not.
func sniff(blob step.Blob) string {
	magic := make([]byte, 4)
	n, _ := blob.ReadAt(magic, 0) // what cannot be read is an error of the reader that comes next
	if bytes.Equal(magic[:n], []byte("PAR1")) {
		return "parquet"
	}
	r, err := unpack.NewReader(step.ReaderOf(blob), unpack.Limits{MaxBytes: 1 << 20, MaxRatio: 1 << 20})
	if err != nil {
		return "csv"
	}
	defer r.Close()
	head := make([]byte, 512)
	n, _ = io.ReadFull(r, head)
	if isJSON(head[:n]) {
		return "jsonl"
	}
	return "csv"
}

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// isJSON reports whether a text begins with an object, or an array of objects,
// or is an empty array.
func isJSON(b []byte) bool {
	space := func() { b = bytes.TrimLeft(b, " \t\n\f\r") }
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	space()
	rest, array := bytes.CutPrefix(b, []byte("["))
	b = rest
	space()
	if array && bytes.HasPrefix(b, []byte("]")) {
		return len(bytes.Trim(b[1:], " \t\n\f\r")) == 0
	}
	if !bytes.HasPrefix(b, []byte("{")) {
		return false
	}
	b = b[1:]
	space()
	return len(b) > 0 && (b[0] == '"' || b[0] == '}')
}

func (b *builder) csvOptions(kinds *united) *csv.Options {
	o := &csv.Options{Kinds: kinds.texts(), DateOrders: kinds.dateOrders()}
	if b.known != nil {
		*o = *b.known
	}
	o.MaxBytes = b.params.MaxBytes
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
	return o
}

func (b *builder) readCSV(ctx context.Context, f file, blob step.Blob, kinds *united, add func(*table.Table) error) error {
	src, o := csv.ReaderAt(f.name, blob, blob.Size()), b.csvOptions(kinds)
	if blob.Size() <= b.params.PartBytes/expansion(blob) {
		t, report, err := csv.Read(ctx, src, o)
		if err != nil {
			return inputError(ctx, err)
		}
		b.reportCSV(f, report)
		return add(kinds.cast(t))
	}
	plan, err := csv.Scan(ctx, src, o)
	if err != nil {
		return inputError(ctx, err)
	}
	b.reportCSV(f, &plan.Report)
	rows := partRows(plan.Report.Rows, plan.Report.Bytes, b.params.PartBytes)
	return inputError(ctx, plan.Parts(ctx, rows, func(t *table.Table) error { return add(kinds.cast(t)) }))
}

func (b *builder) jsonOptions(kinds *united) *jsonl.Options {
	o := &jsonl.Options{MaxBytes: b.params.MaxBytes, Kinds: kinds.texts(), NestedText: b.params.NestedText}
	if b.params.OnBadRow == "skip" {
		o.OnBadRow = jsonl.Skip
	}
	return o
}

func (b *builder) readJSON(ctx context.Context, f file, blob step.Blob, kinds *united, add func(*table.Table) error) error {
	plan, err := jsonl.Scan(ctx, jsonl.ReaderAt(f.name, blob, blob.Size()), b.jsonOptions(kinds))
	if err != nil {
		return inputError(ctx, err)
	}
	r := &plan.Report
	if b.skipped += r.Skipped; r.Skipped > 0 {
		b.noteSkipped(f, r.Skipped, r.Bad[0].Line, r.Bad[0].Column, r.Bad[0].Text)
	}
	for _, n := range r.Notes {
		b.note(csv.Note(n))
	}
	rows := math.MaxInt
	if r.Bytes > b.params.PartBytes {
		rows = partRows(r.Rows, r.Bytes, b.params.PartBytes)
	}
	return inputError(ctx, plan.Parts(ctx, rows, func(t *table.Table) error { return add(kinds.cast(t)) }))
}

// expansion is about how much larger a compressed file is once decompressed.
func expansion(blob step.Blob) int64 {
	magic := make([]byte, 4)
	if _, err := blob.ReadAt(magic, 0); err != nil {
		return 1
	}
	if bytes.HasPrefix(magic, gzipMagic) || bytes.HasPrefix(magic, zstdMagic) {
		return 5
	}
	return 1
}

// partRows is how many rows make an eighth of the bound.
func partRows(rows, size, bound int64) int {
	if rows == 0 || size == 0 {
		return 1
	}
	return int(max(1, bound/8*rows/size))
}

func (b *builder) reportCSV(f file, r *csv.Report) {
	if b.skipped += r.Skipped; r.Skipped > 0 {
		b.noteSkipped(f, r.Skipped, r.Bad[0].Line, r.Bad[0].Column, r.Bad[0].Text)
	}
	for _, n := range r.Notes {
		b.note(n)
	}
	for name, order := range r.DateOrders {
		b.dates.add(name, order)
	}
}

func (b *builder) noteSkipped(f file, rows, line int64, column int, why string) {
	b.call.Note("%s: rows left out that could not be read: %d; the first at line %d, column %d: %s", f.name, rows, line, column, why)
}

func (b *builder) note(n csv.Note) { b.call.Note("%s", n) }

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
// other steps that take one. known, nil for nothing, says of a CSV file what is
// known of its columns, such as predict.CSV for those of a model. What the
// reader decided or could not keep is noted.
func Read(ctx context.Context, call *step.Call, o events.Object, known *csv.Options) (*table.Table, error) {
	p, err := schema.Decode[Params](schema.Of[Params](), nil)
	if err != nil {
		return nil, err
	}
	b := &builder{call: call, params: p, tables: true, known: known, dates: orders{}}
	if err := b.read(ctx, file{o.Key, o.Content}, nil); err != nil {
		return nil, err
	}
	return table.Concat(b.kept...)
}
