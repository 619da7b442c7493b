package profile

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"github.com/runnel-dev/runnel/table"
)

// Of profiles a table. A nil o means the defaults. The same table and options
// give the same profile, whatever the number of threads.
func Of(ctx context.Context, name string, t *table.Table, o *Options) (*Profile, error) {
	b := &builder{
		o:       o.withDefaults(),
		table:   t,
		columns: make([]described, len(t.Columns)),
		p:       &Profile{Dataset: name, Rows: int64(t.Rows()), Width: len(t.Columns), Alerts: []Alert{}, Columns: []Column{}},
	}
	if b.o.Target != "" && t.Column(b.o.Target) == nil {
		return nil, fmt.Errorf("no column %q to predict: the table has %d columns", b.o.Target, len(t.Columns))
	}
	if err := each(ctx, len(t.Columns), func(i int) { b.columns[i] = describe(t.Columns[i], &b.o) }); err != nil {
		return nil, err
	}
	b.takeSample()
	for _, step := range []func(context.Context) error{b.target, b.chart, b.missing, b.duplicates, b.correlations, b.categories, b.components} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	for i := range b.columns {
		b.p.Columns = append(b.p.Columns, b.columns[i].Column)
	}
	b.alerts()
	return b.p, nil
}

// builder holds what the steps of a profile share.
type builder struct {
	o       Options
	p       *Profile
	table   *table.Table
	columns []described

	sample *table.Table // rows for what costs more than a pass over a column
	labels []int32      // class of each row of the sample; nil without classes
	ranks  []int        // columns, the most telling about the target first
}

func (b *builder) takeSample() {
	b.sample = b.table
	n := b.table.Rows()
	if n <= b.o.Sample {
		return
	}
	b.sample = b.table.Take(choose(n, b.o.Sample, b.o.Seed))
	b.p.Sample = &Sample{Rows: b.o.Sample, Seed: b.o.Seed, For: []string{"correlations", "associations with the target", "principal components", "grids"}}
}

// choose draws k of n rows without replacement (Knuth's algorithm S), ascending.
func choose(n, k int, seed uint64) []int {
	random := rand.New(rand.NewPCG(seed, 0x5eed_0f_70175))
	rows := make([]int, 0, k)
	for i := 0; len(rows) < k; i++ {
		if random.IntN(n-i) < k-len(rows) {
			rows = append(rows, i)
		}
	}
	return rows
}

// each calls f for 0 to n-1 on every processor; calls for different i share nothing.
func each(ctx context.Context, n int, f func(i int)) error {
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
	return ctx.Err()
}

// chart gives histograms to the columns that say most about the target; without
// one to the first.
func (b *builder) chart(ctx context.Context) error {
	var chosen []int
	for _, i := range b.ranks {
		if len(chosen) == b.o.Charts {
			b.note("Histograms are drawn for %d of the %d columns: %s.", b.o.Charts, len(b.columns), b.chosenBy())
			break
		}
		chosen = append(chosen, i)
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
	for _, i := range b.ranks {
		if !fits(&b.columns[i]) {
			continue
		}
		if all++; len(chosen) < most {
			chosen = append(chosen, i)
		}
	}
	slices.Sort(chosen)
	return chosen, all
}

func (b *builder) names(columns []int) []string {
	names := make([]string, len(columns))
	for k, i := range columns {
		names[k] = b.columns[i].Name
	}
	return names
}
