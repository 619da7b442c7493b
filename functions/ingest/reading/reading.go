// Package reading reads the files that steps are given, of whatever format, as
// tables. It is apart from step ingest so that a step that takes a table does
// not link what makes a dataset of one.
package reading

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
	"github.com/runnel-dev/runnel/table/jsonl"
	"github.com/runnel-dev/runnel/table/unpack"
)

// Options says how files are read, as the params of step ingest do.
type Options struct {
	Format     string // csv, jsonl or parquet; auto looks at the first bytes
	OnBadRow   string // fail or skip
	Delimiter  string // of CSV; found out where empty
	Header     string // of CSV: auto, yes or no
	DateOrder  string // of CSV: auto, month_first or day_first
	NestedText bool   // of JSON: keep objects and lists within a row as text
	PartBytes  int64  // files of more bytes become parts of about an eighth of it
	MaxBytes   int64  // largest file after decompression
}

// Defaults are those of the params of step ingest.
func Defaults() Options {
	return Options{Format: "auto", OnBadRow: "fail", Header: "auto", DateOrder: "auto", PartBytes: 256 << 20, MaxBytes: 64 << 30}
}

// A File is one that was uploaded or fetched.
type File struct {
	Name    string
	Content events.Ref
}

// A Reader reads files. What it decided or could not keep is noted with the call.
type Reader struct {
	call    *step.Call
	options Options
	known   *csv.Options // of the columns; nil for nothing
	add     func(ctx context.Context, file string, t *table.Table) error

	Skipped int64  // rows that could not be read
	Dates   Orders // of the columns of dates
}

// New is a reader that gives each part to add, in order, with its file's name.
func New(call *step.Call, o Options, add func(ctx context.Context, file string, t *table.Table) error) *Reader {
	return &Reader{call: call, options: o, add: add, Dates: Orders{}}
}

// Table reads an uploaded table as step ingest does with its default params.
// known, nil for nothing, says of a CSV file what is known of its columns, such
// as predict.CSV for those of a model.
func Table(ctx context.Context, call *step.Call, o events.Object, known *csv.Options) (*table.Table, error) {
	var parts []*table.Table
	r := New(call, Defaults(), func(_ context.Context, _ string, t *table.Table) error {
		parts = append(parts, t)
		return nil
	})
	r.known = known
	if err := r.Read(ctx, []File{{o.Key, o.Content}}); err != nil {
		return nil, err
	}
	return table.Concat(parts...)
}

// open opens a file and says how it is written.
func (r *Reader) open(ctx context.Context, f File) (step.Blob, string, error) {
	blob, err := r.call.Open(ctx, f.Content)
	if err != nil {
		return nil, "", err
	}
	if r.options.Format != "auto" {
		return blob, r.options.Format, nil
	}
	return blob, sniff(blob), nil
}

// read reads one file into parts. kinds, where there are any, are those that
// its columns get.
func (r *Reader) read(ctx context.Context, f File, kinds *united) error {
	blob, format, err := r.open(ctx, f)
	if err != nil {
		return err
	}
	defer blob.Close()
	add := func(t *table.Table) error { return r.add(ctx, f.Name, t) }
	switch format {
	case "parquet":
		t, err := r.parquet(ctx, f)
		if err != nil {
			return err
		}
		return add(kinds.cast(t))
	case "jsonl":
		return r.readJSON(ctx, f, blob, kinds, add)
	}
	return r.readCSV(ctx, f, blob, kinds, add)
}

func (r *Reader) parquet(ctx context.Context, f File) (*table.Table, error) {
	t, err := r.call.Table(ctx, f.Content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
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

func (r *Reader) csvOptions(kinds *united) *csv.Options {
	o := &csv.Options{Kinds: kinds.texts(), DateOrders: kinds.dateOrders()}
	if r.known != nil {
		*o = *r.known
	}
	o.MaxBytes = r.options.MaxBytes
	switch r.options.Delimiter {
	case "":
	case `\t`:
		o.Delimiter = '\t'
	default:
		o.Delimiter = r.options.Delimiter[0]
	}
	o.Header = map[string]csv.Header{"yes": csv.HeaderYes, "no": csv.HeaderNo}[r.options.Header]
	o.DateOrder = map[string]csv.DateOrder{"month_first": csv.MonthFirst, "day_first": csv.DayFirst}[r.options.DateOrder]
	if r.options.OnBadRow == "skip" {
		o.OnBadRow = csv.Skip
	}
	return o
}

func (r *Reader) readCSV(ctx context.Context, f File, blob step.Blob, kinds *united, add func(*table.Table) error) error {
	src, o := csv.ReaderAt(f.Name, blob, blob.Size()), r.csvOptions(kinds)
	if blob.Size() <= r.options.PartBytes/expansion(blob) {
		t, report, err := csv.Read(ctx, src, o)
		if err != nil {
			return inputError(ctx, err)
		}
		r.reportCSV(f, report)
		return add(kinds.cast(t))
	}
	plan, err := csv.Scan(ctx, src, o)
	if err != nil {
		return inputError(ctx, err)
	}
	r.reportCSV(f, &plan.Report)
	rows := partRows(plan.Report.Rows, plan.Report.Bytes, r.options.PartBytes)
	return inputError(ctx, plan.Parts(ctx, rows, func(t *table.Table) error { return add(kinds.cast(t)) }))
}

func (r *Reader) jsonOptions(kinds *united) *jsonl.Options {
	o := &jsonl.Options{MaxBytes: r.options.MaxBytes, Kinds: kinds.texts(), NestedText: r.options.NestedText}
	if r.options.OnBadRow == "skip" {
		o.OnBadRow = jsonl.Skip
	}
	return o
}

func (r *Reader) readJSON(ctx context.Context, f File, blob step.Blob, kinds *united, add func(*table.Table) error) error {
	plan, err := jsonl.Scan(ctx, jsonl.ReaderAt(f.Name, blob, blob.Size()), r.jsonOptions(kinds))
	if err != nil {
		return inputError(ctx, err)
	}
	rep := &plan.Report
	if r.Skipped += rep.Skipped; rep.Skipped > 0 {
		r.noteSkipped(f, rep.Skipped, rep.Bad[0].Line, rep.Bad[0].Column, rep.Bad[0].Text)
	}
	for _, n := range rep.Notes {
		r.note(csv.Note(n))
	}
	rows := math.MaxInt
	if rep.Bytes > r.options.PartBytes {
		rows = partRows(rep.Rows, rep.Bytes, r.options.PartBytes)
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

func (r *Reader) reportCSV(f File, rep *csv.Report) {
	if r.Skipped += rep.Skipped; rep.Skipped > 0 {
		r.noteSkipped(f, rep.Skipped, rep.Bad[0].Line, rep.Bad[0].Column, rep.Bad[0].Text)
	}
	for _, n := range rep.Notes {
		r.note(n)
	}
	for name, order := range rep.DateOrders {
		r.Dates.add(name, order)
	}
}

func (r *Reader) noteSkipped(f File, rows, line int64, column int, why string) {
	r.call.Note("%s: rows left out that could not be read: %d; the first at line %d, column %d: %s", f.Name, rows, line, column, why)
}

func (r *Reader) note(n csv.Note) { r.call.Note("%s", n) }

// inputError marks what is the file's fault as permanent. What came from the
// store, or from the end of ctx, keeps its class.
func inputError(ctx context.Context, err error) error {
	if _, classed := errors.AsType[*step.Error](err); err == nil || classed || ctx.Err() != nil {
		return err
	}
	return step.Permanent(err)
}
