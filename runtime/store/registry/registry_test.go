package registry

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// elsewhere is where a test's stores are opened; nil: on this machine. Tests that
// run over a network set it while they run others.
var elsewhere func() string

// place is where a store is opened: here, unless it is elsewhere.
func place(here string) string {
	if elsewhere != nil {
		return elsewhere()
	}
	return here
}

func openStore(t testing.TB, location string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), location, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func register(t *testing.T, r *Registry, name, cause string) step.ModelVersion {
	t.Helper()
	v, err := r.Register(t.Context(), name, step.ModelVersion{Cause: cause, Target: "species"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRegister(t *testing.T) {
	s := openStore(t, place(t.TempDir()))
	r := New(s, nil)
	for i, cause := range []string{"a", "b", "a", "c", "b"} {
		// A registry that has seen nothing answers the same.
		for _, r := range []*Registry{r, New(s, nil)} {
			v := register(t, r, "penguins", cause)
			if want := strings.Index("abc", cause) + 1; v.Version != want || v.Name != "penguins" || v.Stage != Registered || v.RegisteredAt.IsZero() {
				t.Fatalf("%d: cause %s: %+v; want version %d", i, cause, v, want)
			}
		}
	}
	if v, err := r.Get(t.Context(), "penguins", ""); err != nil || v.Version != 3 || v.Cause != "c" {
		t.Errorf("newest: %+v, %v", v, err)
	}
	if v, err := r.Get(t.Context(), "penguins", "2"); err != nil || v.Cause != "b" {
		t.Errorf("2: %+v, %v", v, err)
	}
	register(t, r, "Flights.v2", "x")
	if names, err := r.Names(t.Context()); err != nil || !slices.Equal(names, []string{"Flights.v2", "penguins"}) {
		t.Errorf("names: %q, %v", names, err)
	}
	if vs, err := r.Versions(t.Context(), "penguins"); err != nil || len(vs) != 3 || vs[2].Version != 3 {
		t.Errorf("versions: %+v, %v", vs, err)
	}
}

func TestErrors(t *testing.T) {
	r := New(openStore(t, place("mem://")), nil)
	ctx := t.Context()
	register(t, r, "penguins", "a")
	if _, err := r.SetAlias(ctx, "penguins", Champion, 1, "a"); err != nil {
		t.Fatal(err)
	}
	get := func(name, version string) error { _, err := r.Get(ctx, name, version); return err }
	for want, err := range map[string]error{
		`there is no model "penguin"; did you mean penguins?: not found`:                                                                  get("penguin", ""),
		`the model "penguins" has no version 2: its only version is 1: not found`:                                                         get("penguins", "2"),
		`the model "penguins" has no version 0: its only version is 1: not found`:                                                         get("penguins", "0"),
		`the model "penguins" has no alias "champio"; did you mean champion?: not found`:                                                  get("penguins", "champio"),
		`the model "penguins" has no alias "zebra"; its aliases are champion: not found`:                                                  get("penguins", "zebra"),
		`the model "../x": a model's name has 1 to 100 letters, digits, dots, hyphens and underscores, and begins with a letter or digit`: get("../x", ""),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	for what, f := range map[string]func() error{
		"version that is not there": func() error { _, err := r.SetAlias(ctx, "penguins", "a", 2, "b"); return err },
		"alias that is a number":    func() error { _, err := r.SetAlias(ctx, "penguins", "2", 1, "b"); return err },
		"alias with an at sign":     func() error { _, err := r.SetAlias(ctx, "penguins", "a@b", 1, "b"); return err },
		"no cause":                  func() error { _, err := r.SetAlias(ctx, "penguins", "a", 1, ""); return err },
		"no cause to register":      func() error { _, err := r.Register(ctx, "x", step.ModelVersion{}); return err },
		"unknown stage":             func() error { return r.SetStage(ctx, "penguins", 1, "aproved", "b") },
		"nothing to go back to":     func() error { _, _, err := r.Rollback(ctx, "penguins", Champion, "b"); return err },
		"no alias to go back":       func() error { _, _, err := r.Rollback(ctx, "penguins", "nobody", "b"); return err },
	} {
		if err := f(); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestAliases(t *testing.T) {
	s := openStore(t, place(t.TempDir()))
	r := New(s, nil)
	ctx := t.Context()
	for _, cause := range []string{"a", "b", "c"} {
		register(t, r, "m", cause)
	}
	for i, c := range []struct{ version, previous int }{{1, 0}, {2, 1}, {3, 2}} {
		for range 2 { // the second time is a repetition
			got, err := New(s, nil).Promote(ctx, "m", c.version, fmt.Sprint("p", i))
			if err != nil || got != c.previous {
				t.Fatalf("promote %d: previous %d, %v; want %d", c.version, got, err, c.previous)
			}
		}
	}
	for _, c := range []struct {
		cause    string
		from, to int
	}{{"r1", 3, 2}, {"r1", 3, 2}, {"r2", 2, 1}} {
		from, to, err := r.Rollback(ctx, "m", Champion, c.cause)
		if err != nil || from != c.from || to != c.to {
			t.Fatalf("rollback %s: from %d to %d, %v", c.cause, from, to, err)
		}
	}
	if _, _, err := r.Rollback(ctx, "m", Champion, "r3"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("rollback too far: %v", err)
	}
	// A promotion that is delivered once more, late, moves nothing.
	if previous, err := r.Promote(ctx, "m", 3, "p2"); err != nil || previous != 2 {
		t.Errorf("late: %d, %v", previous, err)
	}
	if _, err := r.SetAlias(ctx, "m", "challenger", 3, "x"); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Aliases(ctx, "m"); err != nil || !maps.Equal(got, map[string]int{"champion": 1, "challenger": 3}) {
		t.Errorf("aliases: %v, %v", got, err)
	}
	if h, err := r.AliasHistory(ctx, "m", Champion); err != nil || len(h) != 5 || h[4].Cause != "r2" || h[4].At.IsZero() {
		t.Errorf("history: %+v, %v", h, err)
	}
	if v, err := r.Get(ctx, "m", Champion); err != nil || v.Version != 1 {
		t.Errorf("champion: %+v, %v", v, err)
	}
}

func TestStages(t *testing.T) {
	r := New(openStore(t, place("mem://")), nil)
	ctx := t.Context()
	register(t, r, "m", "a")
	for range 2 {
		if err := r.SetStage(ctx, "m", 1, Rejected, "b"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Promote(ctx, "m", 1, "c"); err == nil || !strings.Contains(err.Error(), "rejected") {
		t.Errorf("promote what is rejected: %v", err)
	}
	if err := r.SetStage(ctx, "m", 1, Approved, "d"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Promote(ctx, "m", 1, "c"); err != nil {
		t.Errorf("promote what is approved: %v", err)
	}
	h, err := r.Stages(ctx, "m", 1)
	var stages []string
	for _, s := range h {
		stages = append(stages, s.Stage)
	}
	if err != nil || !slices.Equal(stages, []string{Registered, Rejected, Approved}) {
		t.Errorf("stages: %v, %v", stages, err)
	}
	if v, err := r.Get(ctx, "m", "1"); err != nil || v.Stage != Approved {
		t.Errorf("%+v, %v", v, err)
	}
}

// Many causes, each asking twice through two stores on one directory, make
// versions without gaps, one for each cause.
func TestRegisterConcurrently(t *testing.T) {
	dir := place(t.TempDir())
	registries := []*Registry{New(openStore(t, dir), nil), New(openStore(t, dir), nil)}
	const n = 25
	var got [2 * n]int
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			cause := fmt.Sprint(i / 2)
			v, err := registries[i%2].Register(t.Context(), "m", step.ModelVersion{Cause: cause})
			if err != nil || v.Cause != cause {
				t.Error(v, err)
			}
			got[i] = v.Version
			if _, err := registries[i%2].Promote(t.Context(), "m", v.Version, cause); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	seen := map[int]bool{}
	for i := 0; i < len(got); i += 2 {
		if got[i] != got[i+1] || got[i] < 1 || got[i] > n {
			t.Fatalf("cause %d has the versions %d and %d", i/2, got[i], got[i+1])
		}
		seen[got[i]] = true
	}
	h, err := registries[0].AliasHistory(t.Context(), "m", Champion)
	if len(seen) != n || len(h) != n || err != nil {
		t.Fatalf("%d versions, %d moves, %v", len(seen), len(h), err)
	}
	if served, err := registries[1].Get(t.Context(), "m", Champion); err != nil || served.Version != h[n-1].Version {
		t.Errorf("%+v is served, %v, want version %d", served, err, h[n-1].Version)
	}
}

// TestOneTarget refuses a version of another target or task, from whichever
// process it comes; what was registered before is answered again.
func TestOneTarget(t *testing.T) {
	s := openStore(t, place("mem://"))
	r := New(s, nil)
	for _, c := range []struct{ target, task, cause, want string }{
		{"engine", "classification", "a", ""},
		{"engine", "classification", "b", ""},
		{"speed", "regression", "c", "model planes predicts engine (classification), and this one speed (regression): register it under another name"},
		{"engine", "regression", "c", "model planes predicts engine (classification), and this one engine (regression): register it under another name"},
		{"", "clustering", "c", "model planes predicts engine (classification), and this one no column (clustering): register it under another name"},
		{"engine", "classification", "a", ""},
	} {
		for _, r := range []*Registry{r, New(s, nil)} {
			_, err := r.Register(t.Context(), "planes", step.ModelVersion{Target: c.target, Task: c.task, Cause: c.cause})
			if fmt.Sprint(err) != c.want && (err != nil || c.want != "") || err != nil && step.ClassOf(err) != step.ClassPermanent {
				t.Errorf("%+v: %v", c, err)
			}
		}
	}
	if v, err := r.Get(t.Context(), "planes", ""); err != nil || v.Version != 2 {
		t.Errorf("newest: %+v, %v", v, err)
	}
}
