package main

import "fmt"

//go:wasmimport wasi_snapshot_preview1 fd_renumber
func fdRenumber(from, to int32) uint32

// renumber gives a file the number 2,000,000,000.
func renumber(invocation) (any, error) {
	if errno := fdRenumber(0, 2_000_000_000); errno != 58 {
		return nil, fmt.Errorf("errno %d", errno)
	}
	return answer("all is well"), nil
}
