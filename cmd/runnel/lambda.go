package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/lambda"
	"github.com/runnel-dev/runnel/runtime/step"
)

// lambdas is the host that invokes AWS Lambdas, which is not set up before a
// step asks for it.
type lambdas struct {
	store string // where the node's store is, if not in its folder
	open  func() (*lambda.Host, error)
}

var _ host.Identifier = (*lambdas)(nil)

func (a *app) lambdas() *lambdas {
	l := &lambdas{}
	l.open = sync.OnceValues(func() (*lambda.Host, error) {
		if strings.Contains(a.lambda, "://") {
			return l.local(a)
		}
		if !strings.HasPrefix(l.store, "s3://") {
			return nil, errors.New("Lambdas on AWS do not see a store on this machine\n" +
				"Next: a node or worker with --store 's3://BUCKET?prefix=store/', or functions on this machine by their address: --lambda http://...")
		}
		cfg, err := config.LoadDefaultConfig(context.Background())
		if err != nil {
			return nil, fmt.Errorf("the configuration of AWS: %w", err)
		}
		invoker, err := lambda.NewAWS(cfg, a.lambda)
		if err != nil {
			return nil, fmt.Errorf("--lambda: %w", err)
		}
		return lambda.New(invoker, nil), nil
	})
	return l
}

// local is the host of functions at addresses on this machine. Those that have
// no store of their own take the node's.
func (l *lambdas) local(a *app) (*lambda.Host, error) {
	location := l.store
	if location == "" {
		dir, err := filepath.Abs(filepath.Join(a.dir, "store"))
		if err != nil {
			return nil, err
		}
		location = dir
	}
	return lambda.New(lambda.NewHTTP(a.addresses), &lambda.Options{Store: func(step.Env) string { return location }}), nil
}

// addresses are those of a function: http://.../{function}/..., or
// FUNCTION=http://... for one of them.
func (a *app) addresses(function string) (urls []string) {
	for part := range strings.SplitSeq(a.lambda, ",") {
		if name, url, ok := strings.Cut(part, "="); ok && !strings.Contains(name, "://") {
			if name != function {
				continue
			}
			part = url
		}
		urls = append(urls, strings.ReplaceAll(part, "{function}", function))
	}
	return urls
}

// Name implements host.Host.
func (*lambdas) Name() string { return "lambda" }

// Run implements host.Host.
func (l *lambdas) Run(ctx context.Context, fn *step.Function, inv step.Invocation, env step.Env) (step.Result, error) {
	h, err := l.open()
	if err != nil {
		return step.Result{}, step.Permanent(err)
	}
	return h.Run(ctx, fn, inv, env)
}

// Identify implements host.Identifier: nobody here knows the code that a Lambda
// has, so that its results are not reused.
func (l *lambdas) Identify(context.Context, *step.Function) (string, error) {
	_, err := l.open()
	return "", err
}
