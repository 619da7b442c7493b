package register

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/modelname"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// long is as long as a name may be.
var long = strings.Repeat("n", modelname.MaxBytes)

// TestOneTargetAName checks that versions of one model predict one target.
func TestOneTargetAName(t *testing.T) {
	env := steptest.New(t)
	have := func(name, target, task string) {
		if _, err := env.Models().Register(t.Context(), name, step.ModelVersion{Target: target, Task: task, Cause: "before"}); err != nil {
			t.Fatal(err)
		}
	}
	have("planes", "engine", "classification")
	have("planes-height", "height", "regression")
	have("planes-width", "of a dataset that has the name", "regression")
	have(long, "engine", "classification")
	for _, test := range []struct {
		dataset, target, task, name string
		want                        string // "": refused
	}{
		{"planes", "engine", "classification", "", "planes"},
		{"planes", "speed", "regression", "", "planes-speed"},
		{"planes", "engine", "regression", "", "planes-regression"},
		{"planes", "speed", "regression", "planes", ""},
		{"planes", "speed", "regression", "jets", "jets"},
		{"planes", "seats, all", "regression", "", "planes-seats-all"},
		{"planes", "height", "regression", "", "planes-height"},
		{"planes", "height", "classification", "", "planes-height-classification"},
		{"planes", "width", "regression", "", "planes-width-width"},
		{"planes", "", "clustering", "", "planes-clustering"},
		{long, "speed", "regression", "", long[:94] + "-speed"},
		{"planes", long + long, "regression", "", "planes-" + long[:49]},
	} {
		raw := events.Dataset{Name: test.dataset, Target: test.target, Task: test.task}
		name, err := Params{Name: test.name}.name(t.Context(), env.Models(), raw)
		if test.want == "" {
			if err == nil || !strings.Contains(err.Error(), "register it under another name") || step.ClassOf(err) != step.ClassPermanent {
				t.Errorf("%+v: %q, %v", test, name, err)
			}
			continue
		}
		if err != nil || name != test.want || !modelname.Valid(name) {
			t.Errorf("%+v: %q, %v", test, name, err)
			continue
		}
	}
}

// TestNamesRunOut ends where every substitute is taken.
func TestNamesRunOut(t *testing.T) {
	env := steptest.New(t)
	for name := "a"; len(name) < 20; name += "-b" {
		if _, err := env.Models().Register(t.Context(), name, step.ModelVersion{Target: "c", Task: "regression", Cause: "before"}); err != nil {
			t.Fatal(err)
		}
	}
	name, err := Params{}.name(t.Context(), env.Models(), events.Dataset{Name: "a", Target: "b", Task: "regression"})
	if err == nil || !strings.Contains(err.Error(), "register it under another name") {
		t.Errorf("%q, %v", name, err)
	}
}

// odd are models whose Get does as it is told.
type odd struct {
	step.Models
	get func(name string) error
}

func (o odd) Get(ctx context.Context, name, version string) (step.ModelVersion, error) {
	if err := o.get(name); err != nil {
		return step.ModelVersion{}, err
	}
	return o.Models.Get(ctx, name, version)
}

// TestAway does not take a registry that cannot be reached for one without the model.
func TestAway(t *testing.T) {
	for _, asked := range []string{"", "a"} {
		models := odd{steptest.New(t).Models(), func(string) error { return step.Retryable(errors.New("the store does not answer")) }}
		name, err := Params{Name: asked}.name(t.Context(), models, events.Dataset{Name: "a", Target: "b", Task: "regression"})
		if step.ClassOf(err) != step.ClassRetryable || err == nil {
			t.Errorf("%q, %v", name, err)
		}
	}
}

// TestTaken is tried again where another model took the name at the same time, and
// gets another one then.
func TestTaken(t *testing.T) {
	env := steptest.New(t)
	if _, err := env.Models().Register(t.Context(), "a", step.ModelVersion{Target: "c", Task: "regression", Cause: "before"}); err != nil {
		t.Fatal(err)
	}
	looks := 0
	models := odd{env.Models(), func(string) error {
		if looks++; looks == 1 {
			return step.Permanent(errors.New("there is no such model yet"))
		}
		return nil
	}}
	raw := events.Dataset{Name: "a", Target: "b", Task: "regression"}
	for attempt, want := range []string{"", "a-b"} {
		name, err := Params{}.name(t.Context(), models, raw)
		if err != nil {
			t.Fatal(err)
		}
		v, err := Params{}.add(t.Context(), models, raw, name, step.ModelVersion{Target: raw.Target, Task: raw.Task, Cause: "this"})
		if want == "" && (err == nil || step.ClassOf(err) != step.ClassRetryable) || want != "" && (err != nil || v.Name != want) {
			t.Errorf("attempt %d: %s", attempt+1, fmt.Sprint(v, err))
		}
	}
}
