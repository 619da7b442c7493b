package rie

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// A Mapping does what an event source mapping of Lambda does: it takes messages
// from a queue, one at a time, has a function answer them, and deletes those that
// the function does not name as failed. The others come again when they are
// visible again, as all do where the invocation fails.
type Mapping struct {
	Client *sqs.Client
	Queue  string // URL
	ARN    string // of the queue: arn:aws:sqs:region:account:name
}

// Run feeds the function at a URL until ctx ends. It tells of each invocation
// that failed, and goes on.
func (m Mapping) Run(ctx context.Context, url func() string, failed func(error)) {
	for ctx.Err() == nil {
		if err := m.once(ctx, url); err != nil && ctx.Err() == nil {
			failed(err)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
	}
}

func (m Mapping) once(ctx context.Context, url func() string) error {
	got, err := m.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(m.Queue), MaxNumberOfMessages: 1, WaitTimeSeconds: 1,
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{sqstypes.MessageSystemAttributeNameAll}})
	if err != nil || len(got.Messages) == 0 {
		return err
	}
	region, _, _ := strings.Cut(strings.TrimPrefix(m.ARN, "arn:aws:sqs:"), ":")
	var in lambdaevents.SQSEvent
	for _, msg := range got.Messages {
		in.Records = append(in.Records, lambdaevents.SQSMessage{MessageId: aws.ToString(msg.MessageId), ReceiptHandle: aws.ToString(msg.ReceiptHandle),
			Body: aws.ToString(msg.Body), Attributes: msg.Attributes, EventSource: "aws:sqs", EventSourceARN: m.ARN, AWSRegion: region})
	}
	failed, err := invoke(ctx, url(), in)
	if err != nil {
		return err
	}
	for _, msg := range in.Records {
		if slices.Contains(failed, lambdaevents.SQSBatchItemFailure{ItemIdentifier: msg.MessageId}) {
			continue
		}
		if _, err := m.Client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: aws.String(m.Queue), ReceiptHandle: aws.String(msg.ReceiptHandle)}); err != nil {
			return err
		}
	}
	return nil
}

// invoke gives those messages that the function failed to answer.
func invoke(ctx context.Context, url string, in lambdaevents.SQSEvent) ([]lambdaevents.SQSBatchItemFailure, error) {
	payload, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(payload))
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Failures *[]lambdaevents.SQSBatchItemFailure `json:"batchItemFailures"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Failures == nil {
		return nil, fmt.Errorf("the function answers %s: %.500s", resp.Status, body)
	}
	return *answer.Failures, nil
}
