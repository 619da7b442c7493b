package awsbus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel-dev/runnel/events/bus"
)

const (
	maxReceives  = 1000           // SQS's limit of a redrive policy
	retention    = "1209600"      // seconds: 14 days, SQS's limit
	maxInvisible = 12 * time.Hour // SQS's limit of a visibility timeout
	targetID     = "queue"        // of the one target of a rule
	maxEventAge  = 24 * time.Hour // EventBridge's limit of its tries to deliver
	maxTries     = 185            // and of their number
)

// A queue is one of SQS, with the attributes that were asked for.
type queue struct {
	url        string
	attributes map[string]string
}

// find finds the queue of a subscription; bus.ErrNoSubscription where there is none.
func (b *Bus) find(ctx context.Context, sub string, attributes ...types.QueueAttributeName) (queue, error) {
	name := QueueName(b.opts.Prefix, sub)
	q, err := b.lookUp(ctx, name, attributes...)
	if gone(err) {
		return q, fmt.Errorf("subscription %q: there is no queue %s in this account and region: deploy the template that makes it: %w", sub, name, bus.ErrNoSubscription)
	}
	return q, failure("subscription "+sub+": looking for its queue "+name, "sqs:GetQueueUrl and sqs:GetQueueAttributes", "the queue "+name, err)
}

func (b *Bus) lookUp(ctx context.Context, name string, attributes ...types.QueueAttributeName) (queue, error) {
	found, err := b.sqs.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(name)})
	if err != nil {
		return queue{}, err
	}
	q := queue{url: aws.ToString(found.QueueUrl)}
	if len(attributes) == 0 {
		return q, nil
	}
	out, err := b.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: found.QueueUrl, AttributeNames: attributes})
	if err != nil {
		return q, err
	}
	q.attributes = out.Attributes
	return q, nil
}

func (b *Bus) ensureEventBus(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, b.opts.Timeout)
	defer cancel()
	_, err := b.client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String(b.opts.EventBus)})
	var exists *ebtypes.ResourceAlreadyExistsException
	if errors.As(err, &exists) {
		return nil
	}
	return failure("making the event bus "+b.opts.EventBus, "events:CreateEventBus", "it", err)
}

// provision makes queue, dead letters and rule of a subscription, or brings them
// up to what it says. The rule gets its target last, so that nothing is lost.
func (b *Bus) provision(ctx context.Context, sub bus.Subscription) error {
	pattern, err := Pattern(sub.Filters)
	if err != nil {
		return err
	}
	steps := &provisioning{Bus: b, ctx: ctx}
	dead, deadARN := steps.queue(DeadLetterName(b.opts.Prefix, sub.Name), map[string]string{"MessageRetentionPeriod": retention})
	redrive := steps.json(map[string]any{"deadLetterTargetArn": deadARN, "maxReceiveCount": maxReceives})
	main, mainARN := steps.queue(QueueName(b.opts.Prefix, sub.Name), map[string]string{
		"MessageRetentionPeriod": retention,
		"VisibilityTimeout":      strconv.Itoa(int(seconds(sub.AckWait))),
		"RedrivePolicy":          redrive,
	})
	rule := RuleName(b.opts.Prefix, sub.Name)
	ruleARN := steps.rule(rule, pattern)
	steps.admit(main, mainARN, ruleARN)
	steps.admit(dead, deadARN, ruleARN)
	steps.target(rule, mainARN, deadARN)
	return steps.err
}

// remove removes what provision makes.
func (b *Bus) remove(ctx context.Context, name string) error {
	rule := RuleName(b.opts.Prefix, name)
	var none *ebtypes.ResourceNotFoundException
	_, err := b.client.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{EventBusName: aws.String(b.opts.EventBus), Rule: aws.String(rule), Ids: []string{targetID}})
	if err == nil {
		_, err = b.client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{EventBusName: aws.String(b.opts.EventBus), Name: aws.String(rule)})
	}
	if err != nil && !errors.As(err, &none) {
		return failure("removing the rule "+rule, "events:RemoveTargets and events:DeleteRule", "it", err)
	}
	for _, q := range []string{QueueName(b.opts.Prefix, name), DeadLetterName(b.opts.Prefix, name)} {
		found, err := b.lookUp(ctx, q)
		if err == nil {
			_, err = b.sqs.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: aws.String(found.url)})
		}
		if err != nil && !gone(err) {
			return failure("removing the queue "+q, "sqs:DeleteQueue", "it", err)
		}
	}
	return nil
}

