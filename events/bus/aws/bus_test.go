package awsbus_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/internal/awstest"
)

func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}

// attributes are those of a queue, by its name.
func attributes(t *testing.T, client *sqs.Client, name string) (url string, a map[string]string) {
	t.Helper()
	found, err := client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String(name)})
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: found.QueueUrl, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		t.Fatal(err)
	}
	return *found.QueueUrl, out.Attributes
}

func TestAgainstMoto(t *testing.T) {
	server := awstest.Moto(t)
	client := sqs.NewFromConfig(server.Config())
	sub := bus.Subscription{Name: "p_s", Filters: []bus.Filter{{Type: "t"}}, AckWait: 90 * time.Second}

	t.Run("Provision", func(t *testing.T) {
		b := open(t, server, options("made"))
		defer b.Close()
		for range 2 { // the second time changes nothing
			if err := b.Subscribe(t.Context(), sub, nil); err != nil {
				t.Fatal(err)
			}
		}
		_, queue := attributes(t, client, "made-p_s")
		_, dead := attributes(t, client, "made-p_s-dlq")
		var redrive struct {
			Target string `json:"deadLetterTargetArn"`
			Max    int    `json:"maxReceiveCount"`
		}
		if err := json.Unmarshal([]byte(queue["RedrivePolicy"]), &redrive); err != nil || redrive.Target != dead["QueueArn"] || redrive.Max != 1000 {
			t.Errorf("redrive policy %s, %v", queue["RedrivePolicy"], err)
		}
		if queue["VisibilityTimeout"] != "90" || queue["MessageRetentionPeriod"] != "1209600" || dead["MessageRetentionPeriod"] != "1209600" {
			t.Errorf("%v\n%v", queue, dead)
		}
		eb := eventbridge.NewFromConfig(server.Config())
		rule, err := eb.DescribeRule(t.Context(), &eventbridge.DescribeRuleInput{Name: aws.String("made-p_s"), EventBusName: aws.String("made")})
		if err != nil {
			t.Fatal(err)
		}
		for name, a := range map[string]map[string]string{"queue": queue, "dead letters": dead} {
			if !strings.Contains(a["Policy"], `"aws:SourceArn":"`+*rule.Arn+`"`) && !strings.Contains(a["Policy"], `"aws:SourceArn": "`+*rule.Arn+`"`) {
				t.Errorf("policy of the %s: %s", name, a["Policy"])
			}
		}
		targets, err := eb.ListTargetsByRule(t.Context(), &eventbridge.ListTargetsByRuleInput{Rule: rule.Name, EventBusName: rule.EventBusName})
		if err != nil || len(targets.Targets) != 1 || *targets.Targets[0].Arn != queue["QueueArn"] || *targets.Targets[0].DeadLetterConfig.Arn != dead["QueueArn"] {
			t.Errorf("targets %+v, %v", targets, err)
		}
	})

	// Without provisioning, queues are found, and nothing is made or removed.
	t.Run("Found", func(t *testing.T) {
		b := open(t, server, options("found"))
		defer b.Close()
		if err := b.Subscribe(t.Context(), sub, nil); err != nil {
			t.Fatal(err)
		}
		opts := options("found")
		opts.Provision = false
		other := open(t, server, opts)
		defer other.Close()
		came := make(chan string, 1)
		if err := other.Subscribe(t.Context(), sub, func(ctx context.Context, d bus.Delivery) {
			if err := d.Ack(ctx); err != nil {
				t.Error(err)
			}
			came <- d.Event().ID()
		}); err != nil {
			t.Fatal(err)
		}
		if err := other.Publish(t.Context(), numbered(1)...); err != nil {
			t.Fatal(err)
		}
		select {
		case <-came:
		case <-time.After(patience):
			t.Error("nothing came")
		}
		missing := sub
		missing.Name = "p_missing"
		err := other.Subscribe(t.Context(), missing, nil)
		if !errors.Is(err, bus.ErrNoSubscription) || !strings.Contains(err.Error(), "there is no queue found-p_missing in this account and region: deploy the template") {
			t.Error(err)
		}
		if err := other.Unsubscribe(t.Context(), "p_s"); err == nil || !strings.Contains(err.Error(), "remove it there") {
			t.Error(err)
		}
	})

	// What is no event goes to the dead letters, and what comes after it is delivered.
	t.Run("NotAnEvent", func(t *testing.T) {
		b := open(t, server, options("bad"))
		defer b.Close()
		came := make(chan string, 1)
		if err := b.Subscribe(t.Context(), sub, func(ctx context.Context, d bus.Delivery) {
			if err := d.Ack(ctx); err != nil {
				t.Error(err)
			}
			came <- d.Event().ID()
		}); err != nil {
			t.Fatal(err)
		}
		url, _ := attributes(t, client, "bad-p_s")
		if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(url), MessageBody: aws.String(`{"no":"event"}`)}); err != nil {
			t.Fatal(err)
		}
		if err := b.Publish(t.Context(), numbered(1)...); err != nil {
			t.Fatal(err)
		}
		<-came
		dead, _ := attributes(t, client, "bad-p_s-dlq")
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(dead), WaitTimeSeconds: 20})
		if err != nil || len(out.Messages) != 1 || *out.Messages[0].Body != `{"no":"event"}` {
			t.Errorf("%+v, %v", out, err)
		}
		if n, err := b.Pending(t.Context(), "p_s"); err != nil || n != 0 {
			t.Errorf("%d pending, %v", n, err)
		}
	})

	// An event that EventBridge reads and writes anew comes as it was published.
	t.Run("Rewritten", func(t *testing.T) {
		b := open(t, server, options("anew"))
		defer b.Close()
		came := make(chan []byte, 1)
		if err := b.Subscribe(t.Context(), sub, func(ctx context.Context, d bus.Delivery) {
			if err := d.Ack(ctx); err != nil {
				t.Error(err)
			}
			came <- d.Event().Data()
		}); err != nil {
			t.Fatal(err)
		}
		for _, data := range []string{`{"ü":[1e-7,0.1,"\u003c😀"],"b":{}}`, `{ "n": 1e400 }`} {
			e := numbered(1)[0]
			e.SetDataContentType("application/json")
			e.DataEncoded = []byte(data)
			if err := b.Publish(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			if got := <-came; string(got) != data {
				t.Errorf("%s came as %s", data, got)
			}
		}
	})
}
