//go:build unix

package node_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/server"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
)

// The pipeline that is killed: a fan-out of three, two answers to each of its
// members, a join of one of them, and an effect outside the artifacts.
const crashPipeline = `
name: crash
steps:
  - name: split
  - name: work
  - name: look
  - name: gather
    on: dataset.cleaned
    join: true
  - name: effect
  - name: last
`

var crashSteps = []string{"split", "work", "look", "gather", "effect", "last"}

// poison is the content that kills its worker.
const poison = "poison"

type nothing struct{}

// crashFunctions are small functions that write artifacts, take a random time
// and do the same each time.
func crashFunctions() pipeline.Functions {
	pause := func() { time.Sleep(rand.N(4 * time.Millisecond)) }
	put := func(ctx context.Context, call *step.Call, what string) (events.Ref, error) {
		pause()
		ref, err := call.PutBytes(ctx, "out", events.MediaBytes, []byte(call.From.Step+" "+events.RunOf(call.Event)+" "+what))
		pause()
		return ref, err
	}
	fs := pipeline.Functions{}
	add := func(name, accepts, emits string, effect bool, do func(context.Context, *step.Call) error) {
		opts := []step.Option{step.Accepts(accepts)}
		if emits != "" {
			opts = append(opts, step.Emits(emits))
		}
		if effect {
			opts = append(opts, step.Effect())
		}
		fs[name] = step.New(name, func(ctx context.Context, call *step.Call, _ nothing) error { return do(ctx, call) }, opts...)
	}
	add("split", events.ObjectCreated, events.DatasetIngested, false, func(ctx context.Context, call *step.Call) error {
		in, err := events.Data[events.ObjectCreatedData](call.Event)
		if err != nil {
			return err
		}
		b, err := call.Bytes(ctx, in.Content)
		if err != nil {
			return err
		}
		if string(b) == poison {
			time.Sleep(rand.N(30 * time.Millisecond))
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		ref, err := put(ctx, call, string(b))
		if err != nil {
			return err
		}
		parts := make([]events.Payload, 3)
		for i := range parts {
			parts[i] = events.DatasetIngestedData{Dataset: events.Dataset{Name: fmt.Sprint("part", i), Manifest: ref}}
		}
		return call.EmitSet(parts...)
	})
	add("work", events.DatasetIngested, events.DatasetCleaned, false, func(ctx context.Context, call *step.Call) error {
		in, err := events.Data[events.DatasetIngestedData](call.Event)
		if err != nil {
			return err
		}
		ref, err := put(ctx, call, in.Dataset.Name)
		if err != nil {
			return err
		}
		return call.Emit(events.DatasetCleanedData{Raw: in.Dataset, Dataset: events.Dataset{Manifest: ref}})
	})
	add("look", events.DatasetIngested, events.DatasetExplored, false, func(_ context.Context, call *step.Call) error {
		pause()
		return errors.Join(call.Emit(events.DatasetExploredData{Alerts: 1}), call.Emit(events.DatasetExploredData{Alerts: 2}))
	})
	add("gather", events.DatasetCleaned, events.FeaturesBuilt, false, func(ctx context.Context, call *step.Call) error {
		var names []string
		for _, e := range call.Set {
			in, err := events.Data[events.DatasetCleanedData](e)
			if err != nil {
				return err
			}
			names = append(names, in.Raw.Name)
		}
		ref, err := put(ctx, call, strings.Join(names, " "))
		if err != nil {
			return err
		}
		if got := strings.Join(names, " "); got != "part0 part1 part2" {
			return fmt.Errorf("gathered %s", got)
		}
		return call.Emit(events.FeaturesBuiltData{Dataset: events.Dataset{Manifest: ref}})
	})
	add("effect", events.FeaturesBuilt, events.ModelRegistered, true, func(ctx context.Context, call *step.Call) error {
		pause()
		v, err := call.Models().Register(ctx, "crash", step.ModelVersion{Run: events.RunOf(call.Event), Cause: call.Event.ID()})
		if err != nil {
			return err
		}
		pause()
		return call.Emit(events.ModelRegisteredData{Name: v.Name, Version: v.Version})
	})
	add("last", events.ModelRegistered, "", false, func(context.Context, *step.Call) error { pause(); return nil })
	return fs
}

const childDir = "RUNNEL_TEST_CRASH_DIR"

// TestCrashChild is the process that is killed: a node that serves HTTP in the
// folder, and says where in its first line.
func TestCrashChild(t *testing.T) {
	dir := os.Getenv(childDir)
	if dir == "" {
		t.Skip("the child of other tests")
	}
	functions, yaml := crashFunctions(), crashPipeline
	if os.Getenv(childDir+"_REAL") != "" {
		functions, yaml = all.Functions(), pipeline.DefaultYAML
	}
	p, err := pipeline.Parse("crash.yaml", strings.NewReader(yaml), functions)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(t.Context(), syscall.SIGTERM)
	defer stop()
	crashes := 5
	if os.Getenv(childDir+"_MILD") != "" {
		crashes = 1000
	}
	n, err := node.Open(ctx, dir, &node.Options{Functions: functions, AckWait: 300 * time.Millisecond, MaxCrash: crashes})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(ctx, p); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go http.Serve(l, server.New(server.Options{Node: n, Functions: functions}))
	fmt.Println("http://" + l.Addr().String())
	<-ctx.Done()
	l.Close()
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}
