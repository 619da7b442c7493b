package profile

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/stats"
)

// Of profiles a table. A nil o means the defaults. The same table and options
// give the same profile, whatever the number of threads.
func Of(ctx context.Context, name string, t *table.Table, o *Options) (*Profile, error) {
	b, err := newBuilder(name, t.Schema(), int64(t.Rows()), o)
	if err != nil {
		return nil, err
	}
	if err := each(ctx, len(t.Columns), func(i int) { b.columns[i] = describe(t.Columns[i], &b.o) }); err != nil {
		return nil, err
	}
	return b.build(ctx, func(part func(*table.Table) error) error { return part(t) })
}

// Parts are a table that is read part by part.
type Parts struct {
	Schema table.Schema
	Rows   int64
	Each   func(part func(*table.Table) error) error // may be called more than once
	Stats  *stats.Table                              // of the whole; nil: made in a pass of its own
}

// OfParts profiles a table that is larger than memory. What Of computes from all
// values sorted is here as exact as package stats is; densities, whiskers and
// lengths come from the sample. Beside a part and the sample it holds 8 bytes a
// row.
func OfParts(ctx context.Context, name string, in Parts, o *Options) (*Profile, error) {
	b, err := newBuilder(name, in.Schema, in.Rows, o)
	if err != nil {
		return nil, err
	}
	st := in.Stats
	if st == nil || st.Rows != in.Rows || len(st.Columns) != len(in.Schema) {
		st = stats.New(in.Schema, nil)
		if err := in.Each(func(t *table.Table) error {
			st.Update(t)
			return ctx.Err()
		}); err != nil {
			return nil, err
		}
	}
	for i, c := range st.Columns {
		b.columns[i] = sketched(c, &b.o)
	}
	b.note("The table was read part by part: quantiles, and distinct counts and top values of columns with over %s values, are estimates.", count(stats.DefaultExact))
	return b.build(ctx, in.Each)
}

// builder holds what the steps of a profile share.
type builder struct {
	o       Options
	p       *Profile
	columns []described
	at      int // column of the target; -1: none

	rows    gathered
	sample  *table.Table // rows for what costs more than a pass over a column
	labels  []int32      // class of each row of the sample; nil without classes
	ranking []int        // columns, the most telling about the target first
}

func newBuilder(name string, schema table.Schema, rows int64, o *Options) (*builder, error) {
	b := &builder{
		o:       o.withDefaults(),
		columns: make([]described, len(schema)),
		p:       &Profile{Dataset: name, Rows: rows, Width: len(schema), Alerts: []Alert{}, Columns: []Column{}},
	}
	b.at = slices.IndexFunc(schema, func(f table.Field) bool { return f.Name == b.o.Target })
	if b.o.Target != "" && b.at < 0 {
		return nil, fmt.Errorf("no column %q to predict: the table has %d columns", b.o.Target, len(schema))
	}
	return b, nil
}

// build completes the profile of columns that are described.
func (b *builder) build(ctx context.Context, parts func(func(*table.Table) error) error) (*Profile, error) {
	b.chooseTask()
	if err := b.gather(ctx, parts); err != nil {
		return nil, err
	}
	if err := each(ctx, len(b.columns), func(i int) { b.columns[i].finish(b.sample.Columns[i]) }); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{b.target, b.chart, b.correlations, b.categories, b.components} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	for i := range b.columns {
		b.p.Columns = append(b.p.Columns, b.columns[i].Column)
	}
	b.alerts()
	if t := b.p.Target; t != nil && len(t.Classes) > mostListed {
		b.note("The target has %s values: the %d most frequent are listed.", count(int64(len(t.Classes))), mostListed)
		t.Classes = t.Classes[:mostListed]
	}
	return b.p, nil
}

const mostListed = 100 // classes of a target

// each calls f for 0 to n-1 on every processor; calls for different i share
// nothing. A panic in f goes on in the caller, where the step's host awaits it.
func each(ctx context.Context, n int, f func(i int)) error {
	var wg sync.WaitGroup
	var failed atomic.Pointer[string]
	next := make(chan int)
	call := func(i int) {
		defer func() {
			if p := recover(); p != nil {
				text := fmt.Sprintf("%v\n%s", p, debug.Stack())
				failed.CompareAndSwap(nil, &text)
			}
		}()
		f(i)
	}
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := range next {
				call(i)
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
	if text := failed.Load(); text != nil {
		panic(*text)
	}
	return ctx.Err()
}

// chart gives histograms to the columns that say most about the target; without
// one to the first.
func (b *builder) chart(ctx context.Context) error {
	chosen := b.ranking
	if len(chosen) > b.o.Charts {
		chosen = chosen[:b.o.Charts]
		b.note("Histograms are drawn for %d of the %s columns: %s.", b.o.Charts, count(int64(len(b.columns))), b.chosenBy())
	}
	return each(ctx, len(chosen), func(i int) { b.columns[chosen[i]].chart(&b.o) })
}

func (b *builder) chosenBy() string {
	if b.p.Target != nil {
		return "the target, and those that say most about it"
	}
	return "the first"
}

func (b *builder) note(format string, args ...any) {
	b.p.Notes = append(b.p.Notes, fmt.Sprintf(format, args...))
}

// pick lists the first most columns, by rank, that fit; in the table's order.
func (b *builder) pick(most int, fits func(*described) bool) (chosen []int, all int) {
	for _, i := range b.ranking {
		if !fits(&b.columns[i]) {
			continue
		}
		if all++; len(chosen) < most {
			chosen = append(chosen, i)
		}
	}
	sorting.Ordered(chosen)
	return chosen, all
}

func (b *builder) names(columns []int) []string {
	names := make([]string, len(columns))
	for k, i := range columns {
		names[k] = b.columns[i].Name
	}
	return names
}

func nan() Float { return Float(math.NaN()) }
