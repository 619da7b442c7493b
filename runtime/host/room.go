package host

import (
	"context"
	"errors"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
)

// A Warmer is a host that can make ready for a function before there is an event
// for it.
type Warmer interface {
	// Warm makes ready for calls of the function with so much memory; see
	// step.Invocation. open reads an artifact, such as the function's module.
	Warm(ctx context.Context, fn *step.Function, memory int64, open Opener) error
}

// An Opener opens an artifact for reading.
type Opener func(ctx context.Context, ref events.Ref) (step.Blob, error)

// An Admitter is a host that has room for so many functions at once. To wait for
// room is no part of an execution: its time begins after.
type Admitter interface {
	// Admit waits until there is room for the function, or ctx ends; ErrFull is the
	// reason of one that waits no longer. Run uses the room that its context has;
	// see WithRoom.
	Admit(ctx context.Context, fn *step.Function, memory int64) (Room, error)
}

// ErrFull is the reason where a host has no room for now.
var ErrFull = errors.New("the host has no room")

// A Room is a place in a host, for one call.
type Room interface {
	// Leave gives the place up.
	Leave()
}

type roomKey struct{}

// WithRoom gives a call its place.
func WithRoom(ctx context.Context, r Room) context.Context {
	return context.WithValue(ctx, roomKey{}, r)
}

// RoomOf is the place that a call was given; nil: none.
func RoomOf(ctx context.Context) Room {
	r, _ := ctx.Value(roomKey{}).(Room)
	return r
}
