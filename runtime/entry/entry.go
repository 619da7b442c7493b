//go:build !wasip1

package entry

import (
	"github.com/runnel-dev/runnel/runtime/host/lambda/serve"
	"github.com/runnel-dev/runnel/runtime/step"
)

// function is that of the program. A program is one function, and says so in an
// init: a guest has no other place.
var function *step.Function

// For says which function the program is.
func For(fn *step.Function) { function = fn }

// Main runs the function as an AWS Lambda on provided.al2023. It does not return.
func Main() { serve.Main(function) }
