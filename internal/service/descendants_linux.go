package service

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Descendants are the processes that one has started, and those that they have,
// with what they were started as. On other systems than Linux there are none.
func Descendants(pid int, each func(pid int, argv []string)) {
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
			Descendants(child, each)
		}
	}
}
