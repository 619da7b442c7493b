package step

import (
	"context"
	"errors"
	"fmt"
)

// A Class says what is to be done about an error.
type Class string

// The classes of errors. An error of no class is permanent: a pure function
// that failed once fails again.
const (
	ClassPermanent Class = "permanent" // bad input or params: never retried
	ClassRetryable Class = "retryable" // the world was at fault: retried with backoff
	ClassTimeout   Class = "timeout"   // the step's time limit passed: retried, fewer times
	ClassPoison    Class = "poison"    // the worker died while at it: retried, fewer times
	ClassGate      Class = "gate"      // a threshold was missed: the chain stops here, and nothing is wrong
)

// An Error is an error with a class.
type Error struct {
	Class  Class
	Err    error
	Detail string // such as a stack trace; may be empty
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Permanent marks an error that retrying does not mend.
func Permanent(err error) error { return &Error{Class: ClassPermanent, Err: err} }

// Retryable marks an error that may pass.
func Retryable(err error) error { return &Error{Class: ClassRetryable, Err: err} }

// GateFailed stops the chain: what was asked of the model was not reached.
func GateFailed(format string, args ...any) error {
	return &Error{Class: ClassGate, Err: fmt.Errorf(format, args...)}
}

// ClassOf is the class of an error. A deadline that passed is a timeout; a
// cancellation is retryable, since it came from outside.
func ClassOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok { // errors.As would link reflection for it
		return e.Class
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return ClassTimeout
	case errors.Is(err, context.Canceled):
		return ClassRetryable
	}
	return ClassPermanent
}
