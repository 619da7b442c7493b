package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel-dev/runnel/internal/moto"
	"github.com/runnel-dev/runnel/runtime/pipeline/sam"
)

// A cloud is moto's server, with the resources of a template.
type cloud struct {
	url       string
	bucket    string
	bus       string
	queues    int
	rules     int
	template  *sam.Template
	functions []string // logical ids

	sqs    *sqs.Client
	s3     *s3.Client
	events *eventbridge.Client
	server *moto.Server

	visibility string // of messages that were received; "": the template's
}

// startCloud starts moto's server.
func startCloud(ctx context.Context, python string) (*cloud, error) {
	server, err := moto.Start(ctx, python)
	if err != nil {
		return nil, err
	}
	c := &cloud{server: server, url: server.URL}
	cfg := aws.Config{Region: moto.Region, BaseEndpoint: aws.String(c.url), Credentials: credentials.NewStaticCredentialsProvider(moto.Key, moto.Secret, "")}
	c.sqs, c.events = sqs.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg)
	c.s3 = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	return c, nil
}

// environ is the environment of what speaks to the cloud.
func (c *cloud) environ() []string {
	return []string{"AWS_ENDPOINT_URL=" + c.url, "AWS_REGION=" + moto.Region, "AWS_DEFAULT_REGION=" + moto.Region, "AWS_ACCESS_KEY_ID=" + moto.Key,
		"AWS_SECRET_ACCESS_KEY=" + moto.Secret, "AWS_SESSION_TOKEN=", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull}
}

// store is where the store is.
func (c *cloud) store() string { return "s3://" + c.bucket + "?prefix=store/&endpoint=" + c.url }

// provision makes the bucket, the bus, the queues and the rules of a template.
func (c *cloud) provision(ctx context.Context, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if c.template, err = sam.Parse(b); err != nil {
		return err
	}
	// In the order of what refers to what.
	for _, typ := range []string{"AWS::S3::Bucket", "AWS::Events::EventBus", "AWS::SQS::Queue", "AWS::Events::Rule", "AWS::Serverless::Function"} {
		for _, id := range slices.Sorted(maps.Keys(c.template.Resources)) {
			r := c.template.Resources[id]
			if r.Type != typ {
				continue
			}
			if typ == "AWS::Serverless::Function" {
				c.functions = append(c.functions, id)
				continue
			}
			v, err := c.template.Resolve(r.Properties, c.ref)
			if err == nil {
				err = c.make(ctx, id, typ, v.(map[string]any))
			}
			if err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
		}
	}
	return nil
}

// ref gives what the template's references mean here.
func (c *cloud) ref(name, attribute string) (any, bool) {
	if p, ok := c.template.Parameters[name]; ok {
		return p.Default, true
	}
	if name == "AWS::NoValue" {
		return nil, true
	}
	r, ok := c.template.Resources[name]
	if !ok {
		return nil, false
	}
	arn := func(service, what string) string {
		return "arn:aws:" + service + ":" + moto.Region + ":" + moto.Account + ":" + what
	}
	switch r.Type + " " + attribute {
	case "AWS::S3::Bucket ":
		return "runnel-local", true
	case "AWS::S3::Bucket Arn":
		return "arn:aws:s3:::runnel-local", true
	case "AWS::Events::EventBus ":
		return c.template.Parameters["EventBusName"].Default, true
	case "AWS::SQS::Queue Arn":
		return arn("sqs", fmt.Sprint(r.Properties["QueueName"])), true
	case "AWS::SQS::Queue ":
		return c.url + "/" + moto.Account + "/" + fmt.Sprint(r.Properties["QueueName"]), true
	case "AWS::IAM::Role Arn", "AWS::Logs::LogGroup ":
		return name, true
	}
	return nil, false
}

func (c *cloud) make(ctx context.Context, id, typ string, p map[string]any) error {
	switch typ {
	case "AWS::S3::Bucket":
		v, _ := c.ref(id, "")
		c.bucket = fmt.Sprint(v)
		if _, err := c.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(c.bucket)}); err != nil {
			return err
		}
		if _, err := c.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: aws.String(c.bucket),
			VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}}); err != nil {
			return err
		}
		_, err := c.s3.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: aws.String(c.bucket),
			NotificationConfiguration: &s3types.NotificationConfiguration{EventBridgeConfiguration: &s3types.EventBridgeConfiguration{}}})
		return err
	case "AWS::Events::EventBus":
		c.bus = fmt.Sprint(p["Name"])
		_, err := c.events.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String(c.bus)})
		return err
	case "AWS::SQS::Queue":
		c.queues++
		attributes := map[string]string{}
		for _, name := range []string{"VisibilityTimeout", "MessageRetentionPeriod"} {
			if p[name] != nil {
				attributes[name] = fmt.Sprint(p[name])
			}
		}
		if c.visibility != "" {
			attributes["VisibilityTimeout"] = c.visibility
		}
		_, err := c.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(fmt.Sprint(p["QueueName"])), Attributes: attributes})
		return err
	}
	return c.rule(ctx, id, p)
}

// rule makes a rule and its target.
func (c *cloud) rule(ctx context.Context, id string, p map[string]any) error {
	c.rules++
	var bus *string // nil is the account's default bus, which S3 speaks to
	if p["EventBusName"] != nil {
		bus = aws.String(fmt.Sprint(p["EventBusName"]))
	}
	name := id
	if p["Name"] != nil {
		name = fmt.Sprint(p["Name"])
	}
	pattern, err := json.Marshal(p["EventPattern"])
	if err != nil {
		return err
	}
	if _, err := c.events.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String(name), EventBusName: bus, EventPattern: aws.String(string(pattern))}); err != nil {
		return err
	}
	targets, _ := p["Targets"].([]any)
	for i, t := range targets {
		target := t.(map[string]any)
		out, err := c.events.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String(name), EventBusName: bus,
			Targets: []ebtypes.Target{{Id: aws.String(strconv.Itoa(i)), Arn: aws.String(fmt.Sprint(target["Arn"]))}}})
		if err == nil && out.FailedEntryCount > 0 {
			err = errors.New(aws.ToString(out.FailedEntries[0].ErrorMessage))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
