package preprocess

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/table"
)

// pick returns the columns that a spec is about: those named, each of which has
// to suit, or every one that suits when none is named. what says in an error
// what would suit.
func pick(t *table.Table, names []string, what string, suits func(*table.Column) bool) ([]*table.Column, error) {
	var out []*table.Column
	if len(names) == 0 {
		for _, c := range t.Columns {
			if suits(c) {
				out = append(out, c)
			}
		}
		return out, nil
	}
	cur, seen := cursor{t: t}, make(map[string]bool, len(names))
	for _, name := range names {
		i, err := cur.find(name)
		if err != nil {
			return nil, err
		}
		switch c := t.Columns[i]; {
		case !suits(c):
			return nil, fmt.Errorf("column %q is of type %s: want %s", name, c.Kind, what)
		case seen[name]:
			return nil, fmt.Errorf("column %q is named twice", name)
		default:
			out = append(out, c)
			seen[name] = true
		}
	}
	return out, nil
}

func numeric(c *table.Column) bool     { return c.Kind.Numeric() }
func numberLike(c *table.Column) bool  { return c.Kind != table.String }
func categorical(c *table.Column) bool { return c.Kind == table.String || c.Kind == table.Bool }
func isString(c *table.Column) bool    { return c.Kind == table.String }
func isTime(c *table.Column) bool      { return c.Kind == table.Time }
func notTime(c *table.Column) bool     { return c.Kind != table.Time }

func noColumn(t *table.Table, name string) error {
	if hint := nearest.Hint(name, t.Names()); hint != "" {
		return fmt.Errorf("no column %q%s", name, hint)
	}
	names := t.Names()
	if len(names) > 12 {
		names = append(names[:12:12], "...")
	}
	return fmt.Errorf("no column %q: the columns are %s", name, strings.Join(names, ", "))
}

// A cursor finds columns by name, in constant time when they are asked for in
// the table's order.
type cursor struct {
	t  *table.Table
	at int
}

func (c *cursor) find(name string) (int, error) {
	n := len(c.t.Columns)
	for i := c.at; i < n; i++ {
		if c.t.Columns[i].Name == name {
			c.at = i + 1
			return i, nil
		}
	}
	for i := range min(c.at, n) {
		if c.t.Columns[i].Name == name {
			c.at = i + 1
			return i, nil
		}
	}
	return 0, noColumn(c.t, name)
}

// rewrite returns a table in which each named column is replaced, in its place,
// by what f makes of it: one column, several or none. f is called for many
// columns at a time on a large table.
func rewrite(t *table.Table, names []string, f func(j int, c *table.Column) ([]*table.Column, error)) (*table.Table, error) {
	cur := cursor{t: t}
	at := make([]int, len(names))
	for j, name := range names {
		i, err := cur.find(name)
		if err != nil {
			return nil, err
		}
		at[j] = i
	}
	made := make([][]*table.Column, len(names))
	err := each(len(names), workers(t.Rows()*len(names)), func(j int) (err error) {
		made[j], err = f(j, t.Columns[at[j]])
		return err
	})
	if err != nil {
		return nil, err
	}
	by := make([]int, len(t.Columns)) // 1 + the index into made
	total := len(t.Columns)
	for j, i := range at {
		by[i] = j + 1
		total += len(made[j]) - 1
	}
	out := make([]*table.Column, 0, total)
	for i, c := range t.Columns {
		if by[i] == 0 {
			out = append(out, c)
		} else {
			out = append(out, made[by[i]-1]...)
		}
	}
	return &table.Table{Columns: out}, nil
}

// workers is how many goroutines an amount of work is worth.
func workers(values int) int {
	if values < 1<<14 {
		return 1
	}
	return runtime.GOMAXPROCS(0)
}

// each calls f for 0 to n-1 on a number of goroutines, and returns the error of
// the lowest index.
func each(n, threads int, f func(i int) error) error {
	if threads = min(threads, n); threads <= 1 {
		for i := range n {
			if err := f(i); err != nil {
				return err
			}
		}
		return nil
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, n)
	for range threads {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				errs[i] = f(i)
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

// eachUntil is each for as long as ctx goes on.
func eachUntil(ctx context.Context, n, threads int, f func(i int) error) error {
	if n == 0 {
		return ctx.Err()
	}
	return each(n, threads, func(i int) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return f(i)
	})
}

// numbersOf returns a column's numbers, or an error where it has none.
func numbersOf(c *table.Column) ([]float64, error) {
	if v := c.Numbers(); v != nil || c.Kind != table.String {
		return v, nil
	}
	// A column without any value has no type of its own: it is read as text.
	if c.Nulls() == c.Len() {
		return nans(c.Len()), nil
	}
	return nil, fmt.Errorf("column %q is of type string: want numbers", c.Name)
}

// unused returns name, or name with a number behind it where taken has it.
func unused(name string, taken map[string]bool) string {
	out := name
	for i := 2; taken[out]; i++ {
		out = fmt.Sprintf("%s_%d", name, i)
	}
	taken[out] = true
	return out
}

// takenNames is the set of a table's column names.
func takenNames(t *table.Table) map[string]bool {
	taken := make(map[string]bool, len(t.Columns))
	for _, c := range t.Columns {
		taken[c.Name] = true
	}
	return taken
}

// mostValues is how many numbers a transform may make of its training rows: 4 GiB.
const mostValues = 1 << 29

// affordable reports a column that becomes more columns than memory may hold.
// instead says what to do about it.
func affordable(name string, rows, columns int, instead string) error {
	if rows > 0 && columns > mostValues/rows {
		return fmt.Errorf("column %q would become %d columns of %d rows, %d GiB: %s", name, columns, rows, rows*columns>>27, instead)
	}
	return nil
}

func oneOf(field, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s is %q: want one of %s", field, value, strings.Join(allowed, ", "))
}

// or returns v, or the default where v is zero.
func or[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

func columnNames(cs []*table.Column) []string {
	names := make([]string, len(cs))
	for i, c := range cs {
		names[i] = c.Name
	}
	return names
}
