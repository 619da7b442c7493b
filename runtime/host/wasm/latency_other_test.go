//go:build !linux

package wasm

const parentOf = "RUNNEL_TEST_PARENT"

func parent() int { return 1 }
