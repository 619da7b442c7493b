package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	awsbus "github.com/runnel-dev/runnel/events/bus/aws"
	"github.com/runnel-dev/runnel/events/bus/structured"
	"github.com/runnel-dev/runnel/internal/awstest"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/host/lambda/message"
	"github.com/runnel-dev/runnel/runtime/host/lambda/serve"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// A stage is a function as a step on AWS, and a queue that sees all events.
type stage struct {
	*serve.Server
	env   map[string]string
	store *store.Store
	bus   *awsbus.Bus
	aws   *awstest.Server
	queue string // the step's, whose messages the tests make up
	p     *pipeline.Pipeline
	fn    *step.Function
	seen  chan events.Event

	mu   sync.Mutex
	runs map[string]int // by the subject of the event
}

const definition = `
name: p
steps:
  - {name: work, timeout: 20s, retry: {attempts: 3, backoff: 1ms, max: 2ms}}
`

// newStage makes the function work: what it does is told by its event's URL.
func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{aws: awstest.Moto(t), runs: map[string]int{}, seen: make(chan events.Event, 100)}
	s.aws.Environ(t)
	t.Setenv("AWS_ENDPOINT_URL", s.aws.URL)
	fn := step.New("work", func(ctx context.Context, call *step.Call, _ struct{}) error {
		in, err := events.Data[events.IngestRequestedData](call.Event)
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.runs[in.URL]++
		s.mu.Unlock()
		switch {
		case strings.HasPrefix(in.URL, "retryable"):
			return step.Retryable(errors.New("not now"))
		case strings.HasPrefix(in.URL, "hungry"):
			for held := [][]byte{}; ctx.Err() == nil; held = append(held, make([]byte, 1<<20)) {
				call.Progress(int64(len(held)), 0, "MiB")
			}
			return ctx.Err()
		case strings.HasPrefix(in.URL, "slow"):
			<-ctx.Done()
			return ctx.Err()
		}
		return call.Emit(events.DatasetIngestedData{Dataset: events.Dataset{Name: in.URL}})
	}, step.Accepts(events.IngestRequested, events.ObjectCreated), step.Emits(events.DatasetIngested))
	s.fn = fn
	var err error
	functions := pipeline.Functions{"work": fn}
	if s.p, err = pipeline.Parse("p.yaml", strings.NewReader(definition), functions); err != nil {
		t.Fatal(err)
	}
	packed, err := pipeline.Pack(s.p)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if s.store, err = store.Open(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if s.bus, err = awsbus.Open(t.Context(), s.aws.Config(), &awsbus.Options{EventBus: "events", Provision: true, Wait: time.Second, Timeout: time.Minute}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.bus.Close() })
	var filters []bus.Filter
	for _, typ := range []string{events.DatasetIngested, events.StepFailed, events.ObjectCreated} {
		filters = append(filters, bus.Filter{Type: typ}, bus.Filter{Type: typ, Pipeline: "p"})
	}
	err = s.bus.Subscribe(t.Context(), bus.Subscription{Name: "all", Filters: filters, MaxInFlight: 4}, func(ctx context.Context, d bus.Delivery) {
		s.seen <- d.Event()
		_ = d.Ack(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	q, err := sqs.NewFromConfig(s.aws.Config()).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("work")})
	if err != nil {
		t.Fatal(err)
	}
	s.queue = aws.ToString(q.QueueUrl)
	s.env = map[string]string{serve.EnvStore: dir, serve.EnvBus: "events", serve.EnvPipeline: "p@" + s.p.Version, serve.EnvDefinition: packed}
	s.Server = serve.New(fn, &serve.Options{Getenv: func(name string) string { return s.env[name] }, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	return s
}

// asked is a root event for the step.
func asked(t testing.TB, url string) events.Event {
	t.Helper()
	ev, err := events.NewRoot("/tests", url, time.Unix(0, 0), events.IngestRequestedData{URL: url}, url)
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

// body is the event as EventBridge puts it into a message.
func body(t testing.TB, ev events.Event) string {
	t.Helper()
	b, err := structured.Encode(ev)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"version":"0","id":"x","source":%q,"detail-type":%q,"detail":%s}`, ev.Source(), ev.Type(), b)
}

// send invokes the function with messages, and gives those that failed.
func (s *stage) send(t testing.TB, attempt int, bodies ...string) []string {
	t.Helper()
	var in lambdaevents.SQSEvent
	for i, b := range bodies {
		in.Records = append(in.Records, lambdaevents.SQSMessage{MessageId: fmt.Sprint("m", i), Body: b, ReceiptHandle: "none", EventSource: "aws:sqs",
			EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:work", Attributes: map[string]string{"ApproximateReceiveCount": fmt.Sprint(attempt)}})
	}
	payload, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	var resp struct {
		Failures []lambdaevents.SQSBatchItemFailure `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(out, &resp); err != nil || !strings.Contains(string(out), "batchItemFailures") {
		t.Fatalf("it answers %s", out)
	}
	failed := []string{}
	for _, f := range resp.Failures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed
}

// published waits for an event on the bus.
func (s *stage) published(t testing.TB) events.Event {
	t.Helper()
	select {
	case ev := <-s.seen:
		return ev
	case <-time.After(2 * time.Minute): // a busy machine takes its time
		t.Fatal("no event was published")
		return events.Event{}
	}
}

// quiet fails where something else was published.
func (s *stage) quiet(t testing.TB) {
	t.Helper()
	select {
	case ev := <-s.seen:
		t.Errorf("%s %s was published, too", ev.Type(), ev.Data())
	case <-time.After(1500 * time.Millisecond):
	}
}

// A batch: what stands is acknowledged, the rest comes again, and what comes
// again although it stands is published from its record and runs nothing.
func TestQueue(t *testing.T) {
	s := newStage(t)
	good, later := body(t, asked(t, "good")), body(t, asked(t, "retryable"))
	if failed := s.send(t, 1, good, later, `{"no":"event"}`); fmt.Sprint(failed) != "[m1 m2]" {
		t.Errorf("%v failed, want m1 and m2", failed)
	}
	first := s.published(t)
	if events.Extension(first, events.PipelineVersion) != s.p.Version || first.Type() != events.DatasetIngested {
		t.Errorf("%v was published", first)
	}
	if failed := s.send(t, 2, good); len(failed) > 0 {
		t.Errorf("%v failed the second time", failed)
	}
	if again := s.published(t); again.ID() != first.ID() || s.runs["good"] != 1 {
		t.Errorf("redelivered, it ran %d times and published %s, want once and %s", s.runs["good"], again.ID(), first.ID())
	}
	// Until the step's attempts are over: then the event is a dead letter, and acknowledged.
	if failed := s.send(t, 2, later); len(failed) != 1 {
		t.Errorf("%v failed at the second attempt", failed)
	}
	if failed := s.send(t, 3, later); len(failed) != 0 {
		t.Errorf("%v failed at the last attempt, want it to be given up on", failed)
	}
	if ev := s.published(t); ev.Type() != events.StepFailed {
		t.Errorf("%s was published, want that the step failed", ev.Type())
	}
	dead, err := engine.DeadLetters(t.Context(), s.store, engine.LetterQuery{Decided: true})
	if err != nil || len(dead.Letters) != 1 || len(dead.Letters[0].Attempts) != 3 || s.runs["retryable"] != 3 {
		t.Errorf("dead letters %+v, %v, after %d runs", dead, err, s.runs["retryable"])
	}
	s.quiet(t)
}

// An invocation that ends before the step's time limit gives it less, and what
// is not done by then was an attempt.
func TestDeadline(t *testing.T) {
	s := newStage(t)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	payload := fmt.Sprintf(`{"Records":[{"messageId":"m","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:123456789012:work","body":%q}]}`, body(t, asked(t, "slow")))
	out, err := s.Invoke(ctx, []byte(payload))
	if err != nil || string(out) != `{"batchItemFailures":[{"itemIdentifier":"m"}]}` {
		t.Errorf("it answers %s, %v", out, err)
	}
	if ctx.Err() != nil {
		t.Error("it answered after its deadline")
	}
	n := 0
	for key, err := range s.store.List(t.Context(), "attempts/") {
		var a engine.Attempt
		if err == nil {
			err = s.store.Get(t.Context(), key, &a)
		}
		if n++; err != nil || a.Failure.Class != step.ClassTimeout {
			t.Errorf("%+v, %v", a, err)
		}
	}
	if n != 1 {
		t.Errorf("%d attempts were recorded, want 1", n)
	}
}

// A step that takes more memory than there is fails with that reason, is not
// tried again, and the process, in which it may go on, ends.
func TestMemory(t *testing.T) {
	s := newStage(t)
	s.env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = "256"
	var log bytes.Buffer
	s.Server = serve.New(s.fn, &serve.Options{Getenv: func(name string) string { return s.env[name] }, Log: slog.New(slog.NewTextHandler(&log, nil))})
	payload := fmt.Sprintf(`{"Records":[{"messageId":"m","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:123456789012:work","body":%q}]}`, body(t, asked(t, "hungry")))
	_, err := s.Invoke(t.Context(), []byte(payload))
	var ends messages.InvokeResponse_Error
	if !errors.As(err, &ends) || !ends.ShouldExit || ends.Type != "Runtime.OutOfMemory" {
		t.Fatalf("%v, want that the process ends for want of memory", err)
	}
	failed, err := events.Data[events.StepFailedData](s.published(t))
	if err != nil || failed.Class != string(step.ClassPermanent) || !strings.Contains(failed.Message, "function work takes more than the 256 MiB of memory that it has: give it more") {
		t.Errorf("%+v, %v", failed, err)
	}
	if !strings.Contains(log.String(), "step progress") || !strings.Contains(log.String(), "unit=MiB") {
		t.Errorf("the log does not tell of progress:\n%s", log.String())
	}
	s.Server = serve.New(s.fn, &serve.Options{Getenv: func(name string) string { return s.env[name] }, Log: slog.New(slog.DiscardHandler)})
	if out, err := s.Invoke(t.Context(), []byte(payload)); err != nil || string(out) != `{"batchItemFailures":[]}` || s.runs["hungry"] != 1 {
		t.Errorf("when it comes again a new process answers %s, %v, after %d runs", out, err, s.runs["hungry"])
	}
}

// What EventBridge hands over directly is answered, and tried again while there is time.
func TestBridge(t *testing.T) {
	s := newStage(t)
	if _, err := s.Invoke(t.Context(), []byte(body(t, asked(t, "good")))); err != nil {
		t.Fatal(err)
	}
	s.published(t)
	if _, err := s.Invoke(t.Context(), []byte(body(t, asked(t, "retryable")))); err != nil {
		t.Fatal(err)
	}
	if ev := s.published(t); ev.Type() != events.StepFailed || s.runs["retryable"] != 3 {
		t.Errorf("%s after %d attempts", ev.Type(), s.runs["retryable"])
	}
	s.quiet(t)
}

// An upload to S3 becomes an object of the store and one event, however often S3
// says so, by EventBridge or itself; an object that is gone by then is none.
func TestUpload(t *testing.T) {
	s := newStage(t)
	s.aws.Bucket(t, "lab-uploads")
	put, err := s.aws.S3().PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("lab-uploads"), Key: aws.String("uploads/a b.csv"),
		Body: strings.NewReader("x,y\n1,2\n"), Metadata: map[string]string{"target": "y", events.MetadataPipeline: "other@1"}})
	if err != nil {
		t.Fatal(err)
	}
	said := func(key, etag, sequencer string) string {
		return fmt.Sprintf(`{"version":"0","source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"lab-uploads"},"object":{"key":%q,"etag":%q,"sequencer":%q}}}`, key, etag, sequencer)
	}
	etag := strings.Trim(aws.ToString(put.ETag), `"`)
	direct := fmt.Sprintf(`{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put",
		"s3":{"bucket":{"name":"lab-uploads"},"object":{"key":"uploads/a+b.csv","eTag":%q,"sequencer":"01"}}}]}`, etag)
	for range 3 {
		if failed := s.send(t, 1, said("uploads/a b.csv", etag, "01"), said("uploads/gone.csv", "0123", "02")); len(failed) > 0 {
			t.Fatalf("%v failed", failed)
		}
		if failed := s.send(t, 1, direct, `{"Service":"Amazon S3","Event":"s3:TestEvent"}`); len(failed) > 0 {
			t.Fatalf("%v failed of what S3 says itself", failed)
		}
	}
	o, err := events.Data[events.ObjectCreatedData](s.published(t))
	if err != nil || o.Key != "uploads/a b.csv" || o.Version != 1 || o.Metadata["target"] != "y" || o.Metadata[events.MetadataPipeline] != "" {
		t.Errorf("the event says %+v, %v", o, err)
	}
	if err := s.store.Verify(t.Context(), o.Content); err != nil || o.Content.Size != 8 {
		t.Errorf("its content is %+v, %v", o.Content, err)
	}
	s.quiet(t)
}

