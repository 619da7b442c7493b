package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// transport hands requests to a handler in this process; answers stream.
type transport struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper. The answer's body ends with an error
// when the request's context does, or when the handler panics.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	pr, pw := io.Pipe()
	w := &writer{header: http.Header{}, body: pw, ready: make(chan struct{})}
	in := req.Clone(ctx)
	in.RequestURI = req.URL.RequestURI()
	in.Host = req.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	// A handler that writes to a body that nobody reads must not wait for ever.
	stop := context.AfterFunc(ctx, func() { pw.CloseWithError(context.Cause(ctx)) })
	go func() {
		defer stop()
		defer in.Body.Close()
		defer func() {
			if p := recover(); p != nil {
				if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
					w.WriteHeader(http.StatusInternalServerError)
				}
				pw.CloseWithError(fmt.Errorf("the handler of %s %s panicked: %v", req.Method, req.URL.Path, p))
			}
			w.WriteHeader(http.StatusOK)
			pw.Close()
		}()
		t.handler.ServeHTTP(w, in)
	}()
	select {
	case <-w.ready:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return &http.Response{StatusCode: w.status, Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: w.sent, Body: pr, ContentLength: -1, Request: req}, nil
}

// writer is the http.ResponseWriter of a request within the process. Only the
// handler's goroutine writes to it.
type writer struct {
	header http.Header
	sent   http.Header
	status int
	body   *io.PipeWriter
	ready  chan struct{}
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	if w.status == 0 && status >= 200 { // what comes before is no answer yet
		w.status, w.sent = status, w.header.Clone()
		close(w.ready)
	}
}

func (w *writer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

// Flush implements http.Flusher: what is written is with the client already.
func (w *writer) Flush() { w.WriteHeader(http.StatusOK) }
