// Package sam renders a pipeline as an AWS SAM template: a Lambda, a queue, a
// rule and a role for each step, and what they share.
package sam

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/runnel-dev/runnel/events"
	awsbus "github.com/runnel-dev/runnel/events/bus/aws"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Options are the choices of a template; nil means the defaults.
type Options struct {
	// Prefix is what names of queues, rules and Lambdas begin with; "" is runnel.
	Prefix string
	// OnDemand are functions that no step runs, as Lambdas to be invoked directly.
	OnDemand []*step.Function
}

// What Lambda allows, and what of it goes to recording what came of an attempt.
const (
	maxTimeout = 15 * time.Minute
	reserve    = 15 * time.Second
	longest    = maxTimeout - reserve
)

// attemptsBeside is how often an event may come again for another reason than
// its step's failure, until SQS moves it to the dead letters.
const attemptsBeside = 20

// Environment of a Lambda: AWS allows 4 KB of it in all.
const maxDefinition = 3000

//go:embed template.yaml.tmpl
var text string

// A view is a pipeline as the template sees it.
type view struct {
	Name, Version, Prefix string
	Definition            string
	Functions             []function
	Steps                 []function // those of Functions that are steps
	Upload                *function  // the step that takes uploads; nil: none
	FailedPattern         string
}

// A function is a Lambda as the template sees it.
type function struct {
	ID       string // what its logical ids begin with
	Name     string // of the Lambda, its queue and its rule
	DLQ      string
	Step     string // "": on demand
	Function string
	Doc      string
	Timeout  int // of the Lambda, in seconds
	Hidden   int // visibility timeout, in seconds
	Receives int // before SQS gives up
	Pattern  string
	Models   bool // it writes to the model registry
	Upload   bool // it takes uploads over
}

// Render gives the template of the pipeline, and notes on what differs from its
// definition on AWS. The same pipeline gives the same text.
func Render(p *pipeline.Pipeline, opts *Options) (out string, notes []string, err error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	if o.Prefix == "" {
		o.Prefix = "runnel"
	}
	v := view{Name: p.Name, Version: p.Version, Prefix: o.Prefix}
	if v.Definition, err = pipeline.Pack(p); err != nil {
		return "", nil, err
	}
	if len(v.Definition) > maxDefinition {
		notes = append(notes, "the definition is too large for the environment of a Lambda, so the store has to have it: after the stack stands, "+
			"runnel pipeline sam FILE --define 's3://BUCKET?prefix=store/'")
		v.Definition = ""
	}
	failed, err := awsbus.Pattern(filters(p.Name, events.StepFailed))
	if err != nil {
		return "", nil, err
	}
	v.FailedPattern = failed
	var capped []string
	taken := map[string]bool{}
	for i, s := range p.Steps {
		f, short, err := stepOf(p, s, o.Prefix)
		if err != nil {
			return "", nil, err
		}
		if short {
			capped = append(capped, s.Name)
		}
		if f.ID = logical(s.Name); taken[f.ID] {
			f.ID = fmt.Sprintf("%sStep%d", f.ID, i+1)
		}
		taken[f.ID] = true
		if v.Upload == nil && slices.ContainsFunc(s.On, func(t pipeline.Trigger) bool { return t.Type == events.ObjectCreated }) {
			f.Upload = true
			v.Upload = &f
		}
		v.Functions = append(v.Functions, f)
	}
	if len(capped) > 0 {
		notes = append(notes, fmt.Sprintf("an attempt ends after %v, the longest that a Lambda can run, and not after %s, of the steps %s",
			longest, defaultTimeout(), strings.Join(capped, ", ")))
	}
	v.Steps = slices.Clone(v.Functions)
	for _, fn := range o.OnDemand {
		id := logical(fn.Name)
		if taken[id] {
			id += "OnDemand"
		}
		v.Functions = append(v.Functions, function{
			ID: id, Name: awsbus.QueueName(o.Prefix, p.Name+"_"+fn.Name), Function: fn.Name, Doc: fn.Doc, Timeout: int(maxTimeout.Seconds()), Models: fn.Effect,
		})
	}
	var b strings.Builder
	err = template.Must(template.New("sam").Parse(text)).Execute(&b, v)
	return b.String(), notes, err
}

// stepOf is a step as a Lambda. One that does not say its timeout is cut short
// where the default is more than Lambda has.
func stepOf(p *pipeline.Pipeline, s *pipeline.BoundStep, prefix string) (f function, short bool, err error) {
	timeout := s.Timeout
	if timeout > longest {
		if s.Step.Timeout != defaultTimeout() {
			return f, false, fmt.Errorf("step %s: timeout: %s is more than a Lambda can run, %v, of which %v go to recording what came of it: want at most %v, or another host for the step",
				s.Name, s.Step.Timeout, maxTimeout, reserve, longest)
		}
		timeout, short = longest, true
	}
	pattern, err := patternOf(p, s)
	if err != nil {
		return f, false, err
	}
	sub := engine.SubscriptionName(p.Name, s.Name)
	f = function{
		Name: awsbus.QueueName(prefix, sub), DLQ: awsbus.DeadLetterName(prefix, sub),
		Step: s.Name, Function: s.Function, Doc: s.Fn.Doc, Pattern: pattern,
		Timeout: int((timeout + reserve + time.Second - 1) / time.Second), Models: s.Fn.Effect,
		Receives: min(1000, s.Retry.Attempts+attemptsBeside),
	}
	f.Hidden = 6 * f.Timeout
	return f, short, nil
}

// logical makes a CloudFormation id of a step's name: letters and digits.
func logical(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "-") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

func compact(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}
