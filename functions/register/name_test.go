package register

import (
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// TestOneTargetAName checks that versions of one model predict one target.
func TestOneTargetAName(t *testing.T) {
	env := steptest.New(t)
	before := step.ModelVersion{Name: "planes", Target: "engine", Task: "classification", Cause: "before"}
	if _, err := env.Models().Register(t.Context(), "planes", before); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		target, task, name string
		want               string // "": refused
	}{
		{"engine", "classification", "", "planes"},
		{"speed", "regression", "", "planes-speed"},
		{"engine", "regression", "", "planes-regression"},
		{"speed", "regression", "planes", ""},
		{"seats, all", "regression", "", "planes-seats-all"},
	} {
		raw := events.Dataset{Name: "planes", Target: test.target, Task: test.task}
		name, err := Params{Name: test.name}.name(t.Context(), env.Models(), raw)
		if test.want == "" {
			if err == nil || !strings.Contains(err.Error(), "register it under another name") {
				t.Errorf("%+v: %q, %v", test, name, err)
			}
			continue
		}
		if err != nil || name != test.want {
			t.Errorf("%+v: %q, %v", test, name, err)
		}
	}
}
