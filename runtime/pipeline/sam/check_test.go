package sam_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/host/lambda"
	"github.com/runnel-dev/runnel/runtime/pipeline/sam"
)

// A checked template is one with what is found wrong with it.
type checked struct {
	*sam.Template
	faults []string
}

func (c *checked) Errorf(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// check lists what is wrong with a template of so many functions.
func check(t testing.TB, text string, functions int) []string {
	t.Helper()
	parsed, err := sam.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c := &checked{Template: parsed}
	c.references("Globals", c.Globals)
	c.references("Outputs", c.Outputs)
	n := 0
	for id, r := range c.Resources {
		c.references(id, r.Properties)
		c.arns(id, "", r.Properties)
		switch r.Type {
		case "AWS::Events::Rule":
			c.rule(id, r)
		case "AWS::SQS::Queue":
			c.queue(id, r)
		case "AWS::Serverless::Function":
			n++
			c.function(id, r)
		}
	}
	if n != functions {
		c.Errorf("%d functions, want %d", n, functions)
	}
	c.bucket()
	return c.faults
}

// TestTemplates checks what AWS's own checkers miss.
func TestTemplates(t *testing.T) {
	for name, p := range pipelines(t) {
		t.Run(name, func(t *testing.T) {
			text := render(t, p)
			if again := render(t, p); again != text {
				t.Error("the same pipeline gives another text")
			}
			for _, fault := range check(t, text, len(p.Steps)+1) { // one a step, and predict
				t.Error(fault)
			}
		})
	}
	parsed, err := sam.Parse([]byte(render(t, pipelines(t)["default"])))
	if err != nil {
		t.Fatal(err)
	}
	if name := parsed.Resources["PredictFunction"].Properties["FunctionName"]; name != strings.ReplaceAll(lambda.DefaultName, "{function}", "predict") {
		t.Errorf("host lambda looks for functions by %s, and the template names one %v", lambda.DefaultName, name)
	}
}

// TestFaultsAreFound breaks a template in the ways that the checks are for.
func TestFaultsAreFound(t *testing.T) {
	p := pipelines(t)["default"]
	text := render(t, p)
	for _, f := range []struct{ old, fault string }{
		{"Arn: !GetAtt TrainQueue.Arn", "Arn: !Ref TrainQueue"},
		{"deadLetterTargetArn: !GetAtt TrainDeadLetters.Arn", "deadLetterTargetArn: !GetAtt TrainDeadLetters.QueueName"},
		{"aws:SourceArn: !GetAtt TrainRule.Arn", "aws:SourceArn: !Ref TrainRule"},
		{"aws:SourceArn: !GetAtt TrainRule.Arn", "aws:SourceArn: !GetAtt CleanRule.Arn"},
		{"maxReceiveCount: 25", "maxReceiveCount: 0"},
		{`"pipeline":[`, `"pipline":[`},
		{`"detail-type":["dev.runnel.features.built.v1"]`, `"detail-type":["dev.runnel.feature.built.v1"]`},
		{"VisibilityTimeout: 5400", "VisibilityTimeout: 900"},
		{"[ReportBatchItemFailures]", "[]"},
		{"${Bucket.Arn}/store/artifacts/*", "${Bucket.Arn}/*"},
		{"Action: s3:GetObject\n", "Action: s3:*\n"},
		{"sqs:GetQueueUrl]\n                Resource: !GetAtt TrainQueue.Arn", "sqs:GetQueueUrl]\n                Resource: !GetAtt CleanQueue.Arn"},
		{"Action: events:PutEvents\n                Resource: !GetAtt EventBus.Arn", "Action: events:PutEvents\n                Resource: '*'"},
		{"RUNNEL_BUS: !Ref EventBus", "RUNNEL_BUS: !Ref EventBuss"},
		{"RetentionInDays: !Ref LogRetention", "Tags: []"},
		{"EventBridgeEnabled: true", "EventBridgeEnabled: false"},
	} {
		broken := strings.ReplaceAll(text, f.old, f.fault)
		if broken == text {
			t.Errorf("the template has no %q", f.old)
		} else if len(check(t, broken, len(p.Steps)+1)) == 0 {
			t.Errorf("nobody sees %q for %q", f.fault, f.old)
		}
	}
}

// attributes are what GetAtt gives of the types that the templates have.
var attributes = map[string][]string{
	"AWS::S3::Bucket": {"Arn"}, "AWS::Events::EventBus": {"Arn"}, "AWS::Events::Rule": {"Arn"}, "AWS::SQS::Queue": {"Arn", "QueueName"},
	"AWS::IAM::Role": {"Arn"}, "AWS::Logs::LogGroup": {"Arn"},
}

// references checks that every reference means something.
func (c *checked) references(id string, v any) {
	_, err := c.Resolve(v, func(name, attribute string) (any, bool) {
		if _, ok := c.Parameters[name]; ok && attribute == "" || name == "AWS::NoValue" {
			return "", true
		}
		r, ok := c.Resources[name]
		return "", ok && (attribute == "" || slices.Contains(attributes[r.Type], attribute))
	})
	if err != nil {
		c.Errorf("%s: %v", id, err)
	}
}

// wantsARN are the properties whose value is an ARN, or a list of them.
var wantsARN = []string{"Arn", "deadLetterTargetArn", "aws:SourceArn", "Role", "Resource", "Queue", "AlarmActions"}

// arns checks that what should be an ARN is one: Ref of a queue is its URL.
func (c *checked) arns(id, key string, v any) {
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			c.arns(id, key, e)
		}
		return
	case map[string]any:
		if _, isFunction := functionOf(x); !isFunction {
			for k, e := range x {
				c.arns(id, k, e)
			}
			return
		}
	}
	if !slices.Contains(wantsARN, key) || c.isARN(v) {
		return
	}
	c.Errorf("%s: %s is %v, which is no ARN", id, key, v)
}

