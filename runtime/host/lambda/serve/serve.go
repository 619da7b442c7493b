// Package serve answers the invocations of a function that runs as an AWS
// Lambda: messages of its step's queue, events of EventBridge, and direct ones.
package serve

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Main runs the function until Lambda ends the process.
func Main(fn *step.Function) {
	lambda.Start(func(ctx context.Context, payload json.RawMessage) (step.Result, error) {
		var inv abi.Invocation
		if err := json.Unmarshal(payload, &inv); err != nil {
			return step.Result{}, err
		}
		return fn.Run(ctx, step.Invocation{Event: inv.Event, Set: inv.Set, Params: inv.Params, Seed: inv.Seed, Time: inv.Time, Attempt: inv.Attempt}, nil)
	})
}
