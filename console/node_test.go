package console_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/node/client"
	"github.com/runnel-dev/runnel/runtime/node/server"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/store/registry"
)

const token = "a token of the test"

// A served node has every function and the default pipeline; it asks for a token
// at one of its addresses.
type served struct {
	*client.Client
	url     string // asks for nothing
	guarded string // asks for the token
}

func serve(t *testing.T) *served {
	t.Helper()
	fns := all.Functions()
	p, err := pipeline.Default(fns)
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), t.TempDir(), &node.Options{Functions: fns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := n.Start(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	o := server.Options{Node: n, Functions: fns, Info: api.Info{Version: "test", Dir: n.Dir, Pipelines: []string{p.Name}}, Default: func() (*pipeline.Pipeline, error) { return p, nil }}
	open := httptest.NewServer(server.New(o))
	t.Cleanup(open.Close)
	o.Token = token
	guarded := httptest.NewServer(server.New(o))
	t.Cleanup(guarded.Close)
	return &served{client.New(open.URL, ""), open.URL, guarded.URL}
}

// put uploads a table, and waits for its run to end.
func (s *served) put(t *testing.T, key, target string, data []byte) api.RunState {
	t.Helper()
	up, err := s.Put(t.Context(), "uploads", key, "text/csv", map[string]string{"target": target}, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		st, err := s.Run(t.Context(), up.Run)
		if err != nil {
			t.Fatal(err)
		}
		if st.State != engine.Running {
			return st
		}
		if time.Now().After(deadline) {
			t.Fatalf("run %s does not end", up.Run)
		}
	}
}

// get asks as a browser does.
func get(t *testing.T, address string, header http.Header) (*http.Response, []byte) {
	t.Helper()
	return send(t, http.MethodGet, address, "", header)
}

func send(t *testing.T, method, address, body string, header http.Header) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, b
}

func read[T any](t *testing.T, address string) T {
	t.Helper()
	res, b := get(t, address, nil)
	var out T
	if err := json.Unmarshal(b, &out); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %v: %s", address, res.Status, err, b)
	}
	return out
}

// TestAnswers reads what the page reads, of a real run.
func TestAnswers(t *testing.T) {
	s := serve(t)
	st := s.put(t, "penguins.csv", "species", functest.Example(t, "penguins/penguins.csv"))
	sum := read[[]api.RunSummary](t, s.url+"/v1/runs")[0]
	if sum.State != engine.Succeeded || sum.Ended != 8 || sum.Of != 8 || sum.Model != "penguins@1" || len(sum.Active) != 0 {
		t.Errorf("the run is summed up as %+v", sum)
	}
	p := read[api.Pipeline](t, s.url+"/v1/pipelines/"+st.Pipelines["default"])
	if len(p.Steps) != 8 || p.Edges[0] != (api.Edge{To: "ingest", Type: "dev.runnel.object.created.v1"}) ||
		!slices.Contains(p.Edges, api.Edge{From: "train", To: "evaluate", Type: "dev.runnel.model.trained.v1"}) {
		t.Errorf("the pipeline is %+v", p)
	}
	objects := read[api.Objects](t, s.url+"/v1/objects/uploads?limit=1")
	if len(objects.Objects) != 1 || objects.Objects[0].Run != st.ID || objects.Next != "" {
		t.Errorf("the objects are %+v", objects)
	}
	if moves := read[[]registry.AliasMove](t, s.url+"/v1/models/penguins/aliases/champion"); len(moves) != 1 || moves[0].Version != 1 {
		t.Errorf("the alias was moved so: %+v", moves)
	}
	for _, rec := range st.Steps {
		ref, ok := rec.Outputs["report"]
		if !ok {
			continue
		}
		res, b := get(t, s.url+"/v1/reports/"+ref.Digest, nil)
		policy := res.Header.Get("Content-Security-Policy")
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/html; charset=utf-8" || !bytes.HasPrefix(b, []byte("<!doctype html>")) {
			t.Errorf("the report of %s: %s, %s: %.60s", rec.Step, res.Status, res.Header.Get("Content-Type"), b)
		}
		if !strings.HasPrefix(policy, "sandbox; default-src 'none'") || strings.Contains(policy, "allow-") || strings.Contains(policy, "script-src") {
			t.Errorf("the report of %s may do what %q lets it", rec.Step, policy)
		}
	}
	for path, want := range map[string]int{"/v1/reports/sha256:00": 400, "/v1/reports/..%2f..%2fnode.json": 400, "/v1/pipelines/none": 404, "/v1/objects/nowhere": 404,
		"/v1/objects/uploads?limit=x": 400, "/v1/models/penguins/aliases/none": 404} {
		if res, b := get(t, s.url+path, nil); res.StatusCode != want {
			t.Errorf("%s: %s: %s", path, res.Status, b)
		}
	}
}