// functionOf is the name and argument of {Fn::x: argument} and {Ref: argument}.
func functionOf(m map[string]any) (string, bool) {
	for k := range m {
		if len(m) == 1 && (k == "Ref" || strings.HasPrefix(k, "Fn::")) {
			return k, true
		}
	}
	return "", false
}

func (c *checked) isARN(v any) bool {
	switch x := v.(type) {
	case string:
		return strings.HasPrefix(x, "arn:")
	case map[string]any:
		if at, ok := x["Fn::GetAtt"].([]any); ok {
			return at[1] == "Arn"
		}
		if text, ok := x["Fn::Sub"].(string); ok {
			return strings.HasPrefix(text, "arn:") || strings.HasPrefix(text, "${Bucket.Arn}/")
		}
		if name, ok := x["Ref"].(string); ok { // a parameter whose pattern asks for an ARN
			return name == "AlarmTopic" || name == "AWS::NoValue"
		}
		if branches, ok := x["Fn::If"].([]any); ok {
			for _, b := range branches[1:] {
				list, isList := b.([]any)
				if !isList {
					list = []any{b}
				}
				for _, e := range list {
					if !c.isARN(e) {
						return false
					}
				}
			}
			return true
		}
	}
	return false
}

// at is the resource that a GetAtt names.
func at(v any) string {
	m, _ := v.(map[string]any)
	list, _ := m["Fn::GetAtt"].([]any)
	if len(list) != 2 {
		return ""
	}
	return fmt.Sprint(list[0])
}

func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// said are the members of an event as EventBridge sees it.
func said() []string {
	return []string{"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data",
		events.Run, events.Cause, events.Pipeline, events.PipelineVersion, events.StepName, events.SetID, events.SetSize, events.SetIndex}
}

// rule checks what a rule matches, and that its target takes it.
func (c *checked) rule(id string, r sam.Resource) {
	clauses := []any{r.Properties["EventPattern"]}
	if or, ok := object(clauses[0])["$or"].([]any); ok {
		clauses = or
	}
	for _, clause := range clauses {
		known := said()
		if id == "UploadRule" {
			known = []string{"bucket", "object"}
		}
		for key := range object(clause) {
			if !slices.Contains([]string{"source", "detail-type", "detail"}, key) {
				c.Errorf("%s matches by %q, which no event of EventBridge has", id, key)
			}
		}
		for key := range object(object(clause)["detail"]) {
			if !slices.Contains(known, key) {
				c.Errorf("%s matches by detail.%s, which no event has", id, key)
			}
		}
		for _, typ := range list(object(clause)["detail-type"]) {
			if typ != "Object Created" && !slices.Contains(events.Types(), fmt.Sprint(typ)) {
				c.Errorf("%s matches the type %v, which no event has", id, typ)
			}
		}
	}
	for _, target := range list(r.Properties["Targets"]) {
		for _, queue := range []string{at(object(target)["Arn"]), at(object(object(target)["DeadLetterConfig"])["Arn"])} {
			if queue == "" && id == "FailuresRule" {
				continue // what it carries lies in the store as well
			}
			if c.Resources[queue].Type != "AWS::SQS::Queue" || !c.admits(queue, id) {
				c.Errorf("%s sends to %q, which does not let it", id, queue)
			}
		}
	}
}

