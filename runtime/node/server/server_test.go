package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/node/client"
	"github.com/runnel-dev/runnel/runtime/node/metrics"
	"github.com/runnel-dev/runnel/runtime/node/server"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
)

const definition = `
name: test
steps:
  - name: take
  - name: ask
`

type takeParams struct {
	Fail string `json:"fail" doc:"error to fail with"`
}

func functions() pipeline.Functions {
	return pipeline.Functions{
		"take": step.New("take", func(ctx context.Context, call *step.Call, p takeParams) error {
			if p.Fail != "" {
				return errors.New(p.Fail)
			}
			in, err := events.Data[events.ObjectCreatedData](call.Event)
			if err != nil {
				return err
			}
			b, err := call.Bytes(ctx, in.Content)
			if err != nil {
				return err
			}
			_, err = call.PutBytes(ctx, "out", events.MediaBytes, bytes.ToUpper(b))
			return err
		}, step.Accepts(events.ObjectCreated)),
		"ask": step.New("ask", func(context.Context, *step.Call, struct{}) error { return nil }, step.Accepts(events.TrainingRequested)),
	}
}

// A served node, and two ways to it.
type served struct {
	t       testing.TB
	node    *node.Node
	handler http.Handler
	url     string
	clients map[string]*client.Client
}

func serve(t testing.TB, change func(*server.Options)) *served {
	t.Helper()
	fns := functions()
	p, err := pipeline.Parse("test.yaml", strings.NewReader(definition), fns)
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	n, err := node.Open(t.Context(), t.TempDir(), &node.Options{Functions: fns, Observers: []engine.Observer{metrics.New(registry)}})
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
	o := server.Options{Node: n, Functions: fns, Registry: registry, Info: api.Info{Version: "test", Pipelines: []string{"test"}},
		Default: func() (*pipeline.Pipeline, error) { return p, nil }}
	if change != nil {
		change(&o)
	}
	h := server.New(o)
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return &served{t, n, h, srv.URL, map[string]*client.Client{"tcp": client.New(srv.URL, o.Token), "within": client.Within(h)}}
}

// each runs a test over TCP and within the process.
func (s *served) each(test func(t *testing.T, c *client.Client)) {
	for name, c := range s.clients {
		s.t.(*testing.T).Run(name, func(t *testing.T) { test(t, c) })
	}
}

