//go:build unix && !linux

package sandbox

const noReserve = 0 // it is so by itself
