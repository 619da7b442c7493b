package server

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/gpu-runner/cpu"
	"github.com/runnel-dev/runnel/gpu-runner/job"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
	"github.com/runnel-dev/runnel/learn/neural"
)

// held is an estimator that holds on until it is told to go, or to stop.
type held struct{ began, free chan struct{} }

func (h held) Fit(ctx context.Context, _ *learn.Matrix, _ *learn.Target, _ *learn.Options) (learn.Model, error) {
	h.began <- struct{}{}
	select {
	case <-h.free:
		return nil, errors.New("it was let go")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func serve(t *testing.T, estimators Estimators, o *Options) *Client {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	s := httptest.NewServer(New(estimators, o))
	t.Cleanup(s.Close)
	return &Client{URL: s.URL, Token: o.Token}
}

func request(t *testing.T, task learn.Task) *job.Request {
	x, y := learntest.Data(task, 60, 1)
	return &job.Request{Estimator: "neural_network", Seed: 3, X: x, Y: y}
}

// What the service fits is bit by bit what is fitted here.
func TestFit(t *testing.T) {
	network := func() learn.Estimator {
		n := neural.New()
		n.Hidden, n.Epochs = []int{8}, 10
		return cpu.Network{Network: n}
	}
	c := serve(t, func(*job.Request) (learn.Estimator, error) { return network(), nil }, &Options{Token: "secret"})
	for _, task := range []learn.Task{learn.Classification, learn.Regression} {
		r := request(t, task)
		s, err := c.Fit(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := neural.FromState(s)
		if err != nil {
			t.Fatal(err)
		}
		want, err := network().Fit(t.Context(), r.X, r.Y, &learn.Options{Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		p, q := got.Predict(r.X), want.Predict(r.X)
		for i := range q {
			if math.Float64bits(p[i]) != math.Float64bits(q[i]) {
				t.Fatalf("%s: value %d is %v, want %v", task, i, p[i], q[i])
			}
		}
	}
}

func TestRefused(t *testing.T) {
	unknown := func(r *job.Request) (learn.Estimator, error) { return nil, errors.New("no estimator " + r.Estimator) }
	c := serve(t, unknown, &Options{Token: "secret", MaxBody: 10_000})
	large := request(t, learn.Regression)
	large.X, large.Y = learntest.Data(learn.Regression, 5000, 1)
	for _, x := range []struct {
		token string
		r     *job.Request
		want  string
	}{
		{"wrong", request(t, learn.Regression), "401"},
		{"", request(t, learn.Regression), "401"},
		{"secret", request(t, learn.Regression), "422 Unprocessable Entity: no estimator neural_network"},
		{"secret", large, "413"},
	} {
		c.Token = x.token
		if _, err := c.Fit(t.Context(), x.r); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%v, want an error with %q", err, x.want)
		}
	}
	resp, err := http.Post(c.URL+"/v1/fit", job.MediaType, strings.NewReader("nonsense"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %s", resp.Status)
	}
}

// One fit runs, one of two others waits and one is sent away; who hangs up is
// stopped, and makes way for the next.
func TestTurns(t *testing.T) {
	h := held{make(chan struct{}), make(chan struct{})}
	c := serve(t, func(*job.Request) (learn.Estimator, error) { return h, nil }, &Options{Waiting: 1})
	ask := func(ctx context.Context, answers chan<- error) {
		_, err := c.Fit(ctx, request(t, learn.Regression))
		answers <- err
	}
	first, others := make(chan error, 1), make(chan error, 2)
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	go ask(ctx, first)
	<-h.began
	go ask(t.Context(), others)
	go ask(t.Context(), others)
	if err := <-others; err == nil || !strings.Contains(err.Error(), "503") {
		t.Fatalf("one of three ends with %v", err)
	}
	hangUp()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first ends with %v", err)
	}
	<-h.began
	close(h.free)
	if err := <-others; err == nil || !strings.Contains(err.Error(), "it was let go") {
		t.Errorf("the one that waited ends with %v", err)
	}
}
