// Package stats describes tables in states that merge: the parts of a table that
// is larger than memory, or of one that is spread over workers, are described
// one by one, and the merged description is that of the whole.
//
// What is exact and what is not:
//
//	count, nulls, infinite, min, max   exact
//	mean, variance, skew, kurtosis     exact but for rounding (relative error about 1e-12)
//	of a column with at most Options.Exact distinct values
//	  quantiles, CDF, distinct, top    exact
//	of any other
//	  quantiles, CDF                   rank error at most RankError(K) of the rows, in 99 of 100 cases
//	  distinct                         standard error DistinctError, 1.6 %
//	  top                              counts too low by at most TopError, which is at most rows/512
//
// Definitions are those of pandas: variance with n-1, skew and kurtosis
// corrected for bias, quantiles interpolated linearly. Infinities are counted
// and otherwise left out, so that states are JSON and means are numbers.
//
// The same parts merged in the same order give the same bits, and a state that
// was written as JSON and loaded goes on as if it had not been.
package stats

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/runnel-dev/runnel/table"
)

// Defaults of Options.
const (
	DefaultExact = 4096
	DefaultK     = 1024
)

// Options say how exact a description is. A nil *Options is the defaults. States
// that are merged were made with the same options.
type Options struct {
	Exact   int // distinct values up to which a column is known exactly; 0: DefaultExact
	K       int // size of the quantile sketch beyond that, at least 8; 0: DefaultK
	Threads int // columns described at once; 0: GOMAXPROCS

	// Ranges names columns whose range is known before, for exact histograms.
	Ranges map[string]Range
}

func (o *Options) filled() Options {
	var f Options
	if o != nil {
		f = *o
	}
	if f.Exact <= 0 {
		f.Exact = DefaultExact
	}
	if f.K <= 0 {
		f.K = DefaultK
	}
	f.K = max(f.K, minLevel)
	if f.Threads <= 0 {
		f.Threads = runtime.GOMAXPROCS(0)
	}
	return f
}

// A Table describes the columns of a table.
type Table struct {
	Rows    int64     `json:"rows"`
	Columns []*Column `json:"columns"`

	threads int
}

// New describes a table without rows.
func New(schema table.Schema, opts *Options) *Table {
	o := opts.filled()
	s := &Table{Columns: make([]*Column, len(schema)), threads: o.Threads}
	for i, f := range schema {
		s.Columns[i] = newColumn(f, &o)
	}
	return s
}

// Of describes t.
func Of(t *table.Table, opts *Options) *Table {
	s := New(t.Schema(), opts)
	s.update(t)
	return s
}

// Update adds the rows of t, whose schema is that of the description.
func (s *Table) Update(t *table.Table) error {
	if len(t.Columns) != len(s.Columns) {
		return fmt.Errorf("update statistics: %d columns, want %d", len(t.Columns), len(s.Columns))
	}
	for i, c := range t.Columns {
		if d := s.Columns[i]; c.Name != d.Name || c.Kind != d.Kind {
			return fmt.Errorf("update statistics: column %d is %q of type %v, want %q of type %v", i, c.Name, c.Kind, d.Name, d.Kind)
		}
	}
	s.update(t)
	return nil
}

func (s *Table) update(t *table.Table) {
	s.Rows += int64(t.Rows())
	next := make(chan int, len(s.Columns))
	for i := range s.Columns {
		next <- i
	}
	close(next)
	var wg sync.WaitGroup
	for range min(max(s.threads, 1), len(s.Columns)) {
		wg.Go(func() {
			b := new(block)
			for i := range next {
				s.Columns[i].update(t.Columns[i], b)
			}
		})
	}
	wg.Wait()
}

// Merge adds the rows that o describes. o is left as it is.
func (s *Table) Merge(o *Table) error {
	if len(o.Columns) != len(s.Columns) {
		return fmt.Errorf("merge statistics: %d columns, want %d", len(o.Columns), len(s.Columns))
	}
	for i, c := range s.Columns {
		if err := c.mergeable(o.Columns[i]); err != nil {
			return fmt.Errorf("merge statistics: column %d: %w", i, err)
		}
	}
	s.Rows += o.Rows
	for i, c := range s.Columns {
		c.merge(o.Columns[i])
	}
	return nil
}

// Column finds the description of a column; nil when there is none.
func (s *Table) Column(name string) *Column {
	for _, c := range s.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}
