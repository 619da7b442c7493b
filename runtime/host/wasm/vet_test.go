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

// TestVet: what a guest hands over refers to nothing but what it was given or
// stored, whatever type it gives it; else the step after it, in any host, would
// read that by rights of its own. A guest of this repository may write what only
// looks like a reference, such as a row.
func TestVet(t *testing.T) {
	env := steptest.New(t)
	secret := env.PutBytes(t, events.MediaBytes, []byte("secret"))
	given := env.PutBytes(t, events.MediaBytes, []byte("given"))
	ref := func(digest string) string { return fmt.Sprintf(`{"digest": %q, "size": 6}`, digest) }
	for what, c := range map[string]struct {
		content string
		refused bool
		row     bool // which is a reference to no program of ours
	}{
		"a manifest":           {`{"rows": 1, "parts": [{"table": ` + ref(secret.Digest) + `}]}`, true, false},
		"alone":                {ref(secret.Digest), true, false},
		"in other letters":     {`{"DIGEST": "` + secret.Digest + `"}`, true, true},
		"escaped":              {`{"d\u0069gest": "sha256\u003a` + secret.Digest[7:] + `"}`, true, true},
		"escaped, exact":       {`{"d\u0069gest": "sha256\u003a` + secret.Digest[7:] + `", "size": 6}`, true, false},
		"behind white space":   {strings.Repeat(" \n", 100_000) + ref(secret.Digest), true, false},
		"behind much":          {`[` + strings.Repeat(`{"x": [1, 2, 3]},`, 50_000) + ref(secret.Digest) + `]`, true, false},
		"in the second line":   {"{}\n" + ref(secret.Digest), true, false},
		"before it is broken":  {ref(secret.Digest) + "}", true, false},
		"given":                {`[` + ref(given.Digest) + `]`, false, false},
		"a digest of a column": {`{"image": "` + secret.Digest + `", "` + secret.Digest + `": ["` + secret.Digest + `"]}`, false, false},
		"no JSON":              {"see " + ref(secret.Digest), false, false},
		"nothing":              {"", false, false},
		"white space":          {" \n ", false, false},
		"broken":               {`{"x": `, false, false},
	} {
		for _, trusted := range []bool{false, true} {
			s := sessionOf(t, &Host{out: 1 << 30})
			s.env, s.module.Trusted = env, trusted
			s.may().grant(given)
			for name, content := range map[string]io.Reader{
				"at once": strings.NewReader(c.content), "in pieces": iotest.DataErrReader(iotest.HalfReader(strings.NewReader(c.content))),
			} {
				res := s.Put(abi.Put{File: "/out/x", MediaType: "text/plain"}, int64(len(c.content)), content)
				if refused := res.Error != nil; refused != (c.refused && !(trusted && c.row)) || refused && !strings.Contains(res.Error.Message, secret.Digest) {
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

// TestUploads: what was uploaded, or downloaded by a guest of this repository, is
// read, and what stands in it is not; but for a list of uploads.
func TestUploads(t *testing.T) {
	for mediaType, reads := range map[string]bool{events.MediaJSON: false, events.MediaDataset: false, events.MediaManifest: true} {
		env := steptest.New(t)
		secret := env.PutBytes(t, events.MediaBytes, []byte("secret"))
		list := env.PutJSON(t, mediaType, []any{map[string]any{"content": secret}})
		fn := probe("probe")
		s := (&Host{}).newSession(t.Context(), fn, invocationOf(t, fn, events.ObjectCreatedData{Object: events.Object{Content: list}}, nil), env)
		b, err := s.Open(list.Digest)
		if err != nil {
			t.Fatal(err)
		}
		_ = b.Close()
		if _, err := s.Open(secret.Digest); (err == nil) != reads {
			t.Errorf("an upload of type %s that names an artifact: %v", mediaType, err)
		}
	}
}