// do sends a request over TCP.
func (s *served) do(method, path, body string, header ...string) (status int, answer string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func wait(t *testing.T, c *client.Client, run, state string) api.RunState {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		st, err := c.Run(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		if st.State == state {
			return st
		}
		if time.Now().After(deadline) {
			t.Fatalf("run is %s, want %s", st.State, state)
		}
	}
}

func status(err error) int {
	var e *api.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

func TestAnUploadStartsARun(t *testing.T) {
	serve(t, nil).each(func(t *testing.T, c *client.Client) {
		ctx := t.Context()
		key := "dir/a b%2F+é " + t.Name() + ".csv"
		up, err := c.Put(ctx, "uploads", key, "text/csv", map[string]string{"Target": "y", "note": "ü"}, strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		if o := up.Object; o.Key != key || o.Bucket != "uploads" || o.Metadata["target"] != "y" || o.Content.MediaType != "text/csv" || o.Content.Size != 5 {
			t.Errorf("%+v", o)
		}
		again, err := c.Put(ctx, "uploads", key, "text/csv", map[string]string{"Target": "y", "note": "ü"}, strings.NewReader("hello"))
		if err != nil || again.Run != up.Run {
			t.Errorf("the same upload again is run %s, before %s: %v", again.Run, up.Run, err)
		}
		st := wait(t, c, up.Run, engine.Succeeded)
		body, err := c.Artifact(ctx, st.Steps[0].Outputs["out"].Digest)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(body)
		if err := errors.Join(err, body.Close()); err != nil || string(b) != "HELLO" {
			t.Errorf("the artifact is %q, %v", b, err)
		}
		if short, err := c.Run(ctx, up.Run[:8]); err != nil || short.ID != up.Run {
			t.Errorf("by its beginning: %v, %v", short.ID, err)
		}

		replay, err := c.Replay(ctx, up.Run)
		if err != nil || replay == up.Run {
			t.Fatalf("replay is %s, %v", replay, err)
		}
		if st := wait(t, c, replay, engine.Succeeded); st.ReplayOf != up.Run || st.Steps[0].Outputs["out"].Digest == "" {
			t.Errorf("%+v", st)
		}
		runs, err := c.Runs(ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, r := range runs {
			if r.Subject == key && r.State == engine.Succeeded {
				found++
			}
		}
		if found != 2 {
			t.Errorf("%d of %v are of the upload, want 2", found, runs)
		}
	})
}

func TestWhatIsNotThereIs404(t *testing.T) {
	serve(t, nil).each(func(t *testing.T, c *client.Client) {
		ctx := t.Context()
		_, run := c.Run(ctx, "00000000-0000-5000-8000-000000000000")
		_, short := c.Run(ctx, "0123")
		_, replay := c.Replay(ctx, "00000000-0000-5000-8000-000000000000")
		_, artifact := c.Artifact(ctx, "sha256:"+strings.Repeat("0", 64))
		_, model := c.Model(ctx, "none")
		_, promote := c.Promote(ctx, "none", api.Promotion{Version: 1})
		_, predict := c.Predict(ctx, "none", "", map[string]any{})
		_, letter := c.DeadLetter(ctx, "none")
		_, redrive := c.Redrive(ctx, "none")
		_, invoke := c.Invoke(ctx, "tkae", api.Invoke{})
		for name, err := range map[string]error{"run": run, "short": short, "replay": replay, "artifact": artifact, "model": model,
			"promote": promote, "predict": predict, "dead letter": letter, "redrive": redrive, "invoke": invoke} {
			if status(err) != http.StatusNotFound {
				t.Errorf("%s: %d %v", name, status(err), err)
			}
		}
		if !strings.Contains(invoke.Error(), "take") {
			t.Errorf("no hint in %v", invoke)
		}
		if _, err := c.Artifact(ctx, "../../secret"); status(err) != http.StatusBadRequest {
			t.Errorf("a digest that is none: %d %v", status(err), err)
		}
	})
}

func TestUploadsThatAreRefused(t *testing.T) {
	s := serve(t, func(o *server.Options) { o.MaxUpload = 100 })
	for name, test := range map[string]struct {
		path, body string
		header     []string
		want       int
	}{
		"too large":         {"/v1/objects/uploads/a.csv", strings.Repeat("x", 101), nil, http.StatusRequestEntityTooLarge},
		"no key":            {"/v1/objects/uploads/", "x", nil, http.StatusBadRequest},
		"bad bucket":        {"/v1/objects/No_Bucket/a.csv", "x", nil, http.StatusBadRequest},
		"reserved metadata": {"/v1/objects/uploads/a.csv", "x", []string{"X-Amz-Meta-Runnel-Pipeline", "default@1"}, http.StatusBadRequest},
		"much metadata":     {"/v1/objects/uploads/a.csv", "x", []string{"X-Amz-Meta-A", strings.Repeat("y", 4096)}, http.StatusRequestEntityTooLarge},
	} {
		if status, answer := s.do(http.MethodPut, test.path, test.body, test.header...); status != test.want || !strings.Contains(answer, `{"error":{"message":"`) {
			t.Errorf("%s: %d %s, want %d", name, status, answer, test.want)
		}
	}
	if runs, err := s.clients["within"].Runs(t.Context(), 0); len(runs) != 0 || err != nil {
		t.Errorf("the runs are %v, %v", runs, err)
	}
}

func TestRunsByRequest(t *testing.T) {
	serve(t, nil).each(func(t *testing.T, c *client.Client) {
		ctx := t.Context()
		var runs []string
		for range 2 { // each is a run of its own
			run, err := c.StartRun(ctx, api.RunRequest{Key: "/home/me/data.csv"}, strings.NewReader("rows"))
			if err != nil {
				t.Fatal(err)
			}
			runs = append(runs, run)
			wait(t, c, run, engine.Succeeded)
		}
		if runs[0] == runs[1] {
			t.Error("two requests made one run")
		}
		run, err := c.StartRun(ctx, api.RunRequest{Key: "data.csv", Params: map[string]map[string]any{"take": {"fail": "on purpose"}}}, strings.NewReader("rows"))
		if err != nil {
			t.Fatal(err)
		}
		st := wait(t, c, run, engine.Failed)
		dl, err := c.DeadLetter(ctx, st.Steps[0].DeadLetter)
		if err != nil || dl.Error.Message != "on purpose" || dl.Event.Subject() != "data.csv" {
			t.Errorf("%+v, %v", dl, err)
		}
		if _, err := c.Redrive(ctx, dl.ID); err != nil {
			t.Error(err)
		}
		for name, req := range map[string]api.RunRequest{
			"step":     {Key: "a", Params: map[string]map[string]any{"tak": {}}},
			"param":    {Key: "a", Params: map[string]map[string]any{"take": {"fial": "x"}}},
			"key":      {},
			"pipeline": {Key: "a", Pipeline: "name: x\nsteps: [{name: take, function: tkae}]"},
		} {
			if _, err := c.StartRun(ctx, req, strings.NewReader("x")); status(err) != http.StatusBadRequest {
				t.Errorf("%s: %d %v", name, status(err), err)
			}
		}
	})
}

func TestInvoke(t *testing.T) {
	serve(t, nil).each(func(t *testing.T, c *client.Client) {
		ev := json.RawMessage(`{"specversion": "1.0", "id": "1", "source": "/t", "type": "` + events.TrainingRequested + `"}`)
		if _, err := c.Invoke(t.Context(), "ask", api.Invoke{Event: ev}); err != nil {
			t.Error(err)
		}
		if _, err := c.Invoke(t.Context(), "take", api.Invoke{Event: ev, Params: map[string]any{"fial": 1}}); err == nil || !strings.Contains(err.Error(), "fail") {
			t.Errorf("%v", err)
		}
		if _, err := c.Invoke(t.Context(), "ask", api.Invoke{Event: json.RawMessage(`{}`)}); status(err) != http.StatusBadRequest {
			t.Errorf("%v", err)
		}
	})
}

func TestWhoIsLetIn(t *testing.T) {
	open := serve(t, nil)
	host := strings.TrimPrefix(open.url, "http://")
	for _, test := range []struct {
		header []string
		want   int
	}{
		{nil, http.StatusOK},
		{[]string{"Host", "localhost:1"}, http.StatusOK},
		{[]string{"Host", "[::1]:7070"}, http.StatusOK},
		{[]string{"Origin", "http://" + host}, http.StatusOK},
		{[]string{"Origin", "https://evil.example"}, http.StatusForbidden},
		{[]string{"Origin", "null"}, http.StatusForbidden},
		{[]string{"Host", "evil.example"}, http.StatusForbidden}, // resolves to loopback
		{[]string{"Host", "runnel"}, http.StatusForbidden},
		{[]string{"Host", "10.0.0.1:80"}, http.StatusForbidden},
	} {
		if status, answer := open.do(http.MethodGet, "/v1/node", "", test.header...); status != test.want {
			t.Errorf("%v: %d %s, want %d", test.header, status, answer, test.want)
		}
	}
	closed := serve(t, func(o *server.Options) { o.Token = "secret" })
	for _, test := range []struct {
		path   string
		header []string
		want   int
	}{
		{"/v1/node", nil, http.StatusUnauthorized},
		{"/metrics", nil, http.StatusUnauthorized},
		{"/healthz", nil, http.StatusOK},
		{"/v1/node", []string{"Authorization", "Bearer wrong"}, http.StatusUnauthorized},
		{"/v1/node", []string{"Authorization", "secret"}, http.StatusUnauthorized},
		{"/v1/node", []string{"Authorization", "Bearer secret", "Host", "node.example"}, http.StatusOK},
		{"/v1/node", []string{"Authorization", "Bearer secret", "Origin", "https://evil.example"}, http.StatusForbidden},
	} {
		if status, answer := closed.do(http.MethodGet, test.path, "", test.header...); status != test.want {
			t.Errorf("%s %v: %d %s, want %d", test.path, test.header, status, answer, test.want)
		}
	}
	if info, err := closed.clients["tcp"].Node(t.Context()); err != nil || info.Version != "test" {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestOtherPathsAndMetrics(t *testing.T) {
	s := serve(t, nil)
	if status, answer := s.do(http.MethodGet, "/nowhere", ""); status != http.StatusNotFound || !strings.Contains(answer, "no GET /nowhere here") {
		t.Errorf("%d %s", status, answer)
	}
	c := s.clients["tcp"]
	up, err := c.Put(t.Context(), "uploads", "a", "", nil, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	wait(t, c, up.Run, engine.Succeeded)
	_, text := s.do(http.MethodGet, "/metrics", "")
	for _, want := range []string{"runnel_runs_accepted_total 1", `runnel_steps_total{pipeline="test",status="done",step="take"} 1`, `runnel_steps_active{pipeline="test",step="take"} 0`} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if status, answer := s.do(http.MethodGet, "/v1/runs?limit=x", ""); status != http.StatusBadRequest {
		t.Errorf("%d %s", status, answer)
	}
}

// post sends a CloudEvent and gives the runs that it started.
func (s *served) post(body string, header ...string) (int, []api.RunStarted, string) {
	s.t.Helper()
	status, answer := s.do(http.MethodPost, "/events", body, header...)
	var runs []api.RunStarted
	if status == http.StatusAccepted {
		if err := json.Unmarshal([]byte(answer), &runs); err != nil {
			s.t.Error(err)
		}
	}
	return status, runs, answer
}

func structuredEvent(id, more string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/crm","type":%q%s}`, id, events.TrainingRequested, more)
}

func TestIngress(t *testing.T) {
	s := serve(t, nil)
	c := s.clients["tcp"]
	structured := []string{"Content-Type", "application/cloudevents+json; charset=utf-8"}
	batch := []string{"Content-Type", "application/cloudevents-batch+json"}
	binary := []string{"Content-Type", "application/json", "Ce-Specversion", "1.0", "Ce-Id", "1", "Ce-Source", "/crm", "Ce-Type", events.TrainingRequested}

	status, first, answer := s.post(structuredEvent("1", `,"data":{"a":1}`), structured...)
	if status != http.StatusAccepted || len(first) != 1 {
		t.Fatalf("%d %s", status, answer)
	}
	wait(t, c, first[0].Run, engine.Succeeded)
	if status, again, answer := s.post(`{"a":1}`, binary...); status != http.StatusAccepted || again[0] != first[0] {
		t.Errorf("the same event in binary mode: %d %s, want run %s", status, answer, first[0].Run)
	}
	var many []string
	for i := range 100 {
		many = append(many, structuredEvent(fmt.Sprint("b", i), ""))
	}
	status, runs, answer := s.post("["+strings.Join(many, ",")+"]", batch...)
	if status != http.StatusAccepted || len(runs) != 100 {
		t.Fatalf("%d %s", status, answer)
	}
	for _, r := range runs {
		wait(t, c, r.Run, engine.Succeeded)
	}

	for name, test := range map[string]struct {
		body   string
		header []string
		want   int
	}{
		"not JSON":       {`{"specversion":`, structured, http.StatusBadRequest},
		"no id":          {`{"specversion":"1.0","source":"/crm","type":"x"}`, structured, http.StatusBadRequest},
		"no mode":        {`{"a":1}`, []string{"Content-Type", "application/json"}, http.StatusBadRequest},
		"empty batch":    {`[]`, batch, http.StatusBadRequest},
		"an upload":      {strings.Replace(structuredEvent("2", ""), events.TrainingRequested, events.ObjectCreated, 1), structured, http.StatusBadRequest},
		"large data":     {structuredEvent("2", `,"data":"`+strings.Repeat("x", events.MaxSize)+`"`), structured, http.StatusRequestEntityTooLarge},
		"large subject":  {structuredEvent("2", `,"subject":"`+strings.Repeat("x", events.MaxSize)+`"`), structured, http.StatusRequestEntityTooLarge},
		"large body":     {strings.Repeat(" ", 33<<20), structured, http.StatusRequestEntityTooLarge},
		"many":           {"[" + strings.Repeat(structuredEvent("2", "")+",", 1000) + structuredEvent("3", "") + "]", batch, http.StatusBadRequest},
		"one bad of two": {"[" + structuredEvent("2", "") + "," + structuredEvent("3", `,"pipeline":"x"`) + "]", batch, http.StatusBadRequest},
	} {
		if status, _, answer := s.post(test.body, test.header...); status != test.want || !strings.Contains(answer, `{"error":{"message":"`) {
			t.Errorf("%s: %d %s, want %d", name, status, answer, test.want)
		}
	}
	for _, name := range []string{events.Run, events.Cause, events.Pipeline, events.PipelineVersion, events.StepName,
		events.SetID, events.SetSize, events.SetIndex, events.SetOuter, events.Redrive, events.RedriveStep} {
		if status, _, answer := s.post(structuredEvent("2", `,"`+name+`":"1"`), structured...); status != http.StatusBadRequest || !strings.Contains(answer, "reserved") {
			t.Errorf("extension %s: %d %s", name, status, answer)
		}
	}
	if all, err := c.Runs(t.Context(), 0); len(all) != 101 || err != nil {
		t.Errorf("%d runs, want 101: what is refused starts none, %v", len(all), err)
	}
}