// Requests of host lambda, and plain events, run the function and record nothing.
func TestDirect(t *testing.T) {
	s := newStage(t)
	b, err := structured.Encode(asked(t, "good"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Invoke(t.Context(), b)
	var resp message.Response
	if err != nil || json.Unmarshal(out, &resp) != nil || len(resp.Result.Events) != 1 || resp.Error != nil {
		t.Errorf("it answers %s, %v", out, err)
	}
	for payload, want := range map[string]string{
		`{"abi":1,"function":"other"}`:           `the request is for function \"other\", and this is work`,
		`{"abi":99,"function":"work"}`:           "versions up to 1: build it anew",
		`{"abi":1,"function":"work","event":{}}`: "a request of host lambda",
	} {
		if out, err := s.Invoke(t.Context(), []byte(payload)); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: it answers %s, %v, want %q", payload, out, err, want)
		}
	}
	for key, err := range s.store.List(t.Context(), "results/") {
		t.Errorf("%s was recorded (%v)", key, err)
	}
	s.quiet(t)
}

// What cannot be answered says why, and how to put it right.
func TestMisconfigured(t *testing.T) {
	fn := step.New("work", func(context.Context, *step.Call, struct{}) error { return nil }, step.Accepts(events.IngestRequested))
	queue := `{"Records":[{"eventSource":"aws:sqs","messageId":"m","body":"{}"}]}`
	for _, c := range []struct{ env, payload, want string }{
		{"", `{"x":1}`, "the invocation is none that this function answers: want messages of SQS"},
		{"", `[]`, "the invocation is not a JSON object"},
		{"", queue, "answering events as step work: the environment variables RUNNEL_STORE, RUNNEL_BUS, RUNNEL_PIPELINE are not set: the template of `runnel pipeline sam` sets them"},
		{"RUNNEL_STORE=mem:// RUNNEL_BUS=b RUNNEL_PIPELINE=p", queue, "RUNNEL_PIPELINE is p: want name@version"},
		{"RUNNEL_STORE=mem:// RUNNEL_BUS=b RUNNEL_PIPELINE=p@1", queue, "the store has no definition of version 1: put it there with `runnel pipeline sam FILE --define mem://`"},
		{"RUNNEL_STORE=mem:// RUNNEL_BUS=b RUNNEL_PIPELINE=p@1 RUNNEL_DEFINITION=?", queue, "RUNNEL_DEFINITION: a packed definition"},
		{"RUNNEL_STORE=nowhere:// RUNNEL_BUS=b RUNNEL_PIPELINE=p@1", queue, "opening the store nowhere"},
	} {
		env := map[string]string{"AWS_REGION": "us-east-1"}
		for pair := range strings.FieldsSeq(c.env) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		s := serve.New(fn, &serve.Options{Getenv: func(name string) string { return env[name] }, Log: slog.New(slog.DiscardHandler)})
		if _, err := s.Invoke(t.Context(), []byte(c.payload)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("with %q it says %v, want %q", c.env, err, c.want)
		}
	}
}

// A message that has to come again does after the step's backoff, not after the
// queue's visibility timeout.
func TestBackoff(t *testing.T) {
	s := newStage(t)
	client := sqs.NewFromConfig(s.aws.Config())
	receive := func(hidden int32) *sqs.ReceiveMessageOutput {
		t.Helper()
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(s.queue), VisibilityTimeout: hidden, WaitTimeSeconds: 20})
		if err != nil || len(out.Messages) != 1 {
			t.Fatalf("%+v, %v: want one message", out, err)
		}
		return out
	}
	_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(s.queue), MessageBody: aws.String(body(t, asked(t, "retryable")))})
	if err != nil {
		t.Fatal(err)
	}
	m := receive(600).Messages[0]
	payload, err := json.Marshal(lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{{MessageId: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle),
		Body: aws.ToString(m.Body), EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:work"}}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Invoke(t.Context(), payload)
	if err != nil || !strings.Contains(string(out), aws.ToString(m.MessageId)) {
		t.Fatalf("it answers %s, %v", out, err)
	}
	receive(1)
}