// TestSession lets a browser in by a cookie that no other site's page can use.
func TestSession(t *testing.T) {
	s := serve(t)
	for path, want := range map[string]int{"/": 200, "/console/main.js": 200, "/v1/runs": 401, "/v1/session": 401, "/metrics": 401, "/v1/reports/sha256:00": 401} {
		if res, _ := get(t, s.guarded+path, nil); res.StatusCode != want {
			t.Errorf("without a token %s is %s", path, res.Status)
		}
	}
	if res, b := send(t, http.MethodPost, s.guarded+"/v1/session", `{"token": "another"}`, nil); res.StatusCode != http.StatusUnauthorized || len(res.Cookies()) != 0 {
		t.Errorf("another token: %s %s", res.Status, b)
	}
	if res, b := send(t, http.MethodPost, s.guarded+"/v1/session", `{"token": "`+strings.Repeat("a", 8<<10)+`"}`, nil); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a token of 8 KiB: %s %s", res.Status, b)
	}
	res, b := send(t, http.MethodPost, s.guarded+"/v1/session", `{"token": "`+token+`"}`, nil)
	if res.StatusCode != http.StatusNoContent || len(res.Cookies()) != 1 {
		t.Fatalf("the token: %s %s", res.Status, b)
	}
	c := res.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || strings.Contains(c.Value, token) {
		t.Errorf("the cookie is %+v", c)
	}
	here, err := url.Parse(s.guarded)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method string
		header http.Header
		want   int
	}{
		{http.MethodGet, nil, 200},
		{http.MethodGet, http.Header{"Cookie": {c.Name + "=" + c.Value + "0"}}, 401},
		{http.MethodPost, http.Header{"Origin": {"http://" + here.Host}, "Sec-Fetch-Site": {"same-origin"}}, 404},
		{http.MethodPost, http.Header{"Origin": {"http://elsewhere.example"}}, 403},
		{http.MethodPost, http.Header{"Origin": {"http://localhost:1"}, "Sec-Fetch-Site": {"same-site"}}, 403},
		{http.MethodPost, http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		{http.MethodPost, http.Header{"Origin": {"null"}}, 403},
	} {
		header := http.Header{"Cookie": {res.Cookies()[0].Name + "=" + res.Cookies()[0].Value}}
		for k, v := range c.header {
			header[k] = v
		}
		path := "/v1/runs"
		if c.method == http.MethodPost {
			path = "/v1/deadletters/none/discard"
		}
		if got, b := send(t, c.method, s.guarded+path, "", header); got.StatusCode != c.want {
			t.Errorf("%s with %v: %s %s, want %d", c.method, c.header, got.Status, b, c.want)
		}
	}
	if res, _ := send(t, http.MethodDelete, s.guarded+"/v1/session", "", http.Header{"Cookie": {c.Name + "=" + c.Value}}); len(res.Cookies()) != 1 || res.Cookies()[0].MaxAge >= 0 {
		t.Errorf("signing out: %s, %v", res.Status, res.Cookies())
	}
}
