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

// An Identifier is a host whose functions' code is not that of this program.
type Identifier interface {
	// Identify names the code that the function would be run by, such as the
	// digest of a module: a result that other code gave is not reused. Where there
	// is none, the error says how to get it.
	Identify(ctx context.Context, fn *step.Function) (code string, err error)
}
