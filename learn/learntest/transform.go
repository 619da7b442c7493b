package learntest

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// A Transformer is a fitted transform of tables, such as preprocess has.
type Transformer interface {
	Transform(t *table.Table) (*table.Table, error)
	State() learn.State
}

// A TransformConfig is a transform, and what it can do.
type TransformConfig[T Transformer] struct {
	// Fit fits it on the rows of a table that has the columns of [Table], and has
	// that table's types. It is required.
	Fit func(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options) (T, error)
	// Restore makes it from its state. It is required.
	Restore func(learn.State) (T, error)
	// Target says that the fit looks at the target. Where it does not, it must fit
	// without one as with any.
	Target bool
	// RowOrder says that the order of the training rows does not matter, but for
	// rounding.
	RowOrder bool
	// Refuses is in the error of a fit that may refuse rows that say nothing, such as
	// one row or such as are all the same. None: it refuses no rows.
	Refuses string
}

// Transform runs the suite of transforms: each row means the same alone, among
// others and in any order, and none is lost; what is fitted is the same for any
// number of threads, comes back from its state bit by bit, and takes values,
// types and columns that it has not seen for what they are, or says what is wrong.
func Transform[T Transformer](t *testing.T, config TransformConfig[T]) {
	t.Helper()
	if config.Fit == nil || config.Restore == nil {
		t.Fatal("learntest: TransformConfig.Fit and Restore are required")
	}
	s := transform[T]{config}
	for _, c := range []struct {
		name string
		run  func(t *testing.T)
	}{
		{"any table", s.anyTable},
		{"degenerate", s.degenerate},
		{"magnitudes", s.magnitudes},
		{"columns", s.columns},
		{"target", s.target},
		{"any number of threads", s.threads},
		{"row order", s.rowOrder},
		{"damaged state", s.damaged},
		{"concurrent use", s.concurrent},
		{"cancelled", s.cancelled},
	} {
		t.Run(c.name, c.run)
	}
}

type transform[T Transformer] struct{ TransformConfig[T] }

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

// refused tells whether that is the error of a fit that may refuse its rows.
func (s transform[T]) refused(err error) bool {
	return err != nil && s.Refuses != "" && strings.Contains(err.Error(), s.Refuses)
}

func (s transform[T]) fit(t failer, data *table.Table, y *learn.Target, opts *learn.Options) T {
	t.Helper()
	f, err := s.Fit(context.Background(), data, y, opts)
	if err != nil {
		t.Fatalf("fit: %v", err)
	}
	return f
}

// apply transforms, and checks what holds for every result: all rows are there,
// and a number is missing where it is NaN.
func apply(t failer, f Transformer, data *table.Table) *table.Table {
	t.Helper()
	out, err := f.Transform(data)
	if err != nil {
		t.Fatalf("transform: %v", err)
	}
	if len(out.Columns) > 0 && out.Rows() != data.Rows() {
		t.Fatalf("%d rows became %d", data.Rows(), out.Rows())
	}
	for _, c := range out.Columns {
		for i, v := range c.Floats {
			if c.Missing(i) != math.IsNaN(v) {
				t.Fatalf("column %q, row %d: %v, and missing is %v", c.Name, i, v, c.Missing(i))
			}
		}
	}
	return out
}

func sameTable(t failer, what string, a, b *table.Table) {
	t.Helper()
	if d := table.Difference(a, b); d != "" {
		t.Fatalf("%s: %s", what, d)
	}
}

func sameColumn(t failer, what string, a, b *table.Column) {
	t.Helper()
	sameTable(t, what, &table.Table{Columns: []*table.Column{a}}, &table.Table{Columns: []*table.Column{b}})
}

// anyTable: a row means the same alone as in a table and in any order, what is
// restored gives the same bits, and the input is not written to.
func (s transform[T]) anyTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		train := Draw(t, rapid.IntRange(1, 30).Draw(t, "rows"))
		test := Draw(t, rapid.IntRange(1, 12).Draw(t, "rows"))
		y := drawTarget(t, train.Rows())
		trainBefore, before := train.Take(upTo(train.Rows())), test.Take(upTo(test.Rows()))
		f, err := s.Fit(context.Background(), train, y, nil)
		if s.refused(err) {
			return
		}
		if err != nil {
			t.Fatalf("fit: %v", err)
		}
		got := apply(t, f, test)
		sameTable(t, "the training rows were changed", trainBefore, train)
		sameTable(t, "the input was changed", before, test)

		restored, err := s.Restore(throughJSON(t, f.State()))
		if err != nil {
			t.Fatalf("restore: %v", err)
		}
		sameTable(t, "restored", got, apply(t, restored, test))
		sameState(t, f.State(), restored.State())

		order := rapid.Permutation(upTo(test.Rows())).Draw(t, "order")
		sameTable(t, "in another order", got.Take(order), apply(t, f, test.Take(order)))
		row := rapid.SliceOfN(rapid.IntRange(0, test.Rows()-1), 1, 1).Draw(t, "row")
		sameTable(t, "a row alone", got.Take(row), apply(t, f, test.Take(row)))
		sameTable(t, "no rows", got.Take(nil), apply(t, f, test.Take(nil)))
	})
}

