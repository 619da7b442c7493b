//go:build reactor

package main

//go:wasmexport runnel_run
func run() int32 {
	calls++
	return int32(do())
}
