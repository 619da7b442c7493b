package steptest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
)

type params struct {
	Keep int  `json:"keep" default:"2" min:"0"`
	Fail bool `json:"fail"`
}

var head = step.New("head", func(ctx context.Context, c *step.Call, p params) error {
	if p.Fail {
		return step.Retryable(errors.New("asked to fail"))
	}
	in, err := events.Data[events.DatasetIngestedData](c.Event)
	if err != nil {
		return err
	}
	t, split, err := c.Dataset(ctx, in.Dataset)
	if err != nil {
		return err
	}
	rows := make([]int, p.Keep)
	for i := range rows {
		rows[i] = i
	}
	c.Progress(int64(p.Keep), int64(t.Rows()), "rows")
	out, err := c.PutDataset(ctx, "head", t.Take(rows), split[:p.Keep], in.Dataset)
	if err != nil {
		return err
	}
	return c.Emit(events.DatasetCleanedData{Raw: in.Dataset, Dataset: out})
}, step.Accepts(events.DatasetIngested), step.Emits(events.DatasetCleaned))

func dataset(t *testing.T, env *steptest.Env) events.DatasetIngestedData {
	tbl, err := table.New(
		table.IntColumn("n", []int64{1, 2, 3, 4, 5}),
		table.StringColumn("s", []string{"a", "b", "a", "c", "c"}))
	if err != nil {
		t.Fatal(err)
	}
	split := []step.Subset{step.Train, step.Test, step.Train, step.Train, step.Test}
	return events.DatasetIngestedData{Dataset: env.Dataset(t, events.Dataset{Name: "d", Target: "s"}, tbl, split, 2)}
}

func TestInvoke(t *testing.T) {
	env := steptest.New(t)
	res := env.Invoke(t, head, dataset(t, env), params{Keep: 4})
	out := steptest.Emitted[events.DatasetCleanedData](t, res, 0)
	got, split := env.Read(t, out.Dataset)
	if got.Rows() != 4 || got.Column("s").Text(3) != "c" || split[1] != step.Test || out.Dataset.Target != "s" {
		t.Errorf("got %d rows, split %v, dataset %+v", got.Rows(), split, out.Dataset)
	}
	if p := env.Reported(); len(p) != 1 || p[0].Total != 5 {
		t.Errorf("progress %v", p)
	}
	again := steptest.New(t)
	if b := steptest.Emitted[events.DatasetCleanedData](t, again.Invoke(t, head, dataset(t, again), params{Keep: 4}), 0); b.Dataset.Manifest != out.Dataset.Manifest {
		t.Error("the same invocation made another manifest")
	}
}

func TestTry(t *testing.T) {
	env := steptest.New(t)
	in := dataset(t, env)
	if _, err := env.Try(t, head, in, map[string]any{"fail": true}); step.ClassOf(err) != step.ClassRetryable {
		t.Errorf("class %v of %v", step.ClassOf(err), err)
	}
	if _, err := env.Try(t, head, in, map[string]any{"keep": -1}); err == nil {
		t.Error("params out of bounds were accepted")
	}
	in.Dataset.Manifest.Digest = "sha256:absent"
	if _, err := env.Try(t, head, in, nil); err == nil {
		t.Error("an absent manifest was read")
	}
}

func TestModels(t *testing.T) {
	ctx, m := t.Context(), steptest.New(t).Models()
	a, _ := m.Register(ctx, "m", step.ModelVersion{Cause: "one"})
	b, _ := m.Register(ctx, "m", step.ModelVersion{Cause: "two"})
	again, _ := m.Register(ctx, "m", step.ModelVersion{Cause: "one"})
	if a.Version != 1 || b.Version != 2 || again.Version != 1 {
		t.Errorf("versions %d, %d, %d", a.Version, b.Version, again.Version)
	}
	for _, set := range []struct {
		version  int
		cause    string
		previous int
	}{{1, "x", 0}, {2, "y", 1}, {2, "y", 1}} {
		if prev, err := m.SetAlias(ctx, "m", "champion", set.version, set.cause); err != nil || prev != set.previous {
			t.Errorf("%+v: previous %d, %v", set, prev, err)
		}
	}
	for version, want := range map[string]int{"": 2, "1": 1, "champion": 2} {
		if v, err := m.Get(ctx, "m", version); err != nil || v.Version != want {
			t.Errorf("Get(%q) = %d, %v", version, v.Version, err)
		}
	}
	if _, err := m.Get(ctx, "m", "challenger"); err == nil {
		t.Error("an unset alias was found")
	}
	if _, err := m.SetAlias(ctx, "m", "champion", 7, "z"); err == nil {
		t.Error("an alias was set to a version that does not exist")
	}
}
