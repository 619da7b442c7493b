package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	awsbus "github.com/runnel-dev/runnel/events/bus/aws"
	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/internal/moto"
	"github.com/runnel-dev/runnel/internal/rie/rietest"
	"github.com/runnel-dev/runnel/internal/testneed"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/store/registry"
)

// A killer kills the process of each function in the middle of invocations, at
// moments of chance, until so many of them have failed. What is published is
// noted beside it.
type killer struct {
	mu     sync.Mutex
	failed map[string]int // invocations, by function
	seen   map[string]int // events that were published, by id
}

// deaths is how many invocations of one function fail. The engine takes what more
// workers die of for poison.
const deaths = 2

func (k *killer) invoking(f running) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failed[f.id] < deaths {
		time.AfterFunc(rand.N(250*time.Millisecond), func() { f.Crash() })
	}
}

func (k *killer) note(f running, _ error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failed[f.id]++
}

// listen notes what is published.
func (k *killer) listen(ctx context.Context, c *cloud) error {
	cfg := aws.Config{Region: moto.Region, BaseEndpoint: aws.String(c.url), Credentials: credentials.NewStaticCredentialsProvider(moto.Key, moto.Secret, "")}
	b, err := awsbus.Open(ctx, cfg, &awsbus.Options{EventBus: c.bus, Prefix: "tap", Provision: true, Wait: time.Second, Timeout: time.Minute})
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = b.Close() })
	types := map[string]bool{events.StepFailed: true}
	for _, fn := range all.List() {
		for _, typ := range fn.Emits {
			types[typ] = true
		}
	}
	sub := bus.Subscription{Name: "all", MaxInFlight: 8}
	for typ := range types {
		sub.Filters = append(sub.Filters, bus.Filter{Pipeline: "default", Type: typ})
	}
	return b.Subscribe(ctx, sub, func(ctx context.Context, d bus.Delivery) {
		k.mu.Lock()
		k.seen[d.Event().ID()]++
		k.mu.Unlock()
		_ = d.Ack(ctx) // failing that it comes again, and counts by its id
	})
}

// check finds each effect once.
func (k *killer) check(ctx context.Context, c *cloud, there, here *outcome) error {
	if err := drained(ctx, c); err != nil {
		return err
	}
	// Read anew: what was under way when the run had succeeded is over now.
	status, err := engine.New(engine.Config{Store: there.store, Functions: all.Functions()}).Status(ctx, there.status.ID)
	if err != nil {
		return err
	}
	published := map[string]bool{}
	answers := func(steps []engine.Record) (all []string) {
		for _, r := range steps {
			all = append(all, r.Step+" "+r.EventType+" "+r.Status)
		}
		slices.Sort(all)
		return all
	}
	for _, r := range status.Steps {
		for _, e := range r.Events {
			published[e.ID()] = true
		}
	}
	var errs []error
	if got, want := answers(status.Steps), answers(here.status.Steps); !slices.Equal(got, want) {
		errs = append(errs, fmt.Errorf("the records are %v, and a node's %v", got, want))
	}
	letters, err := engine.DeadLetters(ctx, there.store, engine.LetterQuery{Decided: true})
	if err != nil || len(letters.Letters) > 0 {
		errs = append(errs, fmt.Errorf("dead letters %v, %w", letters, err))
	}
	errs = append(errs, k.once(published), registered(ctx, there))
	return errors.Join(errs...)
}

// once waits until the events of the records have come, and nothing else has.
func (k *killer) once(published map[string]bool) error {
	want := slices.Sorted(maps.Keys(published))
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		k.mu.Lock()
		got := slices.Sorted(maps.Keys(k.seen))
		k.mu.Unlock()
		if slices.Equal(got, want) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the events %v were published, and the records say %v", got, want)
		}
	}
}

// registered finds one model of one version, which became the champion once.
func registered(ctx context.Context, there *outcome) error {
	r := registry.New(there.store, nil)
	names, err := r.Names(ctx)
	if err != nil || len(names) != 1 {
		return fmt.Errorf("models %v, %w", names, err)
	}
	versions, err := r.Versions(ctx, names[0])
	var moves []registry.AliasMove
	if err == nil {
		moves, err = r.AliasHistory(ctx, names[0], registry.Champion)
	}
	if err != nil || len(versions) != 1 || len(moves) != 1 || versions[0].Stage == registry.Rejected {
		return fmt.Errorf("versions %v, moves of the champion %v, %w", versions, moves, err)
	}
	return nil
}

// drained waits until no queue of a function has a message, and finds none in
// their dead letters.
func drained(ctx context.Context, c *cloud) error {
	all, err := c.sqs.ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil {
		return err
	}
	for _, url := range all.QueueUrls {
		for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
			out, err := c.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String(url), AttributeNames: []types.QueueAttributeName{
				types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}})
			if err != nil {
				return err
			}
			left := strings.Join(slices.Sorted(maps.Values(out.Attributes)), " and ")
			if left == "0 and 0" {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("the queue %s has %s messages left", url, left)
			}
		}
	}
	return nil
}

// The default pipeline as on AWS makes what a node makes, byte for byte. Here each
// function's process is killed in the middle of steps, and SQS gives it the events
// again; still each effect is made once.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("a long one")
	}
	rietest.Emulator(t)
	k := &killer{failed: map[string]int{}, seen: map[string]int{}}
	var out strings.Builder
	err := run(t.Context(), options{
		python: testneed.Python(t, "moto", "flask", "boto3"), out: &out,
		file: filepath.Join(root(), "examples", "penguins", "penguins.csv"), target: "species",
		trial: &trial{visibility: "2", provisioned: k.listen, invoking: k.invoking, failed: k.note, ended: k.check},
	})
	t.Log(out.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"All ", "same, byte for byte", "deploy     done"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("it does not say %q", text)
		}
	}
	died := 0
	for _, n := range k.failed {
		died += n
	}
	t.Logf("%d invocations of %d functions were killed: %v", died, len(k.failed), k.failed)
	if died < 5 {
		t.Error("too few died to say anything")
	}
}