// degenerate: rows that are missing, all the same, or none. What cannot be fitted
// is an error; what is fitted transforms rows of any kind.
func (s transform[T]) degenerate(t *testing.T) {
	whole, y := Table(40, 1), regression(40)
	missing := whole.Take(upTo(40))
	for _, c := range missing.Columns {
		for i := range c.Len() {
			c.SetMissing(i)
		}
	}
	same := make([]int, 40)
	for name, train := range map[string]*table.Table{"missing": missing, "all the same": whole.Take(same), "one row": whole.Take([]int{3}), "no rows": whole.Take(nil)} {
		f, err := s.Fit(t.Context(), train, y.Take(upTo(train.Rows())), nil)
		if err != nil {
			if train.Rows() > 0 && !s.refused(err) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		apply(t, f, whole)
		apply(t, f, missing)
	}
	apply(t, s.fit(t, whole, y, nil), missing)
}

// magnitudes: numbers beyond all measure are refused or transformed, and what was
// fitted on them can be written down.
func (s transform[T]) magnitudes(t *testing.T) {
	y := regression(60)
	usual := Table(60, 2)
	fitted := s.fit(t, usual, y, nil)
	for _, v := range []float64{math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 1e200, 1e-200, math.SmallestNonzeroFloat64} {
		odd := usual.Take(upTo(60))
		for i := 0; i < 60; i += 7 {
			odd.Column("f").Floats[i], odd.Column("g").Floats[i+1] = v, -v
		}
		if _, err := fitted.Transform(odd); err != nil {
			t.Errorf("rows with %v: %v", v, err)
		}
		f, err := s.Fit(t.Context(), odd, y, nil)
		if err != nil {
			continue
		}
		want := apply(t, f, usual)
		back, err := s.Restore(throughJSON(t, f.State()))
		if err != nil {
			t.Fatalf("fitted on %v and restored: %v", v, err)
		}
		sameTable(t, "restored", want, apply(t, back, usual))
	}
}

// columns: one that is not there makes no difference, or it is an error that names
// it; so is one of another type, where that is not as good. Others, and another
// order, make no difference.
func (s transform[T]) columns(t *testing.T) {
	data := Table(50, 3)
	f := s.fit(t, data, regression(50), nil)
	want := apply(t, f, data)
	for j, c := range data.Columns {
		var rest []*table.Column
		for k, d := range data.Columns {
			if k != j {
				rest = append(rest, d)
			}
		}
		other := table.StringColumn(c.Name, slices.Repeat([]string{"other"}, 50))
		if c.Kind == table.String {
			other = table.BoolColumn(c.Name, make([]bool, 50))
		}
		named := func(what string, err error) {
			if !strings.Contains(err.Error(), `"`+c.Name+`"`) {
				t.Errorf("%s the column %q: the error does not name it: %v", what, c.Name, err)
			}
		}
		typed := &table.Table{Columns: append([]*table.Column{other}, rest...)}
		if _, err := f.Transform(typed); err != nil {
			named("another type of", err)
		} else {
			apply(t, f, typed)
		}
		out, err := f.Transform(&table.Table{Columns: rest})
		if err != nil {
			named("without", err)
			continue
		}
		for _, column := range out.Columns {
			if was := want.Column(column.Name); was != nil {
				sameColumn(t, "without "+c.Name, was, column)
			}
		}
	}
	more := append([]*table.Column{table.FloatColumn("more", make([]float64, 50))}, data.Columns...)
	slices.Reverse(more)
	out := apply(t, f, &table.Table{Columns: more})
	for _, was := range want.Columns {
		column := out.Column(was.Name)
		if column == nil {
			t.Fatalf("among other columns there is no %q", was.Name)
		}
		sameColumn(t, "among other columns", was, column)
	}
}

func (s transform[T]) target(t *testing.T) {
	data := Table(200, 4)
	if s.Target {
		if _, err := s.Fit(t.Context(), data, nil, nil); err == nil {
			t.Error("a fit without a target is no error, though it looks at it")
		}
		return
	}
	without := s.fit(t, data, nil, nil).State()
	sameState(t, without, s.fit(t, data, regression(200), nil).State())
	sameState(t, without, s.fit(t, data, &learn.Target{Task: learn.Clustering, Rows: 200}, nil).State())
}

func (s transform[T]) threads(t *testing.T) {
	data, y := Table(5000, 5), regression(5000)
	one := s.fit(t, data, y, &learn.Options{Seed: 4, Threads: 1})
	want := apply(t, one, data)
	for _, threads := range []int{1, 2, 7} {
		f := s.fit(t, data, y, &learn.Options{Seed: 4, Threads: threads})
		sameState(t, one.State(), f.State())
		sameTable(t, "more threads", want, apply(t, f, data))
	}
}

func (s transform[T]) rowOrder(t *testing.T) {
	if !s.RowOrder {
		t.Skip("the order of rows matters to this transform")
	}
	const rows = 300
	data, y := Table(rows, 6), regression(rows)
	order := upTo(rows)
	slices.Reverse(order)
	a, b := apply(t, s.fit(t, data, y, nil), data), apply(t, s.fit(t, data.Take(order), y.Take(order), nil), data)
	if !slices.Equal(a.Names(), b.Names()) {
		t.Fatalf("rows in another order: columns %v and %v", a.Names(), b.Names())
	}
	for j, c := range a.Columns {
		d := b.Columns[j]
		if c.Kind != table.Float64 {
			sameColumn(t, "rows in another order", c, d)
			continue
		}
		for i, v := range c.Floats {
			if math.Abs(v-d.Floats[i]) > 1e-6*max(1, math.Abs(v)) || math.IsNaN(v) != math.IsNaN(d.Floats[i]) {
				t.Fatalf("rows in another order: column %q, row %d is %v, want %v", c.Name, i, d.Floats[i], v)
			}
		}
	}
}

// damaged: a state that is not whole is refused, or what is made of it transforms
// without a panic.
func (s transform[T]) damaged(t *testing.T) {
	data := Table(60, 7)
	state := s.fit(t, data, regression(60), nil).State()
	try := func(what string, must bool, damage func(*learn.State)) {
		t.Helper()
		bad := throughJSON(t, state)
		damage(&bad)
		f, err := s.Restore(bad)
		if err != nil {
			return
		}
		if must {
			t.Errorf("a state with %s is restored without an error", what)
		}
		_, _ = f.Transform(data)
	}
	try("another kind", true, func(b *learn.State) { b.Kind = "no such kind" })
	try("a parameter of no one", true, func(b *learn.State) { b.Params["of no one"] = 1.0 })
	for name := range state.Params {
		for _, v := range []any{map[string]any{"what": "is this"}, "text", -1.0, 1e300, []any{[]any{}}, nil} {
			try("another "+name, false, func(b *learn.State) { b.Params[name] = v })
		}
		try("no "+name, false, func(b *learn.State) { delete(b.Params, name) })
	}
	for name, tensor := range state.Tensors {
		values := reflect.ValueOf(tensor.Data)
		try("no "+name, true, func(b *learn.State) { delete(b.Tensors, name) })
		for what, data := range map[string]any{"text": "text", "nil": nil, "a part": values.Slice(0, max(0, values.Len()-1)).Interface()} {
			try(what+" as "+name, values.Len() > 0, func(b *learn.State) { b.Tensors[name] = learn.Tensor{Shape: tensor.Shape, Data: data} })
		}
	}
}

func (s transform[T]) concurrent(t *testing.T) {
	data := Table(300, 8)
	f := s.fit(t, data, regression(300), nil)
	want := apply(t, f, data)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			got, err := f.Transform(data)
			if err != nil || table.Difference(want, got) != "" {
				t.Errorf("transformed at once: %v %s", err, table.Difference(want, got))
			}
			f.State()
		})
	}
	all.Wait()
}

// cancelled: a fit whose context has ended is soon over, and says why.
func (s transform[T]) cancelled(t *testing.T) {
	data, y := Table(20_000, 9), regression(20_000)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	start := time.Now()
	if _, err := s.Fit(ctx, data, y, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a fit under a cancelled context returns the error %v, want %v", err, context.Canceled)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("a fit under a cancelled context takes %v", took)
	}
}

// throughJSON is the state as it comes back from a file: numbers among the
// parameters are float64 then.
func throughJSON(t failer, s learn.State) learn.State {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("the state's parameters are no JSON: %v", err)
	}
	out := learn.State{}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if out.Params == nil {
		out.Params = map[string]any{}
	}
	out.Tensors = map[string]learn.Tensor{}
	for name, tensor := range s.Tensors {
		out.Tensors[name] = tensor
	}
	return out
}
