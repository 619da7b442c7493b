// Package server is the training service over HTTP:
//
//	POST /v1/fit     a job.Request in, the state of the model out
//	GET  /healthz    200 while it serves
//
// A fit whose caller hangs up is stopped. A request that cannot be read is
// answered with 400, one that no model can be fitted to with 422, each with a
// line of text that says why; 503 says that as many fits wait as may.
package server

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/runnel-dev/runnel/gpu-runner/job"
	"github.com/runnel-dev/runnel/learn"
)

// Options are how the service is run; nil means the defaults.
type Options struct {
	// Token is what callers show, as a bearer token; "" lets everybody in, which is
	// for loopback only.
	Token   string
	MaxBody int64        // bytes of a request at most; 0 is 4 GiB
	Waiting int          // fits that wait for the one that runs, at most; 0 is 16
	Logger  *slog.Logger // nil is slog.Default()
}

// An Estimators makes an estimator of a request: an error is the caller's.
type Estimators func(r *job.Request) (learn.Estimator, error)

// New is the service's handler. One fit runs at a time: it has the machine.
func New(estimators Estimators, o *Options) http.Handler {
	s := &service{estimators: estimators, opts: Options{MaxBody: 4 << 30, Waiting: 16, Logger: slog.Default()}, turn: make(chan struct{}, 1)}
	if o != nil {
		s.opts.Token = o.Token
		if o.MaxBody > 0 {
			s.opts.MaxBody = o.MaxBody
		}
		if o.Waiting > 0 {
			s.opts.Waiting = o.Waiting
		}
		if o.Logger != nil {
			s.opts.Logger = o.Logger
		}
	}
	s.places = make(chan struct{}, s.opts.Waiting+1)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/fit", s.fit)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	return mux
}

type service struct {
	estimators Estimators
	opts       Options
	places     chan struct{} // taken by who waits or runs, before the body is read
	turn       chan struct{} // taken by who runs
}

func (s *service) fit(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if s.opts.Token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(s.opts.Token)) != 1 {
		http.Error(w, "the bearer token is missing or wrong", http.StatusUnauthorized)
		return
	}
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	default:
		w.Header().Set("Retry-After", "5")
		http.Error(w, fmt.Sprintf("%d fits wait already: try again later", s.opts.Waiting), http.StatusServiceUnavailable)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.opts.MaxBody))
	if err != nil {
		status := http.StatusBadRequest
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "reading the request: "+err.Error(), status)
		return
	}
	req, err := job.DecodeRequest(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	estimator, err := s.estimators(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-r.Context().Done():
		return
	}
	s.opts.Logger.Info("fit", "estimator", req.Estimator, "rows", req.X.Rows, "features", len(req.Features))
	answer, err := state(r.Context(), estimator, req)
	switch {
	case r.Context().Err() != nil: // nobody listens
	case err != nil:
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
	default:
		w.Header().Set("Content-Type", job.MediaType)
		if _, err := w.Write(answer); err != nil {
			s.opts.Logger.Warn("answering", "err", err)
		}
	}
}

func state(ctx context.Context, estimator learn.Estimator, r *job.Request) ([]byte, error) {
	m, err := estimator.Fit(ctx, r.X, r.Y, &learn.Options{Seed: r.Seed, Weights: r.Weights})
	if err != nil {
		return nil, err
	}
	return job.EncodeState(m.State())
}
