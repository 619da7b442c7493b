package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/runnel-dev/runnel/internal/moto"
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
func (c *cloud) startLambdas(ctx context.Context, emulator, bootstraps string, tried *trial) (*lambdas, error) {
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
			m := rie.Mapping{Client: c.sqs, Queue: f.queue, ARN: f.arn}
			invoking, failed := func(running) {}, func(err error) { l.failed(f.id, err) }
			if tried != nil {
				invoking, failed = tried.invoking, func(err error) { tried.failed(f, err) }
			}
			l.fed.Go(func() {
				m.Run(ctx, func() string {
					invoking(f)
					return f.URL
				}, failed)
			})
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
		f.queue = c.url + "/" + moto.Account + "/" + arn[strings.LastIndex(arn, ":")+1:]
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

// failed notes what went wrong between a queue and its function.
func (l *lambdas) failed(id string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = fmt.Errorf("%s: %w", id, err)
	}
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
