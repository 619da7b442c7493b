package parquet

import (
	"fmt"
	"io"
	"sync"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/runnel-dev/runnel/table"
)

const magic = "PAR1"

// A Writer writes a table that arrives in parts. It is not safe for concurrent
// use. A Writer that gave an error is of no further use.
//
// The library's own writer takes values one by one, each boxed; here pages are
// made of whole columns.
type Writer struct {
	schema  table.Schema
	opts    Options
	w       io.Writer
	at      int64 // bytes written
	pending int   // rows of the open row group
	chunks  []chunk
	meta    format.FileMetaData
}

// NewWriter starts a file of the given columns. Nothing is valid before Close.
func NewWriter(w io.Writer, schema table.Schema, opts *Options) (*Writer, error) {
	if len(schema) == 0 {
		return nil, fmt.Errorf("write Parquet: the table has no columns")
	}
	o := opts.filled()
	if len(schema) > min(o.MaxColumns, pq.MaxColumnIndex) {
		return nil, fmt.Errorf("write Parquet: %d columns, the limit is %d", len(schema), min(o.MaxColumns, pq.MaxColumnIndex))
	}
	pw := &Writer{schema: schema, opts: o, w: w, chunks: make([]chunk, len(schema))}
	pw.meta = format.FileMetaData{Version: 2, CreatedBy: "runnel", Schema: elementsOf(schema)}
	for range schema {
		pw.meta.ColumnOrders = append(pw.meta.ColumnOrders, format.ColumnOrder{Value: &format.TypeDefinedOrder{}})
	}
	return pw, pw.put([]byte(magic))
}

// Write adds the rows of t, whose schema is the writer's.
func (w *Writer) Write(t *table.Table) error {
	if len(t.Columns) != len(w.schema) {
		return fmt.Errorf("write Parquet: %d columns, want the %d that the file began with", len(t.Columns), len(w.schema))
	}
	for j, f := range w.schema {
		if c := t.Columns[j]; c.Name != f.Name || c.Kind != f.Kind {
			return fmt.Errorf("write Parquet: column %d is %q of type %v, want %q of type %v as the file began", j, c.Name, c.Kind, f.Name, f.Kind)
		}
	}
	for from, rows := 0, t.Rows(); from < rows; {
		to := min(rows, from+w.opts.RowsPerGroup-w.pending)
		err := each(w.opts.Threads, len(w.chunks), func(j, _ int) error {
			if err := w.chunks[j].add(t.Columns[j], from, to, w.opts.Compression); err != nil {
				return fmt.Errorf("write Parquet: column %q: %w", t.Columns[j].Name, err)
			}
			return nil
		})
		if err != nil {
			return err
		}
		w.pending += to - from
		from = to
		if w.pending == w.opts.RowsPerGroup {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close writes the file's footer.
func (w *Writer) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	footer, err := thrift.Marshal(&thrift.CompactProtocol{}, &w.meta)
	if err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	n := uint32(len(footer))
	footer = append(footer, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	return w.put(append(footer, magic...))
}

// flush writes the open row group.
func (w *Writer) flush() error {
	if w.pending == 0 {
		return nil
	}
	group := format.RowGroup{NumRows: int64(w.pending), FileOffset: w.at, Ordinal: int16(len(w.meta.RowGroups))}
	for j := range w.chunks {
		c := &w.chunks[j]
		dictionary, err := c.dictionaryPage(w.opts.Compression)
		if err != nil {
			return fmt.Errorf("write Parquet: column %q: %w", w.schema[j].Name, err)
		}
		meta := c.metadata(w.schema[j], w.opts.Compression)
		if len(dictionary) > 0 {
			meta.DictionaryPageOffset = w.at
		}
		meta.DataPageOffset = w.at + int64(len(dictionary))
		meta.TotalCompressedSize = int64(len(dictionary) + len(c.pages))
		if err := w.put(dictionary); err != nil {
			return err
		}
		if err := w.put(c.pages); err != nil {
			return err
		}
		group.Columns = append(group.Columns, format.ColumnChunk{MetaData: meta})
		group.TotalByteSize += meta.TotalUncompressedSize
		group.TotalCompressedSize += meta.TotalCompressedSize
		c.reset()
	}
	w.meta.RowGroups = append(w.meta.RowGroups, group)
	w.meta.NumRows += int64(w.pending)
	w.pending = 0
	return nil
}

func (w *Writer) put(b []byte) error {
	n, err := w.w.Write(b)
	w.at += int64(n)
	if err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}

// elementsOf describes the columns as a file does: a root, and a leaf each.
func elementsOf(schema table.Schema) []format.SchemaElement {
	out := []format.SchemaElement{{Name: "schema", NumChildren: thrift.New(int32(len(schema)))}}
	for _, f := range schema {
		e := format.SchemaElement{Name: f.Name, Type: thrift.New(typeOf(f.Kind)), RepetitionType: thrift.New(format.Optional)}
		switch f.Kind {
		case table.String:
			e.LogicalType.Value = &format.StringType{}
			e.ConvertedType = thrift.New(deprecated.UTF8)
		case table.Time:
			e.LogicalType.Value = &format.TimestampType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.MicroSeconds{}}}
			e.ConvertedType = thrift.New(deprecated.TimestampMicros)
		}
		out = append(out, e)
	}
	return out
}

func typeOf(k table.Kind) format.Type {
	switch k {
	case table.Float64:
		return format.Double
	case table.Bool:
		return format.Boolean
	case table.String:
		return format.ByteArray
	default:
		return format.Int64
	}
}

// each calls do for 0 to n-1 from at most threads goroutines, telling it which,
// and returns the error of the smallest index.
func each(threads, n int, do func(i, thread int) error) error {
	errs := make([]error, n)
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	var wg sync.WaitGroup
	for thread := range min(threads, n) {
		wg.Go(func() {
			for i := range next {
				errs[i] = guarded(do, i, thread)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func guarded(do func(i, thread int) error, i, thread int) (err error) {
	defer caught(&err)
	return do(i, thread)
}
