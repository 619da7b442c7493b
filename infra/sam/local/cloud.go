package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel-dev/runnel/runtime/pipeline/sam"
)

// What moto's server takes; the credentials open nothing else.
const (
	region  = "us-east-1"
	account = "123456789012"
	keyID   = "runnel-local"
	secret  = "runnel-local-secret"
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
	server *exec.Cmd
	stdin  io.Closer
}

// serve says its address and ends with its standard input.
const serve = `
import logging, sys
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
server.stop()
`

// startCloud starts moto's server.
func startCloud(ctx context.Context, python string) (*cloud, error) {
	cmd := exec.CommandContext(ctx, python, "-c", serve)
	cmd.Stderr = io.Discard
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting moto's server: %w", err)
	}
	c := &cloud{server: cmd, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("moto's server does not start: %w: run scripts/venv", err)
	}
	c.url = strings.TrimSpace(line)
	cfg := aws.Config{Region: region, BaseEndpoint: aws.String(c.url), Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, "")}
	c.sqs, c.events = sqs.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg)
	c.s3 = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	return c, nil
}

func (c *cloud) stop() {
	c.stdin.Close()
	_ = c.server.Wait() // how it ended matters to nobody
}

// environ is the environment of what speaks to the cloud.
func (c *cloud) environ() []string {
	return []string{"AWS_ENDPOINT_URL=" + c.url, "AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region, "AWS_ACCESS_KEY_ID=" + keyID,
		"AWS_SECRET_ACCESS_KEY=" + secret, "AWS_SESSION_TOKEN=", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull}
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
		return "arn:aws:" + service + ":" + region + ":" + account + ":" + what
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
		return c.url + "/" + account + "/" + fmt.Sprint(r.Properties["QueueName"]), true
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
