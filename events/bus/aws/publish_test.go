package awsbus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/runnel-dev/runnel/events"
	awsbus "github.com/runnel-dev/runnel/events/bus/aws"
	"github.com/runnel-dev/runnel/runtime/step"
)

// A bridge stands in for EventBridge where moto cannot: it refuses.
type bridge struct {
	mu       sync.Mutex
	requests int
	accepted map[string]int                      // by id of the event
	refuse   func(request int, id string) string // the code of an entry's error
	status   func(request int) (int, string)     // of a whole request, and the code of its error
}

func (b *bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if b.status != nil {
		if status, code := b.status(b.requests); status != 200 {
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, code)
			return
		}
	}
	var in struct{ Entries []struct{ Detail string } }
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil {
		w.WriteHeader(400)
		return
	}
	var out struct {
		FailedEntryCount int
		Entries          []map[string]string
	}
	for _, e := range in.Entries {
		ev, err := awsbus.Decode(e.Detail)
		if err != nil {
			w.WriteHeader(400)
			return
		}
		if code := b.refuse(b.requests, ev.ID()); code != "" {
			out.FailedEntryCount++
			out.Entries = append(out.Entries, map[string]string{"ErrorCode": code, "ErrorMessage": "no"})
			continue
		}
		b.accepted[ev.ID()]++
		out.Entries = append(out.Entries, map[string]string{"EventId": ev.ID()})
	}
	_ = json.NewEncoder(w).Encode(out)
}

func serve(t *testing.T, b *bridge) *awsbus.Publisher {
	t.Helper()
	b.accepted = map[string]int{}
	if b.refuse == nil {
		b.refuse = func(int, string) string { return "" }
	}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	p, err := awsbus.NewPublisher(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func numbered(n int) []events.Event {
	var evs []events.Event
	for i := range n {
		e := events.Event{}
		e.SetSpecVersion("1.0")
		e.SetID(fmt.Sprint(i))
		e.SetType("t")
		e.SetSource("/s")
		evs = append(evs, e)
	}
	return evs
}

// What a request leaves over is sent again, and nothing else.
func TestPartialFailure(t *testing.T) {
	b := &bridge{}
	tries := map[string]int{}
	b.refuse = func(_ int, id string) string {
		tries[id]++
		if id[len(id)-1] == '3' && tries[id] < 4 {
			return "ThrottlingException"
		}
		return ""
	}
	p := serve(t, b)
	if err := p.Publish(t.Context(), numbered(25)...); err != nil {
		t.Fatal(err)
	}
	for i := range 25 {
		if n := b.accepted[fmt.Sprint(i)]; n != 1 {
			t.Errorf("event %d was accepted %d times", i, n)
		}
	}
	if b.requests != 3+3*3 {
		t.Errorf("%d requests", b.requests)
	}
}

func TestPublishFails(t *testing.T) {
	whole := func(status int, code string) *bridge {
		return &bridge{status: func(int) (int, string) { return status, code }}
	}
	each := func(code string) *bridge {
		return &bridge{refuse: func(int, string) string { return code }}
	}
	for name, c := range map[string]struct {
		bridge *bridge
		class  step.Class
		text   string
	}{
		"throttled":           {whole(400, "ThrottlingException"), step.ClassRetryable, "ThrottlingException"},
		"ill":                 {whole(500, "InternalException"), step.ClassRetryable, "InternalException"},
		"throttled each time": {each("ThrottlingException"), step.ClassRetryable, "2 of 2 events were not accepted, 6 times: ThrottlingException: no"},
		"not allowed":         {whole(400, "AccessDeniedException"), step.ClassPermanent, "allow events:PutEvents on the bus runnel"},
		"no credentials":      {whole(400, "UnrecognizedClientException"), step.ClassPermanent, "renew them"},
		"no such bus":         {whole(400, "ResourceNotFoundException"), step.ClassPermanent, "bus runnel"},
		"bad":                 {each("MalformedDetail"), step.ClassPermanent, `an event of type "t" was refused: MalformedDetail`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := serve(t, c.bridge).Publish(t.Context(), numbered(2)...)
			if err == nil || step.ClassOf(err) != c.class || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s: %v", step.ClassOf(err), err)
			}
		})
	}
	t.Run("away", func(t *testing.T) {
		p, err := awsbus.NewPublisher(aws.Config{Region: "us-east-1", BaseEndpoint: aws.String("http://127.0.0.1:1"),
			Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), Retryer: func() aws.Retryer { return aws.NopRetryer{} }}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Publish(t.Context(), numbered(1)...); step.ClassOf(err) != step.ClassRetryable {
			t.Error(err)
		}
	})
}

// A publisher whose context ends does not go on trying.
func TestPublishEnds(t *testing.T) {
	b := &bridge{refuse: func(int, string) string { return "InternalFailure" }}
	p := serve(t, b)
	done := make(chan error)
	ctx, cancel := contextFor(t, 50*time.Millisecond)
	defer cancel()
	go func() { done <- p.Publish(ctx, numbered(1)...) }()
	select {
	case err := <-done:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want it to end with its context", err)
		}
	case <-time.After(patience):
		t.Error("it goes on")
	}
}
