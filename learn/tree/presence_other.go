//go:build !amd64

package tree

// fastPresence says whether the processor has what findFast takes: none here.
func fastPresence() bool { return false }

func findFast(*found, *group, []uint32, []uint32, *slots) int { return 0 }
