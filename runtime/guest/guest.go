// Package guest makes a WASM guest of a function written in Go. The program is
// built for WASI as a reactor; docs/guest-abi.md describes what it and its host
// say to each other, and none of that is seen by the function:
//
//	package main
//
//	import (
//		"github.com/runnel-dev/runnel/runtime/guest"
//		"github.com/runnel-dev/runnel/runtime/step"
//	)
//
//	var zscore = step.New("zscore", handle, step.Accepts(...), step.Emits(...))
//
//	func init() { guest.For(zscore) }
//
//	func main() {} // never runs in a reactor
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags "-s -w" -o zscore.wasm .
//
// A guest has one thread. What a function does in goroutines is done one after
// the other; one that is still running when the function returns goes on in the
// next call, if there is one.
package guest

import (
	"fmt"

	"github.com/runnel-dev/runnel/runtime/step"
)

var functions = map[string]*step.Function{} // filled by init functions, then only read

// For names a function that this guest runs. It is called in an init function:
// once, or once for each of several functions with names of their own.
func For(fn *step.Function) {
	if functions[fn.Name] != nil {
		panic(fmt.Sprintf("guest: two functions have the name %s", fn.Name))
	}
	functions[fn.Name] = fn
}

// find is the function of that name; the only one goes by every name, so that a
// step's file may be called as its owner likes.
func find(name string) (*step.Function, error) {
	if fn := functions[name]; fn != nil {
		return fn, nil
	}
	if len(functions) == 1 {
		for _, fn := range functions {
			return fn, nil
		}
	}
	return nil, fmt.Errorf("this guest has no function %q: name it with guest.For in an init function", name)
}
