// Command trial is the function trial as a program of its own: an AWS Lambda, or a
// WASI guest where it is built for wasip1. See package entry.
package main

import (
	"github.com/runnel-dev/runnel/functions/tune"
	"github.com/runnel-dev/runnel/runtime/entry"
)

func init() { entry.For(tune.Trial) } // a guest that is a reactor has no main

func main() { entry.Main() }
