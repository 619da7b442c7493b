package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
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

// descendants are the processes that one has started, and those that they have,
// by what they were started as.
func descendants(pid int, each func(pid int, argv []string)) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // a good pattern
	for _, file := range tasks {
		b, _ := os.ReadFile(file) // a thread that has ended has no children
		for field := range strings.FieldsSeq(string(b)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				continue
			}
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child)) // it may have ended
			each(child, strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00"))
			descendants(child, each)
		}
	}
}
