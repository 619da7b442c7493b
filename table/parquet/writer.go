package parquet

import (
	"fmt"
	"io"
	"sync"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/runnel-dev/runnel/table"
)

const (
	batchRows     = 4096    // values handed to the library at once
	pageBytes     = 1 << 20 // of a data page, before compression
	dictionaryMax = 1 << 20 // bytes of a dictionary above which the rest of a column is written plain
)

// A Writer writes a table that arrives in parts. It is not safe for concurrent
// use. A Writer that gave an error is of no further use.
type Writer struct {
	schema  table.Schema
	opts    Options
	w       *pq.Writer
	pending int // rows of the open row group
}

// NewWriter starts a file of the given columns. Nothing is valid before Close.
func NewWriter(w io.Writer, schema table.Schema, opts *Options) (_ *Writer, err error) {
	defer caught(&err)
	if len(schema) == 0 {
		return nil, fmt.Errorf("write Parquet: the table has no columns")
	}
	o := opts.filled()
	if len(schema) > min(o.MaxColumns, pq.MaxColumnIndex) {
		return nil, fmt.Errorf("write Parquet: %d columns, the limit is %d", len(schema), min(o.MaxColumns, pq.MaxColumnIndex))
	}
	config := &pq.WriterConfig{
		CreatedBy:          "runnel",
		Schema:             pq.NewSchema("schema", rootOf(schema)),
		Compression:        o.Compression.codec(),
		PageBufferSize:     pageBytes,
		DictionaryMaxBytes: dictionaryMax,
	}
	return &Writer{schema: schema, opts: o, w: pq.NewWriter(w, config)}, nil
}

func (c Compression) codec() compress.Codec {
	switch c {
	case Zstd:
		return &pq.Zstd
	case Uncompressed:
		return &pq.Uncompressed
	default:
		return &pq.Snappy
	}
}

// Write adds the rows of t, whose schema is the writer's.
func (w *Writer) Write(t *table.Table) (err error) {
	defer caught(&err)
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
		if err := w.writeRows(t, from, to); err != nil {
			return err
		}
		w.pending += to - from
		from = to
		if w.pending == w.opts.RowsPerGroup {
			if err := w.w.Flush(); err != nil {
				return fmt.Errorf("write Parquet: %w", err)
			}
			w.pending = 0
		}
	}
	return nil
}

// Close writes the file's footer.
func (w *Writer) Close() (err error) {
	defer caught(&err)
	if err := w.w.Close(); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}

// writeRows encodes rows [from, to) of every column, several columns at once.
func (w *Writer) writeRows(t *table.Table, from, to int) error {
	columns := w.w.ColumnWriters()
	return each(w.opts.Threads, len(columns), func(j, _ int) error {
		if err := writeColumn(columns[j], j, t.Columns[j], from, to); err != nil {
			return fmt.Errorf("write Parquet: column %q: %w", t.Columns[j].Name, err)
		}
		return nil
	})
}

// writeColumn hands over the values in batches. In the library's terms a value
// has definition level 1, a missing one level 0.
func writeColumn(w *pq.ColumnWriter, j int, c *table.Column, from, to int) error {
	var dict []pq.Value
	if c.Kind == table.String {
		dict = make([]pq.Value, len(c.Dict))
		for i, s := range c.Dict {
			dict[i] = pq.ByteArrayValue([]byte(s)).Level(0, 1, j)
		}
	}
	null := pq.NullValue().Level(0, 0, j)
	batch := make([]pq.Value, min(batchRows, to-from))
	for ; from < to; from += len(batch) {
		batch = batch[:min(len(batch), to-from)]
		switch c.Kind {
		case table.Float64:
			for i, v := range c.Floats[from : from+len(batch)] {
				batch[i] = pq.DoubleValue(v).Level(0, 1, j)
			}
		case table.Bool:
			for i, v := range c.Bools[from : from+len(batch)] {
				batch[i] = pq.BooleanValue(v).Level(0, 1, j)
			}
		case table.String:
			for i, code := range c.Codes[from : from+len(batch)] {
				if int(code) < len(dict) {
					batch[i] = dict[code]
				} else {
					batch[i] = null
				}
			}
		default:
			for i, v := range c.Ints[from : from+len(batch)] {
				batch[i] = pq.Int64Value(v).Level(0, 1, j)
			}
		}
		if c.Valid != nil {
			for i := range batch {
				if !c.Valid.Get(from + i) {
					batch[i] = null
				}
			}
		}
		if _, err := w.WriteRowValues(batch); err != nil {
			return err
		}
	}
	return nil
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

// root is a group whose fields stay in order: the library's own Group sorts them.
type root struct {
	pq.Group
	fields []pq.Field
}

func (r root) Fields() []pq.Field { return r.fields }

func rootOf(schema table.Schema) pq.Node {
	r := root{Group: pq.Group{}}
	for _, f := range schema {
		n := pq.Optional(nodeOf(f.Kind))
		r.Group[f.Name] = n
		// A Field can be had from a Group only.
		r.fields = append(r.fields, pq.Group{f.Name: n}.Fields()[0])
	}
	return r
}

func nodeOf(k table.Kind) pq.Node {
	switch k {
	case table.Float64:
		return pq.Leaf(pq.DoubleType)
	case table.Bool:
		return pq.Leaf(pq.BooleanType)
	case table.String:
		return pq.Encoded(pq.String(), &pq.RLEDictionary)
	case table.Time:
		return pq.Timestamp(pq.Microsecond)
	default:
		return pq.Leaf(pq.Int64Type)
	}
}
