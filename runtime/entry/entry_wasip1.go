// Package entry makes a program of one function. The same main is the function's
// guest for a WASM host where it is built for wasip1, and its AWS Lambda
// elsewhere:
//
//	package main
//
//	import (
//		"github.com/runnel-dev/runnel/functions/clean"
//		"github.com/runnel-dev/runnel/runtime/entry"
//	)
//
//	func init() { entry.For(clean.Function) }
//
//	func main() { entry.Main() }
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
