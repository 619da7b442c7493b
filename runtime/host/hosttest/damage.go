package hosttest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/host/hosttest/probe"
	"github.com/runnel-dev/runnel/runtime/step"
)

// damage checks that what is wrong with the store itself comes through a function
// that has its own environment over it, with the text that it has in process. The
// environment there is an engine's, to which all that storage says may pass.
func (s *suite) damage(t *testing.T) {
	for _, c := range []struct {
		name string
		do   string
		harm func(t testing.TB, e *env, d events.DatasetIngestedData)
	}{
		{"an artifact is gone", "copy", func(t testing.TB, e *env, d events.DatasetIngestedData) {
			e.harm(t, d.Dataset.Manifest, os.Remove)
		}},
		{"an artifact is cut short", "copy", func(t testing.TB, e *env, d events.DatasetIngestedData) {
			e.harm(t, d.Dataset.Manifest, func(file string) error { return os.Truncate(file, 5) })
		}},
		{"a table is gone", "table", func(t testing.TB, e *env, d events.DatasetIngestedData) {
			e.harm(t, parts(t, e, d)[0], os.Remove)
		}},
		{"a table is something else", "table", func(t testing.TB, e *env, d events.DatasetIngestedData) {
			e.harm(t, parts(t, e, d)[0], func(file string) error { return os.WriteFile(file, []byte("not Parquet"), 0o600) })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEnv(t)
			d := small(t, e)
			c.harm(t, e, d)
			inv := Invocation(t, probe.Function, d, probe.Params{Do: c.do})
			_, want := same.Run(t.Context(), probe.Function, inv, e)
			if want == nil {
				t.Fatal("in process it does no harm")
			}
			_, err := s.host.Run(t.Context(), probe.Function, inv, e)
			if err == nil || step.ClassOf(err) != step.ClassRetryable || !strings.Contains(err.Error(), want.Error()) {
				t.Errorf("got %v, want it to say %q (%s)", described(orNone(err)), want, step.ClassRetryable)
			}
		})
	}
}

// harm does something to the file of an artifact; see store and fileblob.
func (e *env) harm(t testing.TB, ref events.Ref, do func(file string) error) {
	t.Helper()
	hex := strings.TrimPrefix(ref.Digest, "sha256:")
	if err := do(filepath.Join(e.dir, "artifacts", "sha256", hex[:2], hex[2:]+".blob")); err != nil {
		t.Fatal(err)
	}
}
