// Package probe is a function that does what it is told, for the tests that
// every host passes.
package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Params say what the function does.
type Params struct {
	Do     string `json:"do" default:"echo" enum:"echo,nothing,emit,set,mixed,permanent,retryable,gate,wrapped,panic,undeclared,large,slow,loop,alloc,churn,read,open,table,copy,progress,put,notes"`
	N      int    `json:"n" default:"1" doc:"how often, how much"`
	Text   string `json:"text"`
	Digest string `json:"digest" doc:"of an artifact to read, beside those of the event"`
	Size   int64  `json:"size"`
}

// Function is the function.
var Function = step.New("probe", handle,
	step.Doc("Does what it is told."),
	step.Accepts(events.DatasetIngested, events.ObjectCreated),
	step.Emits(events.DatasetCleaned, events.DatasetExplored))

// Seen is what the function was given, as it says with echo.
type Seen struct {
	Event   string         `json:"event"`
	Data    string         `json:"data"`
	Set     []string       `json:"set"`
	From    events.Emitter `json:"from"`
	Params  Params         `json:"params"`
	Seed    uint64         `json:"seed"`
	Time    time.Time      `json:"time"`
	Attempt int            `json:"attempt"`
}

func handle(ctx context.Context, call *step.Call, p Params) error {
	switch p.Do {
	case "nothing":
		return nil
	case "permanent":
		return errors.New(p.Text)
	case "retryable":
		return step.Retryable(errors.New(p.Text))
	case "gate":
		return step.GateFailed("%s", p.Text)
	case "wrapped":
		return fmt.Errorf("around it: %w", &step.Error{Class: step.ClassRetryable, Err: errors.New(p.Text), Detail: "the detail"})
	case "panic":
		panic(p.Text)
	case "loop":
		for spin := uint64(1); ; spin = spin*3 + 1 {
			if spin == 0 {
				return nil
			}
		}
	case "slow":
		return slow(ctx, time.Duration(p.N)*time.Millisecond)
	case "alloc":
		return alloc(call, p.N)
	case "churn":
		return churn(call, p.N)
	case "notes":
		for i := range p.N {
			call.Note("%s %d", p.Text, i)
		}
		return nil
	case "progress":
		for i := range p.N {
			call.Progress(int64(i+1), int64(p.N), p.Text)
		}
		return nil
	}
	return reading(ctx, call, p)
}

func reading(ctx context.Context, call *step.Call, p Params) error {
	ref := events.Ref{Digest: p.Digest, Size: p.Size, MediaType: events.MediaBytes}
	switch p.Do {
	case "read":
		b, err := call.Bytes(ctx, ref)
		call.Note("%d bytes", len(b))
		return err
	case "put":
		for i := range p.N {
			if _, err := call.PutBytes(ctx, fmt.Sprintf("part-%d", i), events.MediaBytes, []byte(strings.Repeat(p.Text, i))); err != nil {
				return err
			}
		}
		return nil
	case "open": // copies the artifact, a piece at a time
		in, err := events.Data[events.ObjectCreatedData](call.Event)
		if err != nil {
			return err
		}
		b, err := call.Open(ctx, in.Content)
		if err != nil {
			return err
		}
		defer b.Close()
		_, err = call.Put(ctx, "copy", in.Content.MediaType, struct{ io.Reader }{step.ReaderOf(b)})
		return err
	}
	return emitting(ctx, call, p)
}

func emitting(ctx context.Context, call *step.Call, p Params) error {
	ds := events.Dataset{Name: p.Text}
	cleaned := func(i int) events.Payload {
		return events.DatasetCleanedData{Raw: ds, Notes: []string{fmt.Sprintf("%s %d <&>", p.Text, i)}}
	}
	switch p.Do {
	case "echo":
		return echo(ctx, call, p)
	case "emit":
		for i := range p.N {
			if err := call.Emit(cleaned(i)); err != nil {
				return err
			}
		}
		return nil
	case "set", "mixed":
		var members []events.Payload
		for i := range p.N {
			members = append(members, cleaned(i))
		}
		if p.Do == "mixed" {
			if err := call.Emit(events.DatasetExploredData{Dataset: ds}); err != nil {
				return err
			}
		}
		if err := call.EmitSet(members...); err != nil {
			return err
		}
		return call.Emit(events.DatasetExploredData{Dataset: ds, Alerts: 1})
	case "undeclared":
		return call.Emit(events.StepFailedData{})
	case "large":
		return call.Emit(events.DatasetCleanedData{Notes: []string{strings.Repeat("x", p.N)}})
	case "copy", "table":
		return copyTable(ctx, call, p)
	}
	return fmt.Errorf("no such thing to do: %s", p.Do)
}

func echo(ctx context.Context, call *step.Call, p Params) error {
	seen := Seen{Event: call.Event.ID(), Data: string(call.Event.Data()), From: call.From, Params: p, Seed: call.Seed, Time: call.Time, Attempt: call.Attempt}
	for _, e := range call.Set {
		seen.Set = append(seen.Set, e.Type()+" "+events.Extension(e, events.SetIndex)+" "+string(e.Data()))
	}
	_, err := call.PutJSON(ctx, "seen", events.MediaJSON, seen)
	return err
}

// copyTable passes a dataset through: whole, or of the table only its first part.
func copyTable(ctx context.Context, call *step.Call, p Params) error {
	in, err := events.Data[events.DatasetIngestedData](call.Event)
	if err != nil {
		return err
	}
	m, err := call.Manifest(ctx, in.Dataset)
	if err != nil {
		return err
	}
	if p.Do == "table" {
		t, err := call.Table(ctx, m.Parts[0].Table)
		if err != nil {
			return err
		}
		call.Rows(int64(t.Rows()))
		_, err = call.PutTable(ctx, "copy", t)
		return err
	}
	t, split, err := call.Dataset(ctx, in.Dataset)
	if err != nil {
		return err
	}
	out, err := call.PutDataset(ctx, "copy", t, split, in.Dataset)
	if err != nil {
		return err
	}
	call.Rows(out.Rows)
	return call.Emit(events.DatasetCleanedData{Raw: in.Dataset, Dataset: out})
}

// slow computes for so long, and looks at its context now and then.
func slow(ctx context.Context, long time.Duration) error {
	until := time.Now().Add(long)
	for spin := uint64(1); time.Now().Before(until); {
		for range 100_000 {
			spin = spin*6364136223846793005 + 1442695040888963407
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("after %d: %w", spin%10, err)
		}
	}
	return ctx.Err()
}

// alloc takes so many MiB of memory and touches them.
func alloc(call *step.Call, mib int) error {
	var held [][]byte
	for range mib {
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		held = append(held, b)
	}
	call.Note("%d MiB", len(held))
	return nil
}

// churn holds so many MiB of memory and lets go of eight times as many.
func churn(call *step.Call, mib int) error {
	held := make([][]byte, mib)
	for i := range 9 * mib {
		b := make([]byte, 1<<20)
		b[i%len(b)] = 1
		held[i%mib] = b
	}
	call.Note("%d MiB", len(held))
	return nil
}
