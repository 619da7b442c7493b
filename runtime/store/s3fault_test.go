package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/awstest"
	"github.com/runnel-dev/runnel/runtime/step"
)

// A path stands between a store and S3. For each request it says what goes wrong.
type path struct {
	proxy *httputil.ReverseProxy
	fault func(*http.Request) int // an HTTP status instead of an answer; lost: the answer does not arrive
}

// lost is the fault of an answer that was given, and does not arrive.
const lost = -1

var codes = map[int]string{403: "AccessDenied", 409: "ConditionalRequestConflict", 503: "SlowDown"}

func (p *path) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status := p.fault(r)
	switch status {
	case 0:
		p.proxy.ServeHTTP(w, r)
	case lost:
		p.proxy.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	default:
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			fmt.Fprintf(w, `<Error><Code>%s</Code><Message>no</Message></Error>`, codes[status])
		}
	}
}

// overPath gives a store behind a path without faults.
func overPath(t *testing.T) (*path, *Store) {
	t.Helper()
	server := awstest.Versity(t)
	server.Environ(t)
	server.Bucket(t, "shared")
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := &path{
		proxy: &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(target)
				r.Out.Host = r.In.Host // it is signed
			},
			ErrorLog: log.New(io.Discard, "", 0),
		},
		fault: func(*http.Request) int { return 0 },
	}
	front := httptest.NewUnstartedServer(p)
	front.Config.ErrorLog = log.New(io.Discard, "", 0)
	front.Start()
	t.Cleanup(front.Close)
	return p, openStore(t, (&awstest.Server{URL: front.URL}).Location("shared", "team"), nil)
}

// A request whose answer is lost is sent again by the SDK, which is then told
// that the record exists, its own. All the same everything is there once.
func TestS3AnswersLost(t *testing.T) {
	p, s := overPath(t)
	bucketed(t, s)
	var mu sync.Mutex
	asked := map[string]bool{}
	p.fault = func(r *http.Request) int {
		mu.Lock()
		defer mu.Unlock()
		if r.Method != http.MethodPut || asked[r.URL.Path] {
			return 0
		}
		asked[r.URL.Path] = true
		return lost
	}
	announced := map[string]int{}
	publish := func(_ context.Context, e events.Event) error {
		mu.Lock()
		defer mu.Unlock()
		announced[e.ID()]++
		return nil
	}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			key := Key("r", fmt.Sprint(i))
			if err := s.Create(t.Context(), key, i); err != nil && !errors.Is(err, ErrExists) {
				t.Error(err)
			}
			var got int
			if err := s.Get(t.Context(), key, &got); err != nil || got != i {
				t.Errorf("record %d is %d, %v", i, got, err)
			}
			o, err := s.PutObject(t.Context(), ObjectInput{Bucket: "lab", Key: fmt.Sprint(i)}, strings.NewReader(fmt.Sprint(i)))
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Announce(t.Context(), o, publish); err != nil {
				t.Error(err)
			}
			if got := collect(t, s.Versions(t.Context(), "lab", o.Key)); len(got) != 1 {
				t.Errorf("object %d has %d versions", i, len(got))
			}
		})
	}
	all.Wait()
	if len(announced) != 12 || len(asked) < 4*12 { // record, artifact, outbox, version
		t.Errorf("%d events, %d answers lost", len(announced), len(asked))
	}
	if left := collect(t, s.list(t.Context(), outbox, "", "", "")); len(left) != 0 {
		t.Errorf("not announced: %q", left)
	}
}

// What may pass is retryable, after the SDK's own tries; what does not is
// permanent, and says what to put right.
func TestS3Errors(t *testing.T) {
	p, s := overPath(t)
	if err := s.Create(t.Context(), "there", 1); err != nil {
		t.Fatal(err)
	}
	ref, err := s.Put(t.Context(), "", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	requests := map[string]func() error{
		"s3:GetObject on its keys, and s3:ListBucket": func() error { return s.Get(t.Context(), "there", new(int)) },
		"s3:PutObject on its keys":                    func() error { return s.Create(t.Context(), "new", 1) },
		"s3:ListBucket on the bucket": func() error {
			for _, err := range s.List(t.Context(), "") {
				return err
			}
			return nil
		},
		"s3:GetObject on its keys": func() error { _, err := s.Size(t.Context(), ref.Digest); return err },
	}
	for status, want := range map[int]step.Class{403: step.ClassPermanent, 503: step.ClassRetryable, lost: step.ClassRetryable} {
		p.fault = func(*http.Request) int { return status }
		for action, request := range requests {
			if status != 403 && action != "s3:ListBucket on the bucket" {
				continue // the SDK waits for seconds between its tries
			}
			ctx := fmt.Sprintf("%d, %s", status, action)
			err := request()
			if err == nil || step.ClassOf(err) != want || errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %s %v", ctx, step.ClassOf(err), err)
			}
			if status == 403 && !strings.Contains(err.Error(), "access to the bucket shared is denied: allow "+action) {
				t.Errorf("%s: %v", ctx, err)
			}
		}
	}

	// Of two conditional writes at once S3 may refuse one until the other has ended.
	var n atomic.Int32
	p.fault = func(r *http.Request) int {
		if r.Method == http.MethodPut && n.Add(1) <= 4 {
			return 409
		}
		return 0
	}
	if err := s.Create(t.Context(), "soon", 1); err != nil {
		t.Error(err)
	}
	p.fault = func(*http.Request) int { return 409 }
	if err := s.Create(t.Context(), "never", 1); step.ClassOf(err) != step.ClassRetryable || errors.Is(err, ErrExists) {
		t.Error(err)
	}
}

// A store is not opened where records could be written over.
func TestS3WithoutConditions(t *testing.T) {
	ignorant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Query().Has("list-type"):
			fmt.Fprint(w, `<ListBucketResult></ListBucketResult>`)
		case r.Method == http.MethodGet:
			w.WriteHeader(404)
			fmt.Fprint(w, `<Error><Code>NoSuchKey</Code></Error>`)
		}
	}))
	defer ignorant.Close()
	server := &awstest.Server{URL: ignorant.URL}
	server.Environ(t)
	_, err := Open(t.Context(), server.Location("lab", ""), nil)
	if err == nil || !strings.Contains(err.Error(), "If-None-Match") {
		t.Error(err)
	}
}
