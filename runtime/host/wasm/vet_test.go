package wasm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// TestVet: what a user's guest hands over refers to nothing but what it was
// given or stored, whatever type it gives it; else the step after it, in any
// host, would read that by rights of its own.
func TestVet(t *testing.T) {
	env := steptest.New(t)
	secret := env.PutBytes(t, events.MediaBytes, []byte("secret"))
	given := env.PutBytes(t, events.MediaBytes, []byte("given"))
	ref := func(digest string) string { return fmt.Sprintf(`{"digest": %q, "size": 6}`, digest) }
	for what, c := range map[string]struct {
		content string
		refused bool
	}{
		"a manifest":           {`{"rows": 1, "parts": [{"table": ` + ref(secret.Digest) + `}]}`, true},
		"alone":                {ref(secret.Digest), true},
		"in other letters":     {`{"DIGEST": "` + secret.Digest + `"}`, true},
		"escaped":              {`{"d\u0069gest": "sha256\u003a` + secret.Digest[7:] + `"}`, true},
		"behind white space":   {strings.Repeat(" \n", 100_000) + ref(secret.Digest), true},
		"behind much":          {`[` + strings.Repeat(`{"x": [1, 2, 3]},`, 50_000) + ref(secret.Digest) + `]`, true},
		"in the second line":   {"{}\n" + ref(secret.Digest), true},
		"before it is broken":  {ref(secret.Digest) + "}", true},
		"given":                {`[` + ref(given.Digest) + `]`, false},
		"a digest of a column": {`{"image": "` + secret.Digest + `", "` + secret.Digest + `": ["` + secret.Digest + `"]}`, false},
		"no JSON":              {"see " + ref(secret.Digest), false},
		"nothing":              {"", false},
		"white space":          {" \n ", false},
		"broken":               {`{"x": `, false},
	} {
		for _, trusted := range []bool{false, true} {
			s := sessionOf(t, &Host{out: 1 << 30})
			s.env, s.module.Trusted = env, trusted
			s.rights.grant(given)
			for name, content := range map[string]io.Reader{
				"at once": strings.NewReader(c.content), "in pieces": iotest.DataErrReader(iotest.HalfReader(strings.NewReader(c.content))),
			} {
				res := s.Put(abi.Put{File: "/out/x", MediaType: "text/plain"}, int64(len(c.content)), content)
				if refused := res.Error != nil; refused != (c.refused && !trusted) || refused && !strings.Contains(res.Error.Message, secret.Digest) {
					t.Errorf("%s, %s, of a guest trusted %v: %+v", what, name, trusted, res)
				}
			}
		}
	}
}

// stuck is a store that takes nothing.
type stuck struct{ *steptest.Env }

func (stuck) Put(context.Context, string, io.Reader) (events.Ref, error) {
	return events.Ref{}, step.Retryable(errors.New("the disk is away"))
}

// TestVetEnds: where the store fails first, its error is what counts.
func TestVetEnds(t *testing.T) {
	s := sessionOf(t, &Host{out: 1 << 30})
	s.env = stuck{steptest.New(t)}
	for range 3 {
		res := s.Put(abi.Put{File: "/out/x"}, 2, strings.NewReader("{}"))
		if res.Error == nil || res.Error.Class != step.ClassRetryable {
			t.Errorf("%+v", res)
		}
	}
}

// TestFetchedReferences: what is downloaded is vetted as what is handed over.
func TestFetchedReferences(t *testing.T) {
	env := steptest.New(t)
	secret := env.PutBytes(t, events.MediaBytes, []byte("secret"))
	env.URLs["https://example.org/list"] = []byte(`{"digest": "` + secret.Digest + `"}`)
	env.URLs["https://example.org/page"] = []byte("see " + secret.Digest)
	s := sessionOf(t, &Host{})
	s.env, s.module.Network = env, true
	if res := s.Ask(abi.Request{Fetch: &abi.Fetch{URL: "https://example.org/list"}}); res.Error == nil || res.Ref != nil {
		t.Errorf("%+v", res)
	}
	if res := s.Ask(abi.Request{Fetch: &abi.Fetch{URL: "https://example.org/page"}}); res.Error != nil {
		t.Errorf("%+v", res.Error)
	}
}
