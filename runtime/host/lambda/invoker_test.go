package lambda_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/host/hosttest/probe"
	"github.com/runnel-dev/runnel/runtime/host/lambda"
	"github.com/runnel-dev/runnel/runtime/host/lambda/message"
	"github.com/runnel-dev/runnel/runtime/host/lambda/serve"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// invokers are the two ways to a server that speaks as Lambda does.
func invokers(t testing.TB, url string) map[string]lambda.Invoker {
	t.Helper()
	byAWS, err := lambda.NewAWS(aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(url), Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")}, "lab-{function}")
	if err != nil {
		t.Fatal(err)
	}
	address := url + "/2015-03-31/functions/lab-probe/invocations"
	return map[string]lambda.Invoker{"aws": byAWS, "http": lambda.NewHTTP(func(string) []string { return []string{address} })}
}

// TestFailures gives what Lambda may answer its class.
func TestFailures(t *testing.T) {
	for _, c := range []struct {
		status    int
		failed    bool // with the header of a function error
		code      string
		body      string
		class     step.Class
		text      string
		aws, http bool
	}{
		{200, true, "", `{"errorMessage":"2026-01-01T00:00:00Z 0123 Task timed out after 3.00 seconds"}`, step.ClassTimeout, "timed out", true, true},
		{200, true, "", `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 0123 Error: Runtime exited with error: signal: killed"}`, step.ClassPermanent, "memory", true, true},
		{200, true, "", `{"errorType":"Runtime.OutOfMemory","errorMessage":"out"}`, step.ClassPermanent, "memory", true, true},
		{200, true, "", `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 0123 Error: Runtime exited with error: exit status 2"}`, step.ClassPoison, "its log says why", true, true},
		{200, true, "", `{"errorType":"errorString","errorMessage":"no"}`, step.ClassPermanent, "failed: no", true, true},
		{200, false, "", "Task timed out after 2.00 seconds", step.ClassTimeout, "timed out", false, true}, // the emulator's
		{502, false, "", `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 0123 Error: exit status 3"}`, step.ClassPoison, "exit status 3", false, true},
		{200, false, "", `"hello"`, step.ClassPermanent, "deploy it anew", true, true},
		{429, false, "TooManyRequestsException", `{}`, step.ClassRetryable, "", true, true},
		{500, false, "ServiceException", `{}`, step.ClassRetryable, "", true, true},
		{503, false, "", ``, step.ClassRetryable, "", true, true},
		{404, false, "ResourceNotFoundException", `{}`, step.ClassPermanent, "", true, true},
		{403, false, "AccessDeniedException", `{}`, step.ClassPermanent, "lambda:InvokeFunction", true, false},
		{413, false, "RequestTooLargeException", `{}`, step.ClassPermanent, "", true, true},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/functions/lab-probe/invocations") {
				t.Errorf("asked for %s", r.URL)
			}
			if c.failed {
				w.Header().Set("X-Amz-Function-Error", "Unhandled")
			}
			if c.code != "" {
				w.Header().Set("X-Amzn-Errortype", c.code)
			}
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		}))
		for name, invoker := range invokers(t, server.URL) {
			if name == "aws" && !c.aws || name == "http" && !c.http {
				continue
			}
			_, err := lambda.New(invoker, nil).Run(t.Context(), probe.Function, probed(t), nil)
			if err == nil || step.ClassOf(err) != c.class || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s: %d %s %s gives %v, want class %s and %q", name, c.status, c.code, c.body, err, c.class, c.text)
			}
		}
		server.Close()
	}
}

// An address answers one call at a time, also where a caller has given up.
func TestOneAtATime(t *testing.T) {
	var working atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if working.Add(1) > 1 {
			t.Error("two calls at once")
		}
		time.Sleep(200 * time.Millisecond)
		working.Add(-1)
		fmt.Fprint(w, `{"result":{}}`)
	}))
	defer server.Close()
	h := lambda.New(lambda.NewHTTP(func(string) []string { return []string{server.URL} }), nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := h.Run(ctx, probe.Function, probed(t), nil); step.ClassOf(err) != step.ClassTimeout {
		t.Errorf("got %v, want a timeout", err)
	}
	if _, err := h.Run(t.Context(), probe.Function, probed(t), nil); err != nil {
		t.Error(err)
	}
	if _, err := lambda.New(lambda.NewHTTP(func(string) []string { return nil }), nil).Run(t.Context(), probe.Function, probed(t), nil); err == nil || step.ClassOf(err) != step.ClassPermanent {
		t.Errorf("without an address: %v", err)
	}
}

