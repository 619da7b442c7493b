// Package server answers the HTTP requests of package api for a node.
package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/runnel-dev/runnel/console"
	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus/structured"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// Options say how a node is served. Node, Functions and Default are needed.
type Options struct {
	Node      *node.Node
	Functions pipeline.Functions
	Default   func() (*pipeline.Pipeline, error) // a pipeline for runs that name none
	Info      api.Info
	Token     string // "": none is asked for; else clients send it as Authorization: Bearer
	MaxUpload int64  // bytes of an uploaded file; 0: 64 GiB
	Registry  *prometheus.Registry
	Log       *slog.Logger
}

// maxBody bounds requests other than uploads, in bytes.
const maxBody = 32 << 20

type server struct {
	Options
	models *served
}

// New makes the handler of a node.
func New(o Options) http.Handler {
	if o.MaxUpload == 0 {
		o.MaxUpload = 64 << 30
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{Options: o, models: newServed(o.Node)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, map[string]string{"status": "ok"}, nil) })
	if o.Registry != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{}))
	}
	page := console.Handler()
	mux.Handle("GET /{$}", page)
	mux.Handle("GET /console/", page)
	mux.HandleFunc(openSession, s.openSession)
	mux.HandleFunc("DELETE /v1/session", s.closeSession)
	mux.HandleFunc("POST /events", s.ingress)
	mux.HandleFunc("POST /predict", s.predict)
	mux.HandleFunc("GET /v1/node", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.Info, nil) })
	mux.HandleFunc("PUT /v1/objects/{bucket}/{key...}", s.putObject)
	mux.HandleFunc("GET /v1/objects", s.listBuckets)
	mux.HandleFunc("GET /v1/objects/{bucket}", s.listObjects)
	mux.HandleFunc("POST /v1/runs", s.startRun)
	mux.HandleFunc("GET /v1/runs", s.listRuns)
	mux.HandleFunc("GET /v1/runs/{run}", s.showRun)
	mux.HandleFunc("POST /v1/runs/{run}/replay", s.replayRun)
	mux.HandleFunc("POST /v1/runs/{run}/cancel", s.cancelRun)
	mux.HandleFunc("POST /v1/artifacts", s.putArtifact)
	mux.HandleFunc("GET /v1/artifacts/{digest}", s.artifact)
	mux.HandleFunc("GET /v1/reports/{digest}", s.report)
	mux.HandleFunc("GET /v1/pipelines/{version}", s.showPipeline)
	mux.HandleFunc("GET /v1/models", s.listModels)
	mux.HandleFunc("GET /v1/models/{name}", s.showModel)
	mux.HandleFunc("POST /v1/models/{name}", s.registerModel)
	mux.HandleFunc("GET /v1/models/{name}/aliases/{alias}", s.aliasHistory)
	mux.HandleFunc("POST /v1/models/{name}/promote", s.promote)
	mux.HandleFunc("POST /v1/models/{name}/rollback", s.rollback)
	mux.HandleFunc("POST /v1/models/{name}/predict", s.predict)
	mux.HandleFunc("GET /v1/deadletters", s.listDeadLetters)
	mux.HandleFunc("GET /v1/deadletters/{id}", s.showDeadLetter)
	mux.HandleFunc("POST /v1/deadletters/{id}/redrive", s.redrive)
	mux.HandleFunc("POST /v1/deadletters/{id}/discard", s.discard)
	mux.HandleFunc("POST /v1/functions/{name}/invoke", s.invoke)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		answer(w, nil, &api.Error{Status: http.StatusNotFound, Message: fmt.Sprintf("no %s %s here", r.Method, r.URL.Path)})
	})
	return s.guard(mux)
}

// openSession is the request that brings the token.
const openSession = "POST /v1/session"

// open tells whether a request needs no token: nothing of the node's is in its answer.
func open(r *http.Request) bool {
	return r.URL.Path == "/healthz" || console.Public(r.URL.Path) || r.Method+" "+r.URL.Path == openSession
}

// guard keeps out what a browser was tricked into sending, and, where the node
// has a token, whoever does not have it.
func (s *server) guard(next http.Handler) http.Handler {
	foreign := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		if origin := r.Header.Get("Origin"); foreign.Check(r) != nil || (origin != "" && !sameHost(origin, r.Host)) {
			answer(w, nil, &api.Error{Status: http.StatusForbidden, Message: "requests from other sites' pages are refused"})
			return
		}
		if s.Token == "" && !loopbackName(r.Host) {
			answer(w, nil, &api.Error{Status: http.StatusForbidden, Message: fmt.Sprintf("the host %q is not this machine's loopback address", r.Host)})
			return
		}
		if s.Token != "" && !open(r) && !authorised(r, s.Token) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			answer(w, nil, &api.Error{Status: http.StatusUnauthorized, Message: "send the node's token as `Authorization: Bearer <token>`: it is in the file token of the node's folder"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func sameHost(origin, host string) bool {
	_, rest, ok := strings.Cut(origin, "://")
	return ok && rest == host
}

// loopbackName tells whether a Host header names this machine's loopback
// address, which the name of a stranger's site that resolves to it does not.
func loopbackName(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// answer writes v as JSON, or the error with its status.
func answer(w http.ResponseWriter, v any, err error) {
	status := http.StatusOK
	if err != nil {
		e := errorOf(err)
		status, v = e.Status, map[string]any{"error": e}
	}
	b, merr := json.Marshal(v)
	if merr != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error": {"message": "the answer cannot be written as JSON"}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the client is gone: nobody to tell
}

// errorOf gives an error the status that fits it.
func errorOf(err error) *api.Error {
	var e *api.Error
	if errors.As(err, &e) {
		return e
	}
	e = &api.Error{Status: http.StatusBadRequest, Message: strings.TrimSuffix(err.Error(), ": "+store.ErrNotFound.Error())}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, store.ErrNotFound):
		e.Status = http.StatusNotFound
	case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrExists):
		e.Status = http.StatusConflict
	case errors.Is(err, store.ErrPrecondition):
		e.Status = http.StatusPreconditionFailed
	case errors.Is(err, store.ErrTooLarge), errors.Is(err, events.ErrTooLarge), errors.As(err, &tooLarge):
		e.Status = http.StatusRequestEntityTooLarge
	case errors.Is(err, structured.ErrInvalid):
		e.Status = http.StatusBadRequest
	case errors.Is(err, store.ErrCorrupt):
		e.Status = http.StatusInternalServerError
	case step.ClassOf(err) == step.ClassRetryable:
		e.Status = http.StatusServiceUnavailable
	}
	return e
}

// readJSON reads a bounded JSON body.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return nil
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("the body is not the JSON that is wanted here: %w", err)
	}
	return nil
}
