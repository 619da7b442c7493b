// Package serve answers the invocations of a function that runs as an AWS
// Lambda:
//
//   - messages of its step's queue, with partial batch responses,
//   - events that EventBridge delivers directly, S3's "Object Created" among them,
//   - a CloudEvent, or a request of host lambda, which runs the function once and
//     records nothing.
//
// Events of a step are answered by package engine, in the order of effects that
// makes them happen once: artifacts, record, published events, acknowledgement.
package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/runnel-dev/runnel/runtime/step"
)

// Options are what a server is made of; nil means the environment of the process.
type Options struct {
	Getenv func(string) string // nil: os.Getenv
	Log    *slog.Logger        // nil: JSON lines on standard error
}

// A Server answers the invocations of one function. It is safe for concurrent use.
type Server struct {
	fn     *step.Function
	config settings
	log    *slog.Logger
	memory memory

	mu     sync.Mutex
	worlds map[string]*world // by the store's location: opened when first needed
}

// New makes the server of a function. It reads the environment, and opens nothing.
func New(fn *step.Function, opts *Options) *Server {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	return &Server{fn: fn, config: settingsOf(fn, o.Getenv), log: o.Log.With("function", fn.Name), worlds: map[string]*world{},
		memory: memory{size: memoryOf(o.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))}}
}

// Main runs the function until Lambda ends the process.
func Main(fn *step.Function) {
	s := New(fn, nil)
	s.memory.collect()
	lambda.Start(s)
}

// margin is what an invocation leaves of Lambda's deadline: what is not done by
// then is given back, rather than killed.
const margin = time.Second

// kind is enough of an invocation to tell what it is.
type kind struct {
	Records     []struct{ EventSource string }
	DetailType  *string `json:"detail-type"`
	SpecVersion *string `json:"specversion"`
	ABI         *int    `json:"abi"`
}

// Invoke implements lambda.Handler. An error that has the process end comes in
// place of the answer: an event that was answered is on record.
func (s *Server) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	answer, err := s.invoke(ctx, payload)
	if ends := s.memory.ends(); ends != nil {
		return nil, ends
	}
	return answer, err
}

func (s *Server) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-min(margin, time.Until(deadline)/4)))
		defer cancel()
	}
	var k kind
	if err := json.Unmarshal(payload, &k); err != nil {
		return nil, fmt.Errorf("the invocation is not a JSON object: %w", err)
	}
	var answer any
	var err error
	switch {
	case len(k.Records) > 0 && k.Records[0].EventSource == "aws:sqs":
		answer, err = s.queue(ctx, payload)
	case k.ABI != nil:
		return s.request(ctx, payload)
	case k.DetailType != nil:
		err = s.bridge(ctx, payload)
	case k.SpecVersion != nil:
		return s.event(ctx, payload)
	default:
		err = errors.New("the invocation is none that this function answers: want messages of SQS, an event of EventBridge, " +
			"a CloudEvent in structured JSON, or a request of host lambda")
	}
	if err != nil {
		s.log.Error("invocation failed", "error", err.Error())
		return nil, err
	}
	return json.Marshal(answer)
}
