// Package host is the interface of what runs functions: in this process, in a
// WASM runtime, on AWS. A host answers with the same events and the same bytes
// as every other.
package host

import (
	"context"

	"github.com/runnel-dev/runnel/runtime/step"
)

// A Host runs functions. It is safe for concurrent use.
type Host interface {
	// Name is what pipelines call the host.
	Name() string
	// Run executes the function once. Its errors carry a class; see step.ClassOf.
	Run(ctx context.Context, fn *step.Function, inv step.Invocation, env step.Env) (step.Result, error)
}
