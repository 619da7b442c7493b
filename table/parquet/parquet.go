// Package parquet reads and writes tables as Apache Parquet files, which is how
// tables rest in the store: pandas, DuckDB and Spark read them as they are.
//
// Written are DOUBLE, INT64, BOOLEAN, UTF-8 BYTE_ARRAY by dictionary, and
// TIMESTAMP(MICROS, UTC), every column optional. The same table gives the same
// bytes: a file holds no time of writing and no machine's name.
//
// Read are flat files of any writer. What has no kind of its own here becomes
// the nearest one:
//
//	integers of any width or sign       int64
//	FLOAT, FLOAT16, DECIMAL             float64
//	DATE, TIMESTAMP of any unit, INT96  time (nanoseconds are cut to microseconds)
//	TIME                                string, 15:04:05.999999
//	STRING, ENUM, JSON, UUID            string; bare BYTE_ARRAY too when it is UTF-8
//	a column without a type (all null)  float64, all missing
//
// A nested or repeated column, an INTERVAL, binary data, and a number that does
// not fit are errors that name the column.
//
// Format: https://parquet.apache.org/docs/file-format/
package parquet

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"github.com/runnel-dev/runnel/table"
)

// A Compression is the codec of the pages that are written.
type Compression uint8

// The codecs. Snappy is the fastest to write and read and is the default; Zstd
// gives smaller files.
const (
	Snappy Compression = iota
	Zstd
	Uncompressed
)

// Defaults of Options.
const (
	DefaultRowsPerGroup = 1 << 17
	DefaultMaxBytes     = 4 << 30
	DefaultMaxColumns   = 65535
)

// Options say how files are written and read. A nil *Options is the defaults.
type Options struct {
	Compression  Compression
	RowsPerGroup int      // rows of a row group that is written; 0: DefaultRowsPerGroup
	Columns      []string // the columns to read, in this order; nil: all
	MaxBytes     int64    // the most memory that the values read may take; 0: DefaultMaxBytes
	MaxColumns   int      // the most columns that a file may have; 0: DefaultMaxColumns
	Threads      int      // columns encoded or decoded at once; 0: GOMAXPROCS
}

func (o *Options) filled() Options {
	var f Options
	if o != nil {
		f = *o
	}
	if f.RowsPerGroup <= 0 {
		f.RowsPerGroup = DefaultRowsPerGroup
	}
	if f.MaxBytes <= 0 {
		f.MaxBytes = DefaultMaxBytes
	}
	if f.MaxColumns <= 0 {
		f.MaxColumns = DefaultMaxColumns
	}
	if f.Threads <= 0 {
		f.Threads = runtime.GOMAXPROCS(0)
	}
	return f
}

// Write writes t as a Parquet file.
func Write(w io.Writer, t *table.Table, opts *Options) error {
	pw, err := NewWriter(w, t.Schema(), opts)
	if err != nil {
		return err
	}
	if err := pw.Write(t); err != nil {
		return err
	}
	return pw.Close()
}

// Read reads the whole of a Parquet file of size bytes. r is read from several
// goroutines at once.
func Read(r io.ReaderAt, size int64, opts *Options) (*table.Table, error) {
	f, err := Open(r, size, opts)
	if err != nil {
		return nil, err
	}
	return f.Read(context.Background())
}

// caught turns a panic of the Parquet library, which hostile files can cause,
// into an error. It is deferred.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the Parquet file is corrupt: %v", p)
	}
}
