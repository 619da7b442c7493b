package hosttest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/hosttest/probe"
	"github.com/runnel-dev/runnel/runtime/step"
)

// damage checks that what is wrong with the store itself comes through the
// function, as it does in process: damage stays, and is permanent on every host.
// The environment of a function that is away is an engine's, to which all else
// that storage says may pass.
func (s *suite) damage(t *testing.T) {
	for _, c := range []struct {
		name  string
		do    string
		says  string
		class step.Class
		harm  func(t testing.TB, e *env, d events.DatasetIngestedData)
	}{
		{"an artifact is gone", "copy", "not found", step.ClassRetryable, func(t testing.TB, e *env, d events.DatasetIngestedData) {
			e.harm(t, d.Dataset.Manifest, os.Remove)
		}},
		{"an artifact is cut short", "copy", "damaged", step.ClassPermanent, func(t testing.TB, e *env, d events.DatasetIngestedData) {
			e.harm(t, d.Dataset.Manifest, func(file string) error { return os.Truncate(file, 5) })
		}},
		{"a table is gone", "table", "not found", step.ClassRetryable, func(t testing.TB, e *env, d events.DatasetIngestedData) {
			e.harm(t, parts(t, e, d)[0], os.Remove)
		}},
		{"a table is something else", "table", "damaged", step.ClassPermanent, func(t testing.TB, e *env, d events.DatasetIngestedData) {
			e.harm(t, parts(t, e, d)[0], func(file string) error { return os.WriteFile(file, []byte("not Parquet"), 0o600) })
		}},
		{"nothing can be stored", "put", "not a directory", step.ClassRetryable, func(t testing.TB, e *env, _ events.DatasetIngestedData) {
			dir := filepath.Join(e.dir, "artifacts")
			if err := errors.Join(os.Rename(dir, dir+".away"), os.WriteFile(dir, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = errors.Join(os.Remove(dir), os.Rename(dir+".away", dir)) })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEnv(t)
			d := small(t, e)
			c.harm(t, e, d)
			inv := Invocation(t, probe.Function, d, probe.Params{Do: c.do, N: 2, Text: "bytes"})
			for _, h := range []host.Host{same, s.host} {
				_, err := h.Run(t.Context(), probe.Function, inv, e)
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%s: got %v, want it to say %q", h.Name(), described(orNone(err)), c.says)
				}
				if (h != same && s.o.Away || c.class == step.ClassPermanent) && step.ClassOf(err) != c.class {
					t.Errorf("%s: it is %s, want %s", h.Name(), step.ClassOf(err), c.class)
				}
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
