package entry

import (
	"github.com/runnel-dev/runnel/runtime/guest"
	"github.com/runnel-dev/runnel/runtime/step"
)

// For names the function that the program runs. It is called in init: the main
// of a guest never runs.
func For(fn *step.Function) { guest.For(fn) }

// Main is the program's main.
func Main() {}
