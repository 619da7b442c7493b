package parquet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	pq "github.com/parquet-go/parquet-go"

	"github.com/runnel-dev/runnel/table"
)

// A File is an open Parquet file, whose row groups can be read one by one. It
// is safe for concurrent use.
type File struct {
	opts    Options
	file    *pq.File
	columns []source
}

// A source is a column of the file, and how its values become a table's.
type source struct {
	field table.Field
	index int // among the file's columns
	decoder
}

// Open reads the footer of a Parquet file of size bytes.
func Open(r io.ReaderAt, size int64, opts *Options) (_ *File, err error) {
	defer caught(&err)
	o := opts.filled()
	if err := checkFooter(r, size); err != nil {
		return nil, err
	}
	file, err := pq.OpenFile(r, size, pq.SkipPageIndex(true), pq.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("open Parquet: %w", err)
	}
	f := &File{opts: o, file: file}
	fields := file.Root().Columns()
	if len(fields) > o.MaxColumns {
		return nil, fmt.Errorf("open Parquet: %d columns, the limit is %d", len(fields), o.MaxColumns)
	}
	byName := make(map[string]int, len(fields))
	for i, field := range fields {
		if _, twice := byName[field.Name()]; twice {
			return nil, fmt.Errorf("open Parquet: column %q appears twice", field.Name())
		}
		byName[field.Name()] = i
	}
	wanted := o.Columns
	if wanted == nil {
		for _, field := range fields {
			wanted = append(wanted, field.Name())
		}
	}
	// Selecting from a file with nested columns works where those are left out.
	for _, name := range wanted {
		i, ok := byName[name]
		if !ok {
			return nil, fmt.Errorf("open Parquet: no column %q", name)
		}
		if !fields[i].Leaf() || fields[i].Repeated() {
			return nil, fmt.Errorf("open Parquet: column %q is nested: only flat columns can be read; flatten it first or leave it out", name)
		}
		element := elementOf(file.Metadata().Schema, i)
		decoder, err := decoderOf(element)
		if err != nil {
			return nil, fmt.Errorf("open Parquet: column %q %w", name, err)
		}
		f.columns = append(f.columns, source{table.Field{Name: name, Kind: decoder.kind}, fields[i].Index(), decoder})
	}
	return f, nil
}

// Schema describes the columns that are read.
func (f *File) Schema() table.Schema {
	s := make(table.Schema, len(f.columns))
	for i, c := range f.columns {
		s[i] = c.field
	}
	return s
}

// Rows is the number of rows in the file.
func (f *File) Rows() int { return int(f.file.NumRows()) }

// Groups is the number of row groups.
func (f *File) Groups() int { return len(f.file.RowGroups()) }

// Read reads all rows.
func (f *File) Read(ctx context.Context) (*table.Table, error) {
	return f.read(ctx, f.file.RowGroups())
}

// ReadGroup reads the rows of row group i.
func (f *File) ReadGroup(ctx context.Context, i int) (*table.Table, error) {
	if i < 0 || i >= f.Groups() {
		return nil, fmt.Errorf("read Parquet: no row group %d: the file has %d", i, f.Groups())
	}
	return f.read(ctx, f.file.RowGroups()[i:i+1])
}

func (f *File) read(ctx context.Context, groups []pq.RowGroup) (*table.Table, error) {
	budget := &budget{limit: f.opts.MaxBytes}
	columns := make([]*table.Column, len(f.columns))
	scratches := make([]scratch, f.opts.Threads)
	err := each(f.opts.Threads, len(columns), func(j, thread int) error {
		c, err := readColumn(ctx, &f.columns[j], groups, f.file, budget, &scratches[thread])
		if err != nil {
			return fmt.Errorf("read Parquet: column %q: %w", f.columns[j].field.Name, err)
		}
		columns[j] = c
		return nil
	})
	if err != nil {
		return nil, err
	}
	return table.New(columns...)
}

func readColumn(ctx context.Context, src *source, groups []pq.RowGroup, file *pq.File, budget *budget, s *scratch) (*table.Column, error) {
	b := &builder{decoder: src.decoder, column: table.Column{Name: src.field.Name, Kind: src.field.Kind}, budget: budget}
	var rows int64
	for _, g := range groups {
		rows += g.NumRows()
	}
	// The footer's word on the rows is taken as far as the file's size makes it likely.
	b.grow(int(min(rows, file.Size())))
	for i, g := range groups {
		chunk := g.ColumnChunks()[src.index].(*pq.FileColumnChunk)
		before := b.column.Len()
		if err := b.readChunk(ctx, file, chunk, s); err != nil {
			return nil, fmt.Errorf("row group %d: %w", i, err)
		}
		if got := int64(b.column.Len() - before); got != g.NumRows() {
			return nil, fmt.Errorf("row group %d: %d values, want %d: the file is corrupt", i, got, g.NumRows())
		}
	}
	return b.done(), nil
}

func (b *builder) readChunk(ctx context.Context, file *pq.File, chunk *pq.FileColumnChunk, s *scratch) error {
	pages, err := newPageReader(file, chunk, &b.decoder, b.budget, s)
	if err != nil {
		return err
	}
	defer pages.unpack.close()
	b.numbers, b.codes = nil, nil
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		page, err := pages.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := b.add(page, pages); err != nil {
			return err
		}
	}
}

// A budget counts the bytes that the columns of a table take.
type budget struct {
	limit int64
	used  atomic.Int64
}

func (b *budget) take(n int64) error {
	if b.used.Add(n) > b.limit {
		return fmt.Errorf("the table takes more than %d bytes: read it by row group, or raise MaxBytes", b.limit)
	}
	return nil
}
