package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/internal/moto"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
	_ "github.com/runnel-dev/runnel/runtime/store/s3" // s3:// locations
)

// An outcome is what a run left in a store.
type outcome struct {
	store  *store.Store
	status *engine.Status
	close  func() error
}

// follow shows what the functions do until the run of the upload has ended.
func (c *cloud) follow(ctx context.Context, o options, l *lambdas) (*outcome, error) {
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": moto.Key, "AWS_SECRET_ACCESS_KEY": moto.Secret, "AWS_SESSION_TOKEN": "", "AWS_EC2_METADATA_DISABLED": "true"} {
		if err := os.Setenv(name, value); err != nil { // what opens S3 by URL takes them from there
			return nil, err
		}
	}
	st, err := store.Open(ctx, c.store(), nil)
	if err != nil {
		return nil, err
	}
	e := engine.New(engine.Config{Store: st, Functions: all.Functions()})
	shown := map[string]bool{}
	for {
		if err := l.failure(); err != nil {
			return nil, err
		}
		runs, err := engine.Runs(ctx, st, 1)
		if err != nil {
			return nil, err
		}
		if len(runs) == 1 {
			status, err := e.Status(ctx, runs[0].ID)
			if err != nil {
				return nil, err
			}
			for _, r := range status.Steps {
				if !shown[r.Step+r.Event] {
					shown[r.Step+r.Event] = true
					o.show(r)
				}
			}
			if status.State != engine.Running {
				return &outcome{st, status, st.Close}, ended(status)
			}
		}
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("the run has not ended: %w", ctx.Err())
		}
	}
}

// show prints what came of a step.
func (o options) show(r engine.Record) {
	emitted := ""
	for _, e := range r.Events {
		emitted += " -> " + events.ShortType(e.Type())
	}
	o.say("  %-10s %-6s %6.2f s%s", r.Step, r.Status, r.Seconds, emitted)
}

// ended is the error of a run that made no model.
func ended(s *engine.Status) error {
	if s.State == engine.Succeeded {
		return nil
	}
	for _, r := range s.Steps {
		if r.Error != nil {
			return fmt.Errorf("step %s: %s", r.Step, r.Error.Message)
		}
	}
	return fmt.Errorf("the run has %s", s.State)
}

// native does the same in a node in this process.
func native(ctx context.Context, dir string, o options, bucket, key string) (*outcome, error) {
	n, err := node.Open(ctx, filepath.Join(dir, "node"), &node.Options{Functions: all.Functions()})
	if err != nil {
		return nil, err
	}
	status, err := runIn(ctx, n, o, bucket, key)
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return &outcome{n.Store, status, n.Close}, nil
}

func runIn(ctx context.Context, n *node.Node, o options, bucket, key string) (*engine.Status, error) {
	p, err := pipeline.Default(all.Functions())
	if err == nil {
		err = n.Start(ctx, p)
	}
	if err == nil {
		err = n.Store.CreateBucket(ctx, bucket)
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(o.file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	object, err := n.Upload(ctx, store.ObjectInput{Bucket: bucket, Key: key, Metadata: map[string]string{"target": o.target}}, f)
	if err != nil {
		return nil, err
	}
	ev, err := events.FromObject(object)
	if err != nil {
		return nil, err
	}
	for {
		status, err := n.Engine.Status(ctx, ev.ID())
		if err != nil || status.State != engine.Running {
			return status, errors.Join(err, func() error {
				if err != nil {
					return nil
				}
				return ended(status)
			}())
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// compare fails where the artifacts of the two differ in any byte.
func compare(ctx context.Context, o options, there, here *outcome) error {
	var different []string
	artifacts := 0
	for _, want := range here.status.Steps {
		i := slices.IndexFunc(there.status.Steps, func(r engine.Record) bool { return r.Step == want.Step })
		if i < 0 {
			return fmt.Errorf("step %s did not run as a Lambda", want.Step)
		}
		got := there.status.Steps[i]
		for _, name := range slices.Sorted(maps.Keys(want.Outputs)) {
			artifacts++
			same, err := identical(ctx, there.store, got.Outputs[name], here.store, want.Outputs[name])
			if err != nil {
				return fmt.Errorf("step %s: %s: %w", want.Step, name, err)
			}
			if !same {
				different = append(different, want.Step+" "+name)
			}
			if want.Step == "train" {
				o.say("  %-22s %s  %d bytes  %s", name, want.Outputs[name].Digest[:19], want.Outputs[name].Size, map[bool]string{true: "identical", false: "DIFFERENT"}[same])
			}
		}
	}
	if len(different) > 0 {
		return fmt.Errorf("what the Lambdas made differs from what the node made: %v", different)
	}
	o.say("All %d artifacts of %d steps are the same, byte for byte.", artifacts, len(here.status.Steps))
	return nil
}

// identical compares the bytes, not only the digests that name them.
func identical(ctx context.Context, a *store.Store, x events.Ref, b *store.Store, y events.Ref) (bool, error) {
	if x.Digest != y.Digest {
		return false, nil
	}
	read := func(s *store.Store, ref events.Ref) ([]byte, error) {
		blob, err := s.Open(ctx, ref)
		if err != nil {
			return nil, err
		}
		defer blob.Close()
		return io.ReadAll(step.ReaderOf(blob))
	}
	one, err := read(a, x)
	if err != nil {
		return false, err
	}
	two, err := read(b, y)
	return bytes.Equal(one, two), err
}