// A provisioning does one step after the other until one fails.
type provisioning struct {
	*Bus
	ctx context.Context
	err error
}

func (p *provisioning) json(v any) string {
	b, err := json.Marshal(v)
	if p.err == nil {
		p.err = err
	}
	return string(b)
}

// queue makes a queue, or sets the attributes of one that is there.
func (p *provisioning) queue(name string, attributes map[string]string) (q queue, arn string) {
	if p.err != nil {
		return q, ""
	}
	q, err := p.lookUp(p.ctx, name)
	if gone(err) {
		var made *sqs.CreateQueueOutput
		if made, err = p.sqs.CreateQueue(p.ctx, &sqs.CreateQueueInput{QueueName: aws.String(name), Attributes: attributes}); err == nil {
			q.url = aws.ToString(made.QueueUrl)
		}
	} else if err == nil {
		_, err = p.sqs.SetQueueAttributes(p.ctx, &sqs.SetQueueAttributesInput{QueueUrl: aws.String(q.url), Attributes: attributes})
	}
	if err == nil {
		q, err = p.lookUp(p.ctx, name, types.QueueAttributeNameQueueArn)
	}
	p.err = failure("making the queue "+name, "sqs:CreateQueue, sqs:GetQueueAttributes and sqs:SetQueueAttributes", "it", err)
	return q, q.attributes[string(types.QueueAttributeNameQueueArn)]
}

func (p *provisioning) rule(name, pattern string) (arn string) {
	if p.err != nil {
		return ""
	}
	out, err := p.client.PutRule(p.ctx, &eventbridge.PutRuleInput{
		Name: aws.String(name), EventBusName: aws.String(p.opts.EventBus), EventPattern: aws.String(pattern), State: ebtypes.RuleStateEnabled,
	})
	if err != nil {
		p.err = failure("making the rule "+name, "events:PutRule", "it", err)
		return ""
	}
	return aws.ToString(out.RuleArn)
}

// admit lets the rule, and no other, send to the queue.
func (p *provisioning) admit(q queue, queueARN, ruleARN string) {
	policy := p.json(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Effect": "Allow", "Principal": map[string]string{"Service": "events.amazonaws.com"},
			"Action": "sqs:SendMessage", "Resource": queueARN,
			"Condition": map[string]any{"ArnEquals": map[string]string{"aws:SourceArn": ruleARN}},
		}},
	})
	if p.err != nil {
		return
	}
	_, err := p.sqs.SetQueueAttributes(p.ctx, &sqs.SetQueueAttributesInput{QueueUrl: aws.String(q.url), Attributes: map[string]string{"Policy": policy}})
	p.err = failure("letting a rule send to the queue "+q.url, "sqs:SetQueueAttributes", "it", err)
}

func (p *provisioning) target(rule, queueARN, deadARN string) {
	if p.err != nil {
		return
	}
	out, err := p.client.PutTargets(p.ctx, &eventbridge.PutTargetsInput{
		Rule: aws.String(rule), EventBusName: aws.String(p.opts.EventBus),
		Targets: []ebtypes.Target{{
			Id: aws.String(targetID), Arn: aws.String(queueARN), DeadLetterConfig: &ebtypes.DeadLetterConfig{Arn: aws.String(deadARN)},
			RetryPolicy: &ebtypes.RetryPolicy{MaximumEventAgeInSeconds: aws.Int32(int32(maxEventAge.Seconds())), MaximumRetryAttempts: aws.Int32(maxTries)},
		}},
	})
	if err == nil && out.FailedEntryCount > 0 {
		err = errors.New(aws.ToString(out.FailedEntries[0].ErrorMessage))
	}
	p.err = failure("giving the rule "+rule+" its queue", "events:PutTargets", "it", err)
}

// seconds is a time in whole seconds, rounded up, that SQS takes as a visibility timeout.
func seconds(d time.Duration) int32 {
	return int32(math.Ceil(max(0, min(d, maxInvisible)).Seconds()))
}
