//go:build !wasip1

package sorting

const compact = false
