// Package native runs functions in this process.
package native

import (
	"context"

	"github.com/runnel-dev/runnel/runtime/step"
)

// Host is the native host. Its zero value is ready for use.
type Host struct{}

// Name implements host.Host.
func (Host) Name() string { return "native" }

// Run implements host.Host. A function that does not heed its context holds up
// the caller until it returns.
func (Host) Run(ctx context.Context, fn *step.Function, inv step.Invocation, env step.Env) (step.Result, error) {
	return fn.Run(ctx, inv, env)
}