// admits tells whether the policy of a queue lets the rule send, and nobody else who does not.
func (c *checked) admits(queue, rule string) bool {
	for _, r := range c.Resources {
		if r.Type != "AWS::SQS::QueuePolicy" || object(list(r.Properties["Queues"])[0])["Ref"] != queue {
			continue
		}
		for _, s := range list(object(r.Properties["PolicyDocument"])["Statement"]) {
			for _, arn := range list(object(object(object(s)["Condition"])["ArnEquals"])["aws:SourceArn"]) {
				if at(arn) == rule && at(object(s)["Resource"]) == queue {
					return true
				}
			}
		}
	}
	return false
}

func (c *checked) queue(id string, r sam.Resource) {
	redrive := object(r.Properties["RedrivePolicy"])
	if strings.HasSuffix(id, "DeadLetters") || id == "Failures" {
		return
	}
	if n, ok := redrive["maxReceiveCount"].(int); !ok || n < 1 || n > 1000 {
		c.Errorf("%s: maxReceiveCount is %v", id, redrive["maxReceiveCount"])
	}
	if c.Resources[at(redrive["deadLetterTargetArn"])].Type != "AWS::SQS::Queue" {
		c.Errorf("%s has no dead letters", id)
	}
}

// function checks a function with its queue and its role.
func (c *checked) function(id string, r sam.Resource) {
	name := strings.TrimSuffix(id, "Function")
	timeout, _ := r.Properties["Timeout"].(int)
	if timeout < 1 || timeout > 900 {
		c.Errorf("%s: timeout %d", id, timeout)
	}
	queue := ""
	if source := object(object(object(r.Properties["Events"])["Queue"])["Properties"]); source != nil {
		queue = at(source["Queue"])
		hidden, _ := c.Resources[queue].Properties["VisibilityTimeout"].(int)
		if queue != name+"Queue" || hidden < 6*timeout || hidden > 43200 {
			c.Errorf("%s: its queue %s hides a message for %d s, and it runs for %d s", id, queue, hidden, timeout)
		}
		if !slices.Equal(list(source["FunctionResponseTypes"]), []any{"ReportBatchItemFailures"}) {
			c.Errorf("%s does not report which messages failed", id)
		}
	}
	if role := at(r.Properties["Role"]); role != name+"Role" {
		c.Errorf("%s has the role %s", id, role)
	}
	c.role(name, queue)
	if log := object(object(r.Properties["LoggingConfig"])["LogGroup"])["Ref"]; log != name+"Log" || c.Resources[name+"Log"].Properties["RetentionInDays"] == nil {
		c.Errorf("%s: its logs are kept for ever, or not its own", id)
	}
}

// role checks that a function may reach its own queue and log, the bus, and what
// it needs of the bucket.
func (c *checked) role(name, queue string) {
	role := c.Resources[name+"Role"]
	if role.Properties["ManagedPolicyArns"] != nil {
		c.Errorf("%sRole has managed policies, which allow more than its own queue", name)
	}
	for _, policy := range list(role.Properties["Policies"]) {
		for _, s := range list(object(object(policy)["PolicyDocument"])["Statement"]) {
			for _, action := range list(object(s)["Action"]) {
				for _, resource := range list(object(s)["Resource"]) {
					if b, _ := json.Marshal(resource); !c.allowed(name, queue, fmt.Sprint(action), resource) {
						c.Errorf("%sRole may do %v on %s", name, action, b)
					}
				}
			}
		}
	}
}

func (c *checked) allowed(name, queue, action string, resource any) bool {
	service, what, _ := strings.Cut(action, ":")
	if strings.Contains(what, "*") {
		return false
	}
	key, _ := object(resource)["Fn::Sub"].(string)
	switch service {
	case "sqs":
		return at(resource) == queue && queue != ""
	case "events":
		return what == "PutEvents" && at(resource) == "EventBus" && queue != ""
	case "logs":
		return at(resource) == name+"Log"
	case "s3":
		if what == "ListBucket" {
			return at(resource) == "Bucket"
		}
		if what != "GetObject" && what != "GetObjectVersion" && strings.Contains(key, "UploadPrefix") {
			return false
		}
		return strings.HasPrefix(key, "${Bucket.Arn}/store/") || strings.HasPrefix(key, "${Bucket.Arn}/${UploadPrefix}")
	}
	return false
}

func (c *checked) bucket() {
	p := c.Resources["Bucket"].Properties
	for _, want := range []string{"VersioningConfiguration", "BucketEncryption", "PublicAccessBlockConfiguration"} {
		if p[want] == nil {
			c.Errorf("the bucket has no %s", want)
		}
	}
	if on := object(object(p["NotificationConfiguration"])["EventBridgeConfiguration"])["EventBridgeEnabled"]; on != true {
		c.Errorf("the bucket tells EventBridge of no upload")
	}
}
