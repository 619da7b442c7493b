// Command guest is the function probe as a program: a WASM guest, or what else
// package entry makes of it.
package main

import (
	"github.com/runnel-dev/runnel/runtime/entry"
	"github.com/runnel-dev/runnel/runtime/host/hosttest/probe"
)

func init() { entry.For(probe.Function) }

func main() { entry.Main() }