func TestNames(t *testing.T) {
	if _, err := lambda.NewAWS(aws.Config{}, "runnel"); err == nil || !strings.Contains(err.Error(), "{function}") {
		t.Errorf("a name for all functions: %v", err)
	}
}

// inProcess invokes a function's server without a network.
type inProcess struct {
	*serve.Server
	largest int
}

func (i *inProcess) Invoke(ctx context.Context, _ string, payload []byte) (lambda.Reply, error) {
	b, err := i.Server.Invoke(ctx, payload)
	i.largest = max(i.largest, len(payload), len(b))
	return lambda.Reply{Payload: b}, err
}

// roomy is an environment over a store, as far as this host asks for one.
type roomy struct {
	step.Env
	store *store.Store
}

func (r roomy) Put(ctx context.Context, mediaType string, b io.Reader) (events.Ref, error) {
	return r.store.Put(ctx, mediaType, b)
}

func (r roomy) Open(ctx context.Context, ref events.Ref) (step.Blob, error) {
	return r.store.Open(ctx, ref)
}

// What is larger than Lambda takes goes by the store, both ways.
func TestLarge(t *testing.T) {
	dir := t.TempDir()
	st, err := store.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	invoker := &inProcess{Server: serve.New(probe.Function, &serve.Options{Log: slog.New(slog.DiscardHandler), Getenv: func(string) string { return "" }})}
	h := lambda.New(invoker, &lambda.Options{Store: func(step.Env) string { return dir }})
	inv := probed(t)
	inv.Params = map[string]any{"do": "emit", "n": 10_000, "text": strings.Repeat("x", 300)}
	for i := range 4000 {
		member := inv.Event.Clone()
		member.SetExtension("filler", strings.Repeat("y", 1500))
		events.Enter(&member, events.Set{ID: "s", Size: 4000, Index: i})
		inv.Set = append(inv.Set, member)
	}
	res, err := h.Run(t.Context(), probe.Function, inv, roomy{store: st})
	if err != nil || len(res.Events) != 10_000 {
		t.Fatalf("%d events, %v", len(res.Events), err)
	}
	if invoker.largest > message.MaxPayload {
		t.Errorf("a message had %d bytes", invoker.largest)
	}
	if b, _ := json.Marshal(res); len(b) <= message.MaxPayload {
		t.Errorf("the result has %d bytes only", len(b))
	}
}

// TestMemory: a step's memory reaches the function, and bounds it where it is
// less than that of the process.
func TestMemory(t *testing.T) {
	dir := t.TempDir()
	s := serve.New(probe.Function, &serve.Options{Log: slog.New(slog.DiscardHandler), Getenv: func(string) string { return "" }})
	h := lambda.New(invokerFunc(func(ctx context.Context, payload []byte) (lambda.Reply, error) {
		b, err := s.Invoke(ctx, payload)
		return lambda.Reply{Payload: b}, err
	}), &lambda.Options{Store: func(step.Env) string { return dir }})
	inv := probed(t)
	inv.Params, inv.Memory = map[string]any{"do": "alloc", "n": 400}, 200<<20
	if _, err := h.Run(t.Context(), probe.Function, inv, nil); err == nil || !strings.Contains(err.Error(), "Runtime.OutOfMemory") {
		t.Errorf("400 of 200 MiB: %v", err)
	}
}

type invokerFunc func(ctx context.Context, payload []byte) (lambda.Reply, error)

func (f invokerFunc) Invoke(ctx context.Context, _ string, payload []byte) (lambda.Reply, error) {
	return f(ctx, payload)
}
