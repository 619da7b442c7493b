package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel-dev/runnel/internal/rie"
)

// A running function, and the queue that it is fed from; "" of one on demand.
type running struct {
	*rie.Function
	id, queue, arn string
}

// lambdas are the functions of a template, at work until stop.
type lambdas struct {
	list   []running
	cancel context.CancelFunc
	fed    sync.WaitGroup

	mu  sync.Mutex
	err error // the first of what went wrong between queue and function
}

// startLambdas starts every function of the template, and feeds it from its queue.
func (c *cloud) startLambdas(ctx context.Context, emulator, bootstraps string) (*lambdas, error) {
	ctx, cancel := context.WithCancel(ctx)
	l := &lambdas{cancel: cancel}
	for _, id := range c.functions {
		f, err := c.startLambda(ctx, id, emulator, bootstraps)
		if err != nil {
			l.stop()
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		l.list = append(l.list, f)
		if f.queue != "" {
			l.fed.Go(func() { l.feed(ctx, c.sqs, f) })
		}
	}
	return l, nil
}

func (c *cloud) startLambda(ctx context.Context, id, emulator, bootstraps string) (f running, err error) {
	v, err := c.template.Resolve(c.template.Resources[id].Properties, c.ref)
	if err != nil {
		return f, err
	}
	p := v.(map[string]any)
	globals, err := c.template.Resolve(c.template.Globals, c.ref)
	if err != nil {
		return f, err
	}
	env := c.environ()
	for _, from := range []any{globals.(map[string]any)["Function"], p} {
		for name, value := range dig(from, "Environment", "Variables") {
			env = append(env, fmt.Sprintf("%s=%v", name, value))
		}
	}
	env = append(env, "RUNNEL_STORE="+c.store()) // with the endpoint
	timeout, _ := p["Timeout"].(int)
	code := filepath.Base(fmt.Sprint(p["CodeUri"]))
	f = running{id: id}
	if arn, ok := dig(p, "Events", "Queue", "Properties")["Queue"].(string); ok {
		f.arn = arn
		f.queue = c.url + "/" + account + "/" + arn[len("arn:aws:sqs:"+region+":"+account+":"):]
	}
	f.Function, err = rie.Start(ctx, rie.Options{Emulator: emulator, Bootstrap: filepath.Join(bootstraps, code, "bootstrap"), Env: env, Timeout: time.Duration(timeout) * time.Second})
	return f, err
}

// dig goes down into mappings.
func dig(v any, path ...string) map[string]any {
	m, _ := v.(map[string]any)
	for _, p := range path {
		m, _ = m[p].(map[string]any)
	}
	return m
}

// feed does what an event source mapping does: it takes messages from the queue,
// hands them to the function, and deletes those that the function answered.
func (l *lambdas) feed(ctx context.Context, queue *sqs.Client, f running) {
	for ctx.Err() == nil {
		if err := f.batch(ctx, queue); err != nil && ctx.Err() == nil {
			l.mu.Lock()
			if l.err == nil {
				l.err = fmt.Errorf("%s: %w", f.id, err)
			}
			l.mu.Unlock()
			time.Sleep(time.Second)
		}
	}
}

func (f running) batch(ctx context.Context, queue *sqs.Client) error {
	got, err := queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(f.queue), MaxNumberOfMessages: 1, WaitTimeSeconds: 1,
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{sqstypes.MessageSystemAttributeNameAll}})
	if err != nil || len(got.Messages) == 0 {
		return err
	}
	var in lambdaevents.SQSEvent
	for _, m := range got.Messages {
		in.Records = append(in.Records, lambdaevents.SQSMessage{MessageId: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle),
			Body: aws.ToString(m.Body), Attributes: m.Attributes, EventSource: "aws:sqs", EventSourceARN: f.arn, AWSRegion: region})
	}
	out, err := f.invoke(ctx, in)
	if err != nil {
		return err
	}
	for _, m := range in.Records {
		failed := slices.ContainsFunc(out.BatchItemFailures, func(i lambdaevents.SQSBatchItemFailure) bool { return i.ItemIdentifier == m.MessageId })
		if failed {
			continue
		}
		if _, err := queue.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: aws.String(f.queue), ReceiptHandle: aws.String(m.ReceiptHandle)}); err != nil {
			return err
		}
	}
	return nil
}

func (f running) invoke(ctx context.Context, in lambdaevents.SQSEvent) (out lambdaevents.SQSEventResponse, err error) {
	payload, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.URL, bytes.NewReader(payload))
	if err != nil {
		return out, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return out, err
	}
	var answer struct {
		Failures *[]lambdaevents.SQSBatchItemFailure `json:"batchItemFailures"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Failures == nil {
		return out, fmt.Errorf("it answers %s: %.500s", resp.Status, body)
	}
	out.BatchItemFailures = *answer.Failures
	return out, nil
}

// failure is the first of what went wrong.
func (l *lambdas) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// logs is what the functions said, as an error to show.
func (l *lambdas) logs() error {
	var errs []error
	for _, f := range l.list {
		if log := f.Log(); log != "" {
			errs = append(errs, fmt.Errorf("%s said:\n%s", f.id, log))
		}
	}
	return errors.Join(errs...)
}

func (l *lambdas) stop() {
	l.cancel()
	for _, f := range l.list {
		f.Stop()
	}
	l.fed.Wait()
}
