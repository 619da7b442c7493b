package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/node/client"
)

// quiet fails the test where goroutines that it started are left.
func quiet(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				buf := make([]byte, 1<<16)
				t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
				return
			}
		}
	})
}

const digest = "sha256:00"

func TestAnswersStream(t *testing.T) {
	quiet(t)
	next := make(chan string)
	c := client.Within(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for text := range next {
			io.WriteString(w, text)
			w.(http.Flusher).Flush()
		}
	}))
	go func() { next <- "first" }()
	body, err := c.Artifact(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 5)
	if _, err := io.ReadFull(body, buf); string(buf) != "first" || err != nil {
		t.Errorf("%q, %v: want it before the handler ends", buf, err)
	}
	go func() { next <- " second"; close(next) }()
	rest, err := io.ReadAll(body)
	if string(rest) != " second" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
	body.Close()
}

func TestCancelling(t *testing.T) {
	endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for { // heeds nothing but the errors of writing
			if _, err := w.Write([]byte("x")); err != nil {
				return
			}
		}
	})
	t.Run("while reading", func(t *testing.T) {
		quiet(t)
		ctx, cancel := context.WithCancel(t.Context())
		body, err := client.Within(endless).Artifact(ctx, digest)
		if err != nil {
			t.Fatal(err)
		}
		io.ReadFull(body, make([]byte, 10))
		cancel()
		if _, err := io.ReadAll(body); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	t.Run("without reading", func(t *testing.T) {
		quiet(t)
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := client.Within(endless).Artifact(ctx, digest); err != nil {
			t.Fatal(err)
		}
		cancel()
	})
	t.Run("by closing", func(t *testing.T) {
		quiet(t)
		body, err := client.Within(endless).Artifact(t.Context(), digest)
		if err != nil {
			t.Fatal(err)
		}
		body.Close()
	})
	t.Run("before the answer", func(t *testing.T) {
		quiet(t)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		hangs := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		if _, err := client.Within(hangs).Node(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

func TestAHandlerThatPanics(t *testing.T) {
	quiet(t)
	c := client.Within(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/artifacts/") {
			io.WriteString(w, "half of")
		}
		panic("oh")
	}))
	if _, err := c.Node(t.Context()); err == nil {
		t.Error("no error before the answer")
	}
	body, err := c.Artifact(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if b, err := io.ReadAll(body); err == nil {
		t.Errorf("no error after %q", b)
	}
}

func TestErrorsOfTheNode(t *testing.T) {
	for body, want := range map[string]string{
		`{"error": {"message": "no such column", "column": "age"}}`: "no such column",
		`<html>`: "GET /v1/node: 418 I'm a teapot: <html>",
	} {
		c := client.Within(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			io.WriteString(w, body)
		}))
		_, err := c.Node(t.Context())
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
		var e *api.Error
		if errors.As(err, &e) && (e.Status != http.StatusTeapot || e.Column != "age") {
			t.Errorf("%+v", e)
		}
	}
}
