package main

import (
	"fmt"
	"os"
	"strings"
)

// resident is what a process has in memory, in bytes, pages of its program that
// others share left out; 0 where that is not known.
func resident(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	sum := int64(0)
	for line := range strings.Lines(string(b)) {
		var kib int64
		if name, rest, ok := strings.Cut(line, ":"); ok && strings.HasPrefix(name, "Private_") {
			if _, err := fmt.Sscan(rest, &kib); err == nil {
				sum += kib << 10
			}
		}
	}
	return sum
}
